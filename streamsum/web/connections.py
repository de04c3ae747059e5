"""A client's connection: uvicorn's over h11, fit for clients that take nothing, dribble, send ahead, or send on."""

import asyncio
import socket
import struct
from typing import ClassVar

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamsum.web.patience import Patience

# What a client has not taken waits in the kernel too, where a connection may have megabytes by itself and no limit of
# ours counts them. The kernel doubles the figure; a whole summary is rarely more.
SEND_BUFFER_BYTES = 32 * 1024

# SO_LINGER, on, 0 seconds: closing throws away what waits in the kernel, which would else keep it for minutes.
_AT_ONCE = struct.pack("ii", 1, 0)

# h11 bounds a request's head only where it comes in several reads, and a read may have 256 KiB: we make them smaller.
MAX_READ_BYTES = 16 * 1024

# What a client may have sent ahead of its answer while we still look out for its leaving: a next request's head.
MAX_AHEAD_BYTES = 16 * 1024


class Connection(H11Protocol):
    """Aborted when bytes wait in our memory for `blocked_s` and none of them is taken: else they, and the socket, would
    stay for ever, since a transport that is closed flushes first. Closed when a request's head takes `head_s`, or what
    is left of a body that was answered already.
    """

    blocked_s: ClassVar[float] = Patience().blocked_s
    head_s: ClassVar[float] = Patience().head_s

    _waiting_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _head_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Blocked means: something waits at all. So a stream never has more than one write in memory."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # asyncio sets it only on sockets that know their protocol's number, and those of a listener made by
        # `socket.create_server` do not: a frame would wait 40 ms for the receipt of the one before (RFC 896, RFC 1122).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._time_head(is_open=True)

    @override
    def data_received(self, data: bytes) -> None:
        """Read on when the next request is here already: uvicorn stops, and then nobody sees the client leave."""
        for begin in range(0, len(data), MAX_READ_BYTES):
            if self.transport.is_closing():  # what came so far was answered by hanging up
                return
            if self.conn.our_state is h11.CLOSED:  # the answer is out, and this is what was left of its body
                return
            if self.conn.their_state is h11.MUST_CLOSE:  # it was its last request: the rest is none (RFC 9112, 9.6)
                return
            super().data_received(data[begin : begin + MAX_READ_BYTES])
        self._time_head(is_open=self._is_owed)
        is_ahead = self.flow.read_paused and self.conn.their_state is h11.DONE
        if is_ahead and len(self.conn.trailing_data[0]) <= MAX_AHEAD_BYTES:
            self.flow.resume_reading()

    @override
    def handle_events(self) -> None:
        """Of an answer that ends its connection, nothing is to be lost."""
        super().handle_events()
        if self.cycle is not None:
            self.cycle.transport = _InStages(self.transport, self.conn)

    @override
    def send_400_response(self, msg: str) -> None:
        """Hang up where an answer has begun: there is no place for another, and h11 raises."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    @override
    def pause_writing(self) -> None:
        """Something waits."""
        super().pause_writing()
        self._look_again()

    @override
    def resume_writing(self) -> None:
        """Nothing waits."""
        super().resume_writing()
        self._forget()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing to wait for."""
        super().connection_lost(exc)
        self._forget()
        self._time_head(is_open=False)

    @property
    def _socket(self) -> socket.socket:
        own: socket.socket = self.transport.get_extra_info("socket")
        return own

    @property
    def _is_owed(self) -> bool:
        """Is it the client's turn? uvicorn times that from an answer's end until a byte comes, and not after."""
        is_read_off = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        return is_read_off or self.conn.their_state is h11.IDLE

    def _time_head(self, *, is_open: bool) -> None:
        """It is the client's turn, or not any more."""
        if not is_open and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        elif is_open and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_s, self.transport.close)

    def _look_again(self) -> None:
        self._waiting_bytes = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(self.blocked_s, self._judge)

    def _judge(self) -> None:
        if self.transport.get_write_buffer_size() < self._waiting_bytes:
            self._look_again()
        else:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _InStages(asyncio.Transport):
    """What an answer is written to. Closed while its request's body still comes, it says so, and what comes is read off
    until the client has gone or uvicorn's keep-alive time is over: bytes that nobody has read make the kernel reset the
    connection, and the client loses the answer (RFC 9112, section 9.6).
    """

    def __init__(self, transport: asyncio.Transport, conn: h11.Connection) -> None:
        self._transport = transport
        self._conn = conn

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def close(self) -> None:
        is_over = self._conn.our_state is h11.CLOSED
        if is_over and self._conn.their_state is h11.SEND_BODY and self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()
