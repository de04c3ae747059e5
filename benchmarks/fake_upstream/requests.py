"""Bytes in, whole HTTP/1.1 requests out, within bounds; no I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11

# As uvicorn's h11 server; no client of a model sends more.
MAX_HEAD_BYTES = 64 * 1024
# A source of 1 MiB, escaped and wrapped in a prompt, has room to spare.
MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object, or `None` if it is anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


class BadRequestError(Exception):
    """What came in is not a request that we serve; `code` is the status to answer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.code = code


class RequestReader:
    """Bytes in, whole requests out."""

    def __init__(self) -> None:
        self._next_request(b"")

    def _next_request(self, rest: bytes) -> None:
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._head: h11.Request | None = None
        self._body = bytearray()
        if rest:
            self._http.receive_data(rest)

    @property
    def wants_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return self._http.they_are_waiting_for_100_continue

    def receive(self, data: bytes) -> Request | None:
        """The request that these bytes complete, if any; `receive(b"")` looks for one in what is left over."""
        try:
            if data:
                self._http.receive_data(data)
            return self._read()
        except h11.RemoteProtocolError as error:
            raise BadRequestError(error.error_status_hint) from error

    def _read(self) -> Request | None:
        while (event := self._http.next_event()) is not h11.NEED_DATA:
            match event:
                case h11.Request():
                    self._head = event
                    self._check_head(event)
                case h11.Data():
                    self._body += event.data
                    if len(self._body) > MAX_BODY_BYTES:
                        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                case _:
                    return self._finish_request()
        return None

    def _check_head(self, head: h11.Request) -> None:
        if sum(len(name) + len(value) for name, value in head.headers) + len(head.target) > MAX_HEAD_BYTES:
            raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if head.http_version != b"1.1":
            raise BadRequestError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)

    def _finish_request(self) -> Request | None:
        if (head := self._head) is None:
            return None
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        keep_alive = "close" not in headers.get("connection", "").lower()
        path = head.target.decode("latin-1").partition("?")[0]
        request = Request(head.method.decode("latin-1"), path, headers, bytes(self._body), keep_alive)
        self._next_request(self._http.trailing_data[0])
        return request
