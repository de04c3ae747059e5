"""Asking again: only for what was withheld, and never to a summary's harm."""

import asyncio
import json

import pytest

from benchmarks.fake_upstream import (
    Content,
    Done,
    FakeUpstream,
    Finish,
    Gate,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Usage,
    answer,
)
from streamsum.core.events import Bullet, BulletRejected, Event, SummaryCompleted, SummaryCreated, SummaryFailed
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End
from streamsum.core.summary import Summary
from streamsum.settings import Settings
from tests import invariants
from tests.playing import BILL, finish, outline
from tests.servers import Served, environment_for, served

SOURCE = "The tower was lit in 1698. It stood on the reef for five years, and a storm took it. Nobody was saved."
GOOD = "The tower was lit in 1698."
BAD = "The tower was lit in 1798."
LONG = (
    "A storm took it, " + ", ".join(f"and {each}" for each in ("sea", "wind", "rain", "snow", "hail", "fire") * 2) + "."
)
MENDED = "The tower stood on the reef for five years."
FAILED_AGAIN = "The tower stood for 77 years."


def document(*elements: object) -> str:
    return json.dumps({"bullets": elements})


def request(**more: object) -> SummaryRequest:
    return SummaryRequest.model_validate({"text": SOURCE, "evidence": "require", "max_bullet_chars": 120, **more})


def play(*answers: tuple[str, Cause], reask: int = 1, **more: object) -> tuple[list[Event], list[str], Summary]:
    """As a run does it, one answer a pass, as long as there is one: events, kinds of passes, and the summary."""
    summary = Summary(request(**more), reask=reask)
    events: list[Event] = []
    kinds: list[str] = []
    last = None
    for text, cause in answers:
        next_pass = summary.next_pass(last)
        if next_pass is None:
            break
        summary.begin(next_pass)
        kinds.append(next_pass.kind)
        for char in text:
            events += summary.receive_deltas(char)
            if summary.wants == "nothing":
                break
        last = End(Cause.CLOSED_BY_US if summary.wants == "nothing" else cause)
    summary.next_pass(last)
    return events, kinds, summary


def close(summary: Summary) -> SummaryCompleted | SummaryFailed:
    return summary.close(None, BILL)


def test_what_was_withheld_is_asked_for_once_more() -> None:
    """Only as many as failed; the reasons are named, and the bullets that stand are in the delimiters of the source."""
    summary = Summary(request(), reask=1)
    first = summary.next_pass(None)
    assert first
    summary.begin(first)
    events = summary.receive_deltas(document(GOOD, BAD, 7))
    assert outline(events) == [GOOD, "-unsupported_number", "-schema"]
    again = summary.next_pass(End(Cause.STOP))
    assert again
    assert (again.kind, again.wanted) == ("reask", 2)
    asked = again.prompt()
    mark = asked.user.split("BEGIN ", 1)[1].split("\n", 1)[0]
    assert mark not in first.prompt().user
    assert f"BEGIN {mark}\n- {GOOD}\nEND {mark}" in asked.user
    assert f"BEGIN {mark}\n{SOURCE}\nEND {mark}" in asked.user
    assert "Write 2 more" in asked.user
    assert (
        "Others were no good: not of the form that was asked for; with a number that is not in the text." in asked.user
    )
    assert BAD not in asked.user
    assert asked.schema["properties"]["bullets"]["maxItems"] == 2
    summary.begin(again)
    events = summary.receive_deltas(document(MENDED, GOOD))
    assert outline(events) == [MENDED, "-duplicate"]
    assert isinstance(events[0], Bullet)
    assert events[0].index == 1
    assert summary.next_pass(End(Cause.STOP)) is None
    last = close(summary)
    assert isinstance(last, SummaryCompleted)
    assert (last.finish, last.bullets, last.rejected, last.duplicates, last.repaired) == ("complete", 2, 3, 1, 1)


@pytest.mark.parametrize(
    ("answer", "cause", "kinds", "how"),
    [
        # There is something that a model can mend.
        (document(GOOD, BAD), Cause.STOP, 2, "complete"),
        (document(GOOD, LONG), Cause.STOP, 2, "complete"),
        (document(GOOD, ""), Cause.STOP, 2, "complete"),
        (document(BAD), Cause.STOP, 2, "complete"),
        ('{"bullets": ["' + GOOD + '", {"x",}]}', Cause.STOP, 2, "malformed"),
        ('{"bullets": ["' + GOOD + '", 7] oops', Cause.STOP, 2, "malformed"),
        (document(GOOD, BAD), Cause.ERROR, 2, "complete"),
        # There is not.
        (document(GOOD), Cause.STOP, 1, "complete"),
        (document(), Cause.STOP, 1, "complete"),
        (document(GOOD, GOOD), Cause.STOP, 1, "complete"),
        (document(GOOD, "\u202eyes"), Cause.STOP, 1, "complete"),
        ("no document at all", Cause.STOP, 1, "failed:output_invalid"),
        # It did not finish, or is not to be asked any more.
        (document(GOOD, BAD)[:-2], Cause.REFUSAL, 1, "failed:refusal"),
        (document(GOOD, BAD)[:-2], Cause.FILTER, 1, "content_filter"),
        (document(7, GOOD, GOOD, GOOD, GOOD), Cause.STOP, 1, "loop"),
        ('{"bullets": [7, "' + GOOD + '", [[[[[[[[[', Cause.STOP, 1, "limit"),
    ],
)
def test_when_it_is_asked_again(answer: str, cause: Cause, kinds: int, how: str) -> None:
    """After the model has finished, if something was withheld that it can mend."""
    events, passes, summary = play((answer, cause), (document(MENDED), Cause.STOP))
    assert passes == ["first", "reask"][:kinds]
    assert (MENDED in outline(events)) is (kinds == 2)
    assert finish(close(summary)) == how


def test_enough_is_enough() -> None:
    """All that were wanted have passed: what was withheld on the way is not missed."""
    events, passes, summary = play(
        (document(BAD, GOOD, MENDED), Cause.STOP), (document("x"), Cause.STOP), max_bullets=2
    )
    assert (outline(events), passes) == (["-unsupported_number", GOOD, MENDED], ["first"])
    assert finish(close(summary)) == "complete"


def test_no_more_than_the_replacements_are_taken() -> None:
    """Whatever else a re-ask brings: the upstream is hung up there, and the summary ends as it would have."""
    more = document(MENDED, "The storm took the tower after five years.", "Nobody was saved.")
    events, _, summary = play((document(GOOD, BAD), Cause.STOP), (more, Cause.STOP))
    assert outline(events) == [GOOD, "-unsupported_number", MENDED]
    assert finish(close(summary)) == "complete"


@pytest.mark.parametrize(("rounds", "passes"), [(0, 1), (1, 2), (2, 3), (5, 4)])
def test_as_many_rounds_as_are_set(rounds: int, passes: int) -> None:
    """And none after one that brought nothing to mend."""
    answers = [document(GOOD, BAD), document(FAILED_AGAIN), document(BAD), document(MENDED)]
    _, kinds, summary = play(*((text, Cause.STOP) for text in answers), reask=rounds)
    assert kinds == ["first", *["reask"] * (passes - 1)]
    assert finish(close(summary)) == "complete"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("", Cause.ERROR),
        ("", Cause.TIMEOUT),
        ("", Cause.REJECTED),
        ("no document", Cause.STOP),
        ('{"bullets": ["A sto', Cause.CUT),
        ('{"bullets": ["A sto', Cause.LENGTH),
        ("", Cause.REFUSAL),
        (document(GOOD, GOOD, GOOD, GOOD), Cause.STOP),
        ('{"bullets": [[[[[[[[[[', Cause.STOP),
        (document(MENDED) + "oops", Cause.STOP),
    ],
)
def test_a_reask_that_fails_changes_nothing(answer: str, cause: Cause) -> None:
    """The summary ends as it would have without, and nobody else is asked."""
    _, kinds, summary = play(
        (document(GOOD, BAD), Cause.STOP), (answer, cause), (document(MENDED), Cause.STOP), reask=2
    )
    assert kinds == ["first", "reask"]
    last = close(summary)
    assert isinstance(last, SummaryCompleted)
    assert last.finish == "complete"


def test_a_summary_is_gone_on_with_from_its_log() -> None:
    """By another process: what is stored is the state; it goes on where the other one died."""
    summary = Summary(request())
    first = summary.next_pass(None)
    assert first
    summary.begin(first)
    stored = [
        SummaryCreated(id="x", model="m", max_bullets=5, created_at="2026-11-22T00:00:00Z"),
        *summary.receive_deltas(document(GOOD, BAD)[:-2]),
    ]
    again = Summary.replay(request(), stored)
    following = again.next_pass(None)
    assert following
    assert (following.kind, following.wanted, again.bullets) == ("continue", 4, 1)
    assert GOOD in following.prompt().user
    again.begin(following)
    assert outline(again.receive_deltas(document(GOOD, MENDED))) == ["-duplicate", MENDED]
    mending = again.next_pass(End(Cause.STOP))
    assert mending
    assert (mending.kind, mending.wanted) == ("reask", 1)  # what the dead process withheld, too
    last = again.close(None, BILL)
    assert isinstance(last, SummaryCompleted)
    assert (last.finish, last.bullets, last.rejected, last.duplicates) == ("complete", 2, 2, 1)
    fresh = Summary.replay(request(), stored[:1]).next_pass(None)
    assert fresh
    assert fresh.kind == "first"


def test_a_log_that_is_full_is_only_closed() -> None:
    """The process died before it could say so."""
    stored: list[Event] = [Bullet(index=n, text=text) for n, text in enumerate([GOOD, MENDED])]
    summary = Summary.replay(request(max_bullets=2), [*stored, BulletRejected(reasons=())])
    assert summary.next_pass(None) is None
    last = summary.close(None, BILL)
    assert finish(last) == "max_bullets"
    assert (last.bullets, last.rejected) == (2, 1) if isinstance(last, SummaryCompleted) else False


@pytest.mark.parametrize(
    ("causes", "how", "code"),
    [
        ([Cause.ERROR], "failed:upstream_error", "upstream_error"),
        ([Cause.OVERLOADED], "failed:upstream_error", "overloaded"),
        ([Cause.TIMEOUT], "failed:upstream_timeout", "upstream_timeout"),
        ([Cause.REJECTED], "failed:upstream_rejected", "upstream_rejected"),
        ([Cause.TOO_LONG], "failed:upstream_rejected", "context_too_long"),
        ([Cause.CUT], "failed:upstream_truncated", "upstream_truncated"),
        ([Cause.STOP], "failed:output_invalid", "output_invalid"),
        ([Cause.REFUSAL], "failed:refusal", "refusal"),
        ([Cause.DRAINING], "failed:draining", "draining"),
        ([Cause.LENGTH], "length", None),
        ([Cause.FILTER], "content_filter", None),
        ([Cause.LIMIT], "limit", None),
        ([Cause.CANCELLED], "cancelled", None),
        ([Cause.REJECTED, Cause.TIMEOUT], "failed:upstream_timeout", "upstream_timeout"),
        ([], "failed:upstream_error", "upstream_error"),
    ],
)
def test_who_goes_on_and_gets_no_content_says_why(causes: list[Cause], how: str, code: str | None) -> None:
    """Nobody knows how the dead process's call ended; those of this one are known, and the last of them counts."""
    summary = Summary.replay(request(), [Bullet(index=0, text=GOOD)])
    last = None
    for cause in causes:
        following = summary.next_pass(last)
        assert following
        summary.begin(following)
        last = End(cause)
    summary.next_pass(last)
    end = summary.close(None, BILL)
    assert finish(end) == how
    assert (end.problem.code if isinstance(end, SummaryFailed) else None) == code


def test_who_goes_on_and_is_cut_off_ends_as_its_first_content_did() -> None:
    """What is asked of others after that, and comes to nothing, changes nothing: as without a take-over."""
    summary = Summary.replay(request(), [Bullet(index=0, text=GOOD)])
    last = None
    for text, cause in [("", Cause.REJECTED), ('["A st', Cause.TIMEOUT), ("", Cause.OVERLOADED)]:
        following = summary.next_pass(last)
        assert following
        summary.begin(following)
        summary.receive_deltas(text)
        last = End(cause)
    summary.next_pass(last)
    assert finish(summary.close(None, BILL)) == "failed:upstream_timeout"


# Over real HTTP.

BODY = {"text": SOURCE, "evidence": "require", "max_bullet_chars": 120}


async def ask(it: Served, **more: object) -> invariants.Received:
    response = await it.client.post("/v1/summaries", json=BODY | more)
    assert response.status_code == 200, response.text
    return invariants.check(response.content, canaries=[BAD])


def settings(model: FakeUpstream, **variables: str) -> Settings:
    return Settings.read(environment_for(model) | variables)


@pytest.mark.parametrize(
    ("second", "bullets"),
    [
        (answer(document(MENDED)), [GOOD, MENDED]),
        ((Status(500),), [GOOD]),
        ((Status(429, {"Retry-After": "1"}),), [GOOD]),
        ((Reset(),), [GOOD]),
        ((Role(), Content('{"bullets": ["' + MENDED + '", "an'), Reset()), [GOOD, MENDED]),
        ((Role(), Content('{"bullets": ["A st'), Finish("length"), Done()), [GOOD]),
        ((Role(), Stall()), [GOOD]),
    ],
    ids=["mended", "500", "429", "reset", "reset after one", "length", "stall"],
)
async def test_replacements_stream_as_ordinary_bullets(second: Script, bullets: list[str]) -> None:
    """And whatever happens while they are asked for, the summary is complete; every pass stands in the ledger."""
    first = (Role(), Content(document(GOOD, BAD)), Finish("stop"), Usage(9, 5), Done())
    clock = {"STREAMSUM_STALL_S": "2"} if Stall() in second else {}
    async with (
        FakeUpstream([first, second]) as model,
        served(None, settings=settings(model, **clock)) as it,
    ):
        received = await ask(it)
    assert (received.bullets, received.rejections) == (bullets, ["unsupported_number"])
    assert (received.finish, received.ledger["repaired"]) == ("complete", len(bullets) - 1)
    passes = received.ledger["passes"]
    assert [(one["kind"], one["model"]) for one in passes] == [("first", "gpt-4o-mini"), ("reask", "gpt-4o-mini")]
    assert passes[0]["completion_tokens"] == 5


async def test_there_is_no_asking_again_without_time_for_it() -> None:
    """Less than ten seconds are left of the whole."""
    async with (
        FakeUpstream(answer(document(GOOD, BAD))) as model,
        served(None, settings=settings(model, STREAMSUM_TOTAL_S="9")) as it,
    ):
        received = await ask(it)
        assert (received.finish, received.bullets, model.calls_made) == ("complete", [GOOD], 1)


async def test_whoever_cancels_a_reask_gets_a_cancelled_summary() -> None:
    """And the upstream is hung up within a second."""
    first, second = answer(document(GOOD, BAD)), (Role(), Content('{"bullets": ["A'), Stall())
    async with (
        FakeUpstream([first, second]) as model,
        served(None, settings=settings(model)) as it,
        it.client.stream("POST", "/v1/summaries", json=BODY) as response,
    ):
        await model.next_call()
        asked = await model.next_call()
        assert (await it.client.delete(response.headers["location"])).status_code == 204
        assert await asked.closed(within=1) == "hung_up"
        received = invariants.check(await response.aread())
        assert (received.finish, received.bullets) == ("cancelled", [GOOD])


async def test_nothing_new_is_begun_while_draining() -> None:
    """What was being written is seen to its end; what was withheld of it is not asked for any more."""
    gate = Gate()
    first = (Role(), Content(document(GOOD, BAD)[:-2]), gate, Content("]}"), Finish("stop"), Done())
    async with (
        FakeUpstream([first, answer(document(MENDED))]) as model,
        served(None, settings=settings(model)) as it,
        it.client.stream("POST", "/v1/summaries", json=BODY) as response,
    ):
        draining = asyncio.create_task(it.service.runs.drain(10))
        await asyncio.sleep(0)
        gate.open()
        received = invariants.check(await response.aread())
        await draining
        assert (received.finish, received.bullets, model.calls_made) == ("complete", [GOOD], 1)
