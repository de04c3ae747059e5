"""Instructor's `create_iterable`: an item as soon as its braces balance.

Documentation: Instructor, "Streaming Lists" (Iterable): an async client, `create_iterable`, one model for one item.
`Mode.JSON_SCHEMA`, as the model answers in content and not in tool calls.
"""

import json
import os
from collections.abc import AsyncIterator

import instructor
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


app = FastAPI()
client = instructor.from_openai(AsyncOpenAI(), mode=instructor.Mode.JSON_SCHEMA)


@app.post("/summaries")
async def summaries(question: Question) -> StreamingResponse:
    """Answer with an event an item."""
    return StreamingResponse(stream(question), media_type="text/event-stream")


async def stream(question: Question) -> AsyncIterator[str]:
    """A frame for each item."""
    async for bullet in client.create_iterable(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": f"Summarise in {question.max_bullets} bullets."},
            {"role": "user", "content": question.text},
        ],
        response_model=Bullet,
    ):
        yield f"data: {json.dumps({'type': 'bullet', 'text': bullet.text})}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
