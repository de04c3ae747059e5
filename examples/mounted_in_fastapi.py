"""streamsum inside an app of your own, beside your own routes: here FastAPI's.

    uvicorn --app-dir examples mounted_in_fastapi:app

Everything of streamsum is then below /summaries: POST /summaries/v1/summaries, GET /summaries/stream?q=…, …
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Query

from streamsum import create_app, lifespan, summarize

summaries = create_app()  # reads the settings from the environment


@asynccontextmanager
async def own_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """A mounted app's lifespan never runs by itself: whoever mounts it enters it."""
    async with lifespan(summaries):
        yield


app = FastAPI(lifespan=own_lifespan)
app.mount("/summaries", summaries)


@app.get("/headlines")
async def headlines(text: Annotated[str, Query(min_length=1)]) -> list[str]:
    """A route of your own, with bullets but without a stream."""
    async with summarize(text, max_bullets=3) as events:
        return [event.text async for event in events if event.type == "bullet"]
