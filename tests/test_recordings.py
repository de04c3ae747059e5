"""Real servers' streams, and their quirks written by hand: what comes out, for every cut, and how it ends."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import openai
import pytest

from benchmarks.fake_upstream import FakeUpstream, Raw
from streamsum.core.passes import Cause
from streamsum.upstream.answers import AnswerDecoder
from streamsum.upstream.chunks import ChunkDecoder
from streamsum.upstream.openai import OpenAIUpstream
from streamsum.upstream.responses import ResponseDecoder
from streamsum.upstream.transport import Transport, http_client
from tests import invariants
from tests.playing import finish, outline, play
from tests.recorded import RECORDINGS, Recorded, all_streams, recordings, reframed
from tests.servers import Served, served

pytestmark = pytest.mark.slow

STREAMS = all_streams()
CUTS = (1, 7, 64, 4096)
# With our document in them, longer streams are not read byte by byte: it is the same framing as before.
LONG = 16 * 1024

BULLETS = [
    'The lead of "Ænima" said: "We ship in spring, at 9.50 €\\unit"; nobody in 東京 was surprised. 🎉👩‍🚀',
    "Costs fell by 12 % to $4,000 {net} [gross], </think> while ```json``` fences, data: lines and \\n stayed as is.",
    "Третий факт из текста: 10^6 сообщений в секунду, and not one of them was lost on its way to the other side.",
    "The fourth one is plain, and only there so that each of the four hundred deltas of the longest has a share.",
]
DOCUMENT = json.dumps({"bullets": BULLETS}, ensure_ascii=False)

FINISHES = {
    Cause.STOP: "output_invalid",
    Cause.LENGTH: "length",
    Cause.FILTER: "content_filter",
    Cause.CUT: "upstream_truncated",
    Cause.ERROR: "upstream_error",
    Cause.REFUSAL: "refusal",
}
# Cut by their length, and with a whole document of another kind in a fence before that.
OTHER_DOCUMENTS = {
    "openai/openai-chat-completions-post-3f27d542-8c667e",
    "openai/openai-chat-completions-post-ddb692c6-86b2c7",
}

every_stream = pytest.mark.parametrize("recorded", STREAMS, ids=lambda recorded: recorded.name)


def decoder_of(recorded: Recorded) -> AnswerDecoder:
    return ChunkDecoder() if recorded.wire == "chat" else ResponseDecoder()


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


@pytest.mark.skipif(not RECORDINGS.exists(), reason="no ../shared/recordings beside the project: only their quirks")
def test_all_recordings_are_read() -> None:
    """The other tests have something to look at."""
    assert [sum(each.wire == wire for each in recordings()) for wire in ("chat", "responses")] == [73, 17]


@every_stream
def test_its_content_and_its_end(recorded: Recorded) -> None:
    """As the index says, for every cut and for the recorded reads."""
    for reads in [
        [recorded.stream],
        *(cut(recorded.stream, size) for size in CUTS),
        recorded.cuts or [recorded.stream],
    ]:
        answer = decoder_of(recorded)
        text = "".join(map(answer.feed, reads))
        assert hashlib.sha256(text.encode()).hexdigest() == recorded.digest
        assert (answer.end().cause, answer.end().finish_reason) == (recorded.cause, recorded.reason)


@every_stream
def test_our_document_in_its_frames(recorded: Recorded) -> None:
    """Exactly the bullets, for every cut: what surrounds a text changes nothing of it."""
    stream = reframed(recorded, DOCUMENT)
    if stream is None:
        assert recorded.digest == hashlib.sha256(b"").hexdigest(), "no content in it"
        return
    for size in CUTS[len(stream) > LONG :]:
        answer = decoder_of(recorded)
        # Empty ones too: an upstream gives them as a sign of life.
        texts = [answer.feed(read) for read in cut(stream, size)]
        assert "".join(texts) == DOCUMENT
        events, last = play(texts, answer.end().cause)
        assert outline(events) == BULLETS
        assert finish(last) == "complete"


@asynccontextmanager
async def serving(recorded: Recorded, reads: Sequence[bytes]) -> AsyncIterator[Served]:
    """The service, on a server that answers like this, in these pieces."""
    async with FakeUpstream(tuple(map(Raw, reads))) as model:
        client = openai.AsyncOpenAI(
            api_key="sk-none", base_url=model.base_url, http_client=http_client(Transport(streams=1))
        )
        upstream = OpenAIUpstream(client, model="recorded", wire=recorded.wire)
        async with aclosing(upstream), served(upstream) as it:
            yield it
            assert model.calls[0].path == {"chat": "/v1/chat/completions", "responses": "/v1/responses"}[recorded.wire]


@every_stream
async def test_how_a_summary_of_it_ends(recorded: Recorded) -> None:
    """None of them is a summary: each ends, over HTTP, as the contract says for its own end."""
    async with serving(recorded, recorded.cuts or [recorded.stream]) as it:
        response = await it.client.post("/v1/summaries", json={"text": "A source."})
    if response.status_code == 200:
        received = invariants.check(response.content)
        told = received.finish.removeprefix("failed:")
        assert received.bullets == []
    else:
        assert response.status_code == 502
        told = response.json()["code"]
    assert told == ("output_invalid" if recorded.name in OTHER_DOCUMENTS else FINISHES[recorded.cause])


@every_stream
async def test_a_summary_in_its_frames(recorded: Recorded) -> None:
    """Over HTTP: exactly the bullets, and whatever comes after the document is no news."""
    if not (stream := reframed(recorded, DOCUMENT)):
        return
    async with serving(recorded, [stream]) as it:
        response = await it.client.post("/v1/summaries", json={"text": "A source."})
        received = invariants.check(response.content, elements=BULLETS)
    assert received.bullets == BULLETS
    assert received.finish == "complete"
