"""The OpenAI SDK's `.stream()` helper, which parses the text so far at each delta.

Documentation: openai-python, helpers.md, "Chat Completions Events": `content.delta` has what could be parsed so far,
`content.done` the validated whole. An item is known to be complete when the next one has begun, the last at the end.
"""

import json
import os
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel


class Question(BaseModel):
    """What a client sends."""

    text: str
    max_bullets: int


class Bullet(BaseModel):
    """One item."""

    text: str


class Summary(BaseModel):
    """The whole."""

    bullets: list[Bullet]


app = FastAPI()
client = AsyncOpenAI()


@app.post("/summaries")
async def summaries(question: Question) -> StreamingResponse:
    """Answer with an event an item."""
    return StreamingResponse(stream(question), media_type="text/event-stream")


async def stream(question: Question) -> AsyncIterator[str]:
    """A frame for each item that is complete."""
    told = 0
    async with client.chat.completions.stream(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": f"Summarise in {question.max_bullets} bullets."},
            {"role": "user", "content": question.text},
        ],
        response_format=Summary,
    ) as events:
        async for event in events:
            if event.type == "content.delta" and isinstance(event.parsed, dict):
                items = event.parsed.get("bullets", [])[told:-1]
                bullets = [Bullet.model_validate(item) for item in items]
            elif event.type == "content.done" and event.parsed is not None:
                bullets = event.parsed.bullets[told:]
            else:
                continue
            for bullet in bullets:
                told += 1
                yield f"data: {json.dumps({'type': 'bullet', 'text': bullet.text})}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
