"""Sends one request and listens to its stream: the one place that speaks HTTP."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from benchmarks.load.outcome import INTERRUPTED, Outcome
from benchmarks.load.stream import SummaryStream, code_of
from benchmarks.load.target import Target
from benchmarks.load.texts import Text

# A body of an error is a problem of some hundred bytes; more is not ours, and not worth reading.
MAX_PROBLEM_BYTES = 64 * 1024
# A stream of 50 bullets of 1,000 characters, previews included, is far below; an endless one must not fill a disk.
MAX_STREAM_BYTES = 16 << 20

# uvicorn drops an idle connection after 5 s; one that is used again just then would be lost, and no fault of anyone's.
_KEEP_ALIVE_S = 2.0


class Client:
    """Sends the texts in turn to one target.

    `fields` go into each body beside `text`. With `tagged` each text begins with its outcome's tag, by which a fake
    upstream's journal knows it. `timeout_s` is for a whole request, from its scheduled start.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        target: Target,
        texts: Sequence[Text],
        *,
        fields: Mapping[str, Any],
        tagged: bool,
        timeout_s: float,
    ) -> None:
        self._session = session
        self._target = target
        self._texts = texts
        # Encoded once: at full speed a source of 20,000 characters a request would be most of the generator's work.
        self._bodies = [_body_around(each.text, fields) for each in texts]
        self._tagged = tagged
        self._timeout_s = timeout_s
        self._run = secrets.token_hex(4)
        self._loop = asyncio.get_running_loop()

    def new(self, number: int, scheduled_at: float, *, measured: bool) -> Outcome:
        """The outcome to be, of a request that has not been sent; its tag is of this client alone."""
        text = self._texts[number % len(self._texts)].name
        tag = f"{self._run}{number:08x}"
        return Outcome(number=number, tag=tag, text=text, scheduled_at=scheduled_at, measured=measured)

    async def send(self, outcome: Outcome, place: asyncio.Semaphore) -> None:
        """Send it as soon as there is a place, listen to the end, and note everything; raises nothing of its own."""
        try:
            async with asyncio.timeout_at(outcome.scheduled_at + self._timeout_s), place:
                outcome.waited = self._since(outcome)
                await self._listen(outcome)
        except TimeoutError:
            outcome.error = "not_sent" if outcome.waited is None else "timeout"
        except aiohttp.ClientConnectorError:
            outcome.error = "not_connected"
        except (aiohttp.ClientError, OSError):
            outcome.error = "disconnected"
        except asyncio.CancelledError:
            outcome.error = INTERRUPTED  # though what had come of its stream was right
            raise
        finally:
            outcome.total = self._since(outcome)

    async def _listen(self, outcome: Outcome) -> None:
        async with self._session.post(
            self._target.summaries,
            data=self._body(outcome),
            headers={"Idempotency-Key": outcome.tag},
            allow_redirects=False,
        ) as response:
            outcome.status, outcome.headers = response.status, self._since(outcome)
            if response.status == 200 and response.content_type == "text/event-stream":
                await self._follow(response, outcome)
            else:
                outcome.error = await _problem(response)

    async def _follow(self, response: aiohttp.ClientResponse, outcome: Outcome) -> None:
        stream = SummaryStream()
        try:
            async for read in response.content.iter_any():
                outcome.bytes += len(read)
                stream.receive(read, self._since(outcome))
                if outcome.bytes > MAX_STREAM_BYTES:
                    stream.error = stream.error or "endless_stream"
                    break
            stream.close()
        except (aiohttp.ClientError, OSError):
            stream.close()
            stream.error = stream.error or "unclean_end"
        finally:
            _note(stream, outcome)

    def _body(self, outcome: Outcome) -> bytes:
        before, after = self._bodies[outcome.number % len(self._bodies)]
        tag = f"load-test-{outcome.tag}\\n\\n".encode() if self._tagged else b""
        return before + tag + after

    def _since(self, outcome: Outcome) -> float:
        return self._loop.time() - outcome.scheduled_at


@asynccontextmanager
async def session_for(target: Target) -> AsyncIterator[aiohttp.ClientSession]:
    """As many connections as are asked for at once, none of the environment's proxies, no time-out but our own."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S)
    timeout = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=target.headers) as session:
        yield session


async def is_alive(session: aiohttp.ClientSession, target: Target, *, within_s: float = 5.0) -> bool:
    """Does anybody answer there? What, does not matter: a proxy may keep the health route to itself."""
    try:
        async with asyncio.timeout(within_s), session.get(target.alive, allow_redirects=False):
            return True
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def _body_around(text: str, fields: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The body as JSON, cut where the text begins: what is put there is a part of the text."""
    quoted = json.dumps(text)[1:]
    others = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    return b'{"text": "', f"{quoted}{others}}}".encode()


async def _problem(response: aiohttp.ClientResponse) -> str:
    body = await response.content.read(MAX_PROBLEM_BYTES)
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    return code_of(problem, f"http_{response.status}")


def _note(stream: SummaryStream, outcome: Outcome) -> None:
    outcome.first_event = stream.first_event_at
    outcome.bullets, outcome.elements, outcome.rejected = stream.bullets_at, stream.elements, stream.rejected
    outcome.finish, outcome.ended, outcome.error = stream.finish, stream.ended, stream.error
