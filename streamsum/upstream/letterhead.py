"""What all requests of one client have in common, written once.

The SDK knows the provider, and builds the first request: its URL, its key, its headers. That costs four times as much
as to send it, and the next one differs in nothing but the body. So the first one is kept, without its body.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx2
import openai
from yarl import URL

from streamsum.upstream.statuses import BadStatus
from streamsum.upstream.transport import Body, Transport, transport_of

# Of one body, and written for each.
_OF_THE_BODY = {"content-length", "transfer-encoding"}


def writes_the_same(client: openai.AsyncOpenAI) -> bool:
    """Will each request of `client`, which has sent none, be like the one before?

    Not where a key is asked for each time, where requests are signed, or of a class that may do either.
    """
    return type(client) is openai.AsyncOpenAI and bool(client.api_key) and client.workload_identity is None


class Letterhead:
    """Method, URL and headers of one request, for all others."""

    def __init__(self, transport: Transport, request: httpx2.Request) -> None:
        self._transport = transport
        self._method = request.method
        self._url = URL(str(request.url), encoded=True)
        self._headers = [(name, value) for name, value in request.headers.multi_items() if name not in _OF_THE_BODY]

    @classmethod
    def of(cls, response: httpx2.Response) -> "Letterhead":
        """That of the request which this answers; it came in by our `Transport`."""
        return cls(transport_of(response), response.request)

    async def send(self, body: Mapping[str, Any]) -> Body:
        """Send `body` as JSON; entered is a 2xx. Raises BadStatus, httpx2.TransportError."""
        data = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        answer, body_of_it = await self._transport.send(self._method, self._url, self._headers, data)
        if 200 <= answer.status < 300:
            return body_of_it
        text = (await body_of_it.read_error()).decode(errors="replace")
        raise BadStatus(answer.status, text, retry_after=answer.headers.get("Retry-After"))
