"""An event stream as ASGI messages: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from collections.abc import Sequence

from starlette.types import Send

from streamsum.core import sse
from streamsum.runs.log import Entry
from streamsum.web.feed import News

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # `no-transform`: a proxy that compresses would hold events back; `X-Accel-Buffering` is nginx's word for it.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class Frames:
    """One connection's stream. Its first frame carries `retry:`; so does its end, if there was none."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._retry = sse.RETRY

    async def begin(self, location: str) -> None:
        """Status and headers."""
        headers = [*_HEADERS, (b"location", location.encode("ascii"))]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(self, id: str, batch: Sequence[News], *, last: bool = False) -> None:
        """The frames of `batch`, `last` with the end; of none, a comment: nobody is to take the silence for death."""
        if batch or last:
            await self._body(self._take_retry() + b"".join(_frame(id, news) for news in batch), more=not last)
        else:
            await self._body(sse.KEEP_ALIVE, more=True)

    async def end(self) -> None:
        """The end of the body."""
        await self._body(self._take_retry(), more=False)

    async def _body(self, body: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _take_retry(self) -> bytes:
        retry, self._retry = self._retry, b""
        return retry


def _frame(id: str, news: News) -> bytes:
    if isinstance(news, Entry):
        return sse.frame(f"{id}:{news.n}", news.event, news.data)
    return sse.frame(None, "bullet.delta", news.data)
