"""The original example: FastAPI and the synchronous OpenAI client; tokens go out as they come, validated at the end.

Documentation: FastAPI, "Custom Response": StreamingResponse with a plain generator; openai-python, "Streaming".
"""

import json
import os
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import OpenAI
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
client = OpenAI()


@app.post("/summaries")
def summaries(question: Question) -> StreamingResponse:
    """Answer with the model's text, piece by piece, and the valid items last."""
    return StreamingResponse(stream(question), media_type="text/event-stream")


def stream(question: Question) -> Iterator[str]:
    """Frames; Starlette takes each from a thread of its pool."""
    text = ""
    completion = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": f"Summarise in {question.max_bullets} bullets, as JSON."},
            {"role": "user", "content": question.text},
        ],
        response_format={"type": "json_object"},
        stream=True,
    )
    for chunk in completion:
        if chunk.choices and (delta := chunk.choices[0].delta.content):
            text += delta
            yield f"data: {json.dumps({'delta': delta})}\n\n"
    summary = Summary.model_validate_json(text)
    yield f"data: {json.dumps({'bullets': [bullet.text for bullet in summary.bullets]})}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
