"""PydanticAI's `run_stream` without debouncing: the whole validated anew, in partial mode, at each delta.

Documentation: PydanticAI, "Output", "Streaming Structured Output": `stream_output(debounce_by=None)`. An item is known
to be complete when the next one has begun, the last at the end.
"""

import json
import os
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel


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
agent = Agent(OpenAIChatModel("gpt-4o-mini"), output_type=NativeOutput(Summary))


@app.post("/summaries")
async def summaries(question: Question) -> StreamingResponse:
    """Answer with an event an item."""
    return StreamingResponse(stream(question), media_type="text/event-stream")


async def stream(question: Question) -> AsyncIterator[str]:
    """A frame for each item that is complete."""
    told = 0
    latest: list[Bullet] = []
    instructions = f"Summarise in {question.max_bullets} bullets."
    async with agent.run_stream(question.text, instructions=instructions) as result:
        async for output in result.stream_output(debounce_by=None):
            latest = output.bullets
            for bullet in latest[told:-1]:
                told += 1
                yield f"data: {json.dumps({'type': 'bullet', 'text': bullet.text})}\n\n"
    for bullet in latest[told:]:
        yield f"data: {json.dumps({'type': 'bullet', 'text': bullet.text})}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
