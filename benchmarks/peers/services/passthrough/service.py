"""The floor in Python: Starlette and aiohttp hand the model's bytes on as they come, and look at none of them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

URL = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
HEADERS = {"Content-Type": "application/json"}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """One session for all: its connections are kept."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app.state.session = session
        yield


async def summaries(request: Request) -> StreamingResponse:
    """Hand on the request's body, and then the answer's."""
    body = await request.body()

    async def relay() -> AsyncIterator[bytes]:
        async with request.app.state.session.post(URL, data=body, headers=HEADERS) as reply:
            async for piece in reply.content.iter_any():
                yield piece

    return StreamingResponse(relay(), media_type="text/event-stream")


app = Starlette(routes=[Route("/summaries", summaries, methods=["POST"])], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
