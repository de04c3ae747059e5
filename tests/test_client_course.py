"""What a client asks next, and what it takes for an event: without any connection."""

import json
from typing import Any

import httpx2
import pytest

from streamsum.client import errors
from streamsum.client.course import Course
from streamsum.client.persistence import Persistence, pause_s
from streamsum.core.events import Bullet, BulletDelta, SummaryCreated
from streamsum.core.sse import encode
from streamsum.errors import PROBLEMS, Problem

ID = "A" * 22
CREATED = SummaryCreated(id=ID, model="m", max_bullets=5, created_at="2026-11-22T12:00:00Z")
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


def course(*, starts: int = 3, resumes: int = 8, jitter: float = 0.0, **what: Any) -> Course:
    persistence = Persistence(starts=starts, resumes=resumes)
    return Course(persistence=persistence, draw=lambda: jitter, **what or {"body": {"text": "t"}})


def frame(n: int, event: Any = CREATED, *, id: str = ID, retry: int | None = None) -> httpx2.ServerSentEvent:
    data = event if isinstance(event, str) else encode(event).decode()
    return httpx2.ServerSentEvent("any", data, f"{id}:{n}", retry)


def problem(code: str, **headers: str) -> tuple[httpx2.Response, bytes]:
    given = Problem.of(code)
    return httpx2.Response(given.status, headers=headers), given.model_dump_json().encode()


def test_a_summary_is_asked_for_under_one_idempotency_key() -> None:
    """The same at each try, so that it is begun once."""
    begun = course(body={"text": "t"}, idempotency_key="k-1")
    first = begun.ask()
    begun.lost(None)
    assert first == begun.ask()
    assert (first.method, first.path, first.json) == ("POST", "/v1/summaries", {"text": "t"})
    assert first.headers["Idempotency-Key"] == "k-1"


def test_once_its_id_is_known_it_is_followed() -> None:
    """By the address in the head, before the first event has come; then by the cursor."""
    begun = course()
    assert begun.opens(httpx2.Response(200, headers={**EVENTS, "location": f"/prefix/v1/summaries/{ID}"}))
    assert begun.ask()[:2] == ("GET", f"/v1/summaries/{ID}/events")
    assert "Last-Event-ID" not in begun.ask().headers
    begun.takes(frame(1))
    assert begun.ask().headers["Last-Event-ID"] == f"{ID}:1"


def test_what_may_run_without_an_id_can_be_joined() -> None:
    """By the same request, which waits for nothing."""
    begun = course(idempotency_key="k-1")
    assert begun.ask_for_id() is None
    sent = begun.ask()
    join = begun.ask_for_id()
    assert join is not None
    assert (join.method, join.path, join.json) == (sent.method, sent.path, sent.json)
    assert join.headers == {"Idempotency-Key": "k-1", "Prefer": "respond-async"}
    begun.joined(httpx2.Response(202, headers={"location": f"/v1/summaries/{ID}"}))
    assert begun.id == ID
    assert begun.ask_for_id() is None


def test_what_cannot_run_is_not_joined() -> None:
    """It was refused, or the server never had it: to join it would begin it."""
    unheard = course()
    unheard.ask()
    unheard.lost(httpx2.ConnectError("no"))
    assert unheard.ask_for_id() is None
    refused = course()
    refused.ask()
    with pytest.raises(errors.Refused):
        refused.ends(*problem("unauthenticated"))
    assert refused.ask_for_id() is None
    refused = course()
    refused.ask()
    refused.ends(*problem("overloaded"))
    assert refused.ask_for_id() is None
    by_a_gateway = course()
    by_a_gateway.ask()
    by_a_gateway.ends(httpx2.Response(502), b"")
    assert by_a_gateway.ask_for_id() is not None


def test_who_leaves_cancels_what_was_begun_here() -> None:
    """Not what somebody else began, nor what was to be finished all the same; and only once."""
    begun = course(body={"text": "t"})
    assert begun.leave()
    assert not begun.leave()
    assert not course(body={"text": "t", "on_disconnect": "finish"}).leave()
    assert not course(id=ID).leave()


def test_an_address_elsewhere_is_no_id() -> None:
    """Nothing of an answer decides where the key goes."""
    begun = course()
    assert begun.opens(httpx2.Response(200, headers={**EVENTS, "location": "http://elsewhere/x?y"}))
    assert begun.id == ""


def test_what_was_seen_is_not_given_again() -> None:
    """A server may replay more than was asked for."""
    begun = course()
    assert begun.takes(frame(1)) == CREATED
    assert begun.takes(frame(1)) is None
    assert begun.takes(frame(2, Bullet(index=0, text="a"))) == Bullet(index=0, text="a")


@pytest.mark.parametrize(
    ("sse", "words"),
    [
        (frame(3), "events 2 to 2 are missing"),
        (frame(2, id="B" * 22), "another summary's"),
        (httpx2.ServerSentEvent("bullet", encode(CREATED).decode(), ""), "no id"),
        (httpx2.ServerSentEvent("bullet", encode(CREATED).decode(), f"{ID}:x"), "no id"),
        (frame(2, "{"), "none of ours"),
        (frame(2, "[]"), "none of ours"),
        (frame(2, '{"type": "bullet"}'), "none of ours"),
    ],
)
def test_what_is_not_our_stream_is_an_error(sse: httpx2.ServerSentEvent, words: str) -> None:
    """A gap is told, never passed over."""
    begun = course()
    begun.takes(frame(1))
    with pytest.raises(errors.NotStreamsum, match=words):
        begun.takes(sse)


def test_what_a_later_server_may_send_is_passed_over() -> None:
    """Events and fields that this client does not know."""
    begun = course()
    assert begun.takes(frame(1, '{"type": "weather"}')) is None
    assert begun.takes(frame(2, '{"type": "bullet", "index": 0, "text": "a", "new": 1}')) == Bullet(index=0, text="a")


def test_a_preview_moves_no_cursor() -> None:
    """It has no id: a reader of streams repeats the one before."""
    begun = course()
    begun.takes(frame(1))
    delta = BulletDelta(index=0, text="a")
    assert begun.takes(frame(1, delta)) == delta
    assert begun.n == 1


def test_a_time_alone_is_no_event() -> None:
    """An answer to a resume while the log is away: when to come again."""
    begun = course(id=ID)
    assert begun.takes(httpx2.ServerSentEvent("message", "", "", 7000)) is None
    begun.lost(None)
    assert begun.pause_s == 7


@pytest.mark.parametrize(("asked", "pause"), [(500, 0.5), (10**9, 30.0), (-5, 0.0)])
def test_the_servers_pause_is_kept(asked: int, pause: float) -> None:
    """Within reason; doubled at each try in a row that brings nothing, and from the beginning after one that does."""
    begun = course()
    begun.takes(frame(1, retry=asked))
    begun.lost(None)
    assert begun.pause_s == pause
    begun.lost(None)
    assert begun.pause_s == min(pause * 2, 30)
    begun.takes(frame(2))
    begun.lost(None)
    assert begun.pause_s == pause


def test_pauses_double_to_a_limit_and_differ() -> None:
    """Never sooner than was asked, up to a quarter later."""
    assert [pause_s(n, base_s=2, longest_s=30, draw=lambda: 0.0) for n in (1, 2, 3, 4, 5, 999)] == [2, 4, 8, 16, 30, 30]
    assert pause_s(1, base_s=2, longest_s=30, draw=lambda: 1.0) == 2.5


def test_a_server_that_is_not_there_is_tried_a_few_times() -> None:
    """Then there is an error that says so."""
    begun = course(starts=2)
    begun.lost(httpx2.ConnectError("no"))
    with pytest.raises(errors.Unreachable, match="no connection could be made"):
        begun.lost(httpx2.ConnectError("no"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "ended without a last event"),
        (httpx2.ReadTimeout("x"), "nothing was heard"),
        (httpx2.ReadError("x"), "the connection was cut"),
    ],
)
def test_a_stream_that_cannot_be_gone_on_with_says_where_it_broke_off(
    error: httpx2.TransportError | None, words: str
) -> None:
    """And why, in our words."""
    begun = course(resumes=1)
    begun.takes(frame(1))
    with pytest.raises(errors.StreamCut, match=words) as cut:
        begun.lost(error)
    assert (cut.value.id, cut.value.n) == (ID, 1)
    assert isinstance(cut.value.__cause__, errors.Unreachable)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_request", errors.InvalidRequest),
        ("too_large", errors.InvalidRequest),
        ("forbidden", errors.Forbidden),
        ("not_found", errors.NotFound),
        ("idempotency_conflict", errors.Conflict),
        ("expired", errors.Expired),
        ("internal_error", errors.ServerFailed),
        ("refusal", errors.ModelFailed),
        ("upstream_timeout", errors.ModelFailed),
    ],
)
def test_a_problem_is_an_error_of_its_kind(code: str, error: type[errors.Refused]) -> None:
    """At once, where to ask again would be in vain, or cost a model's work."""
    with pytest.raises(error) as refused:
        course().ends(*problem(code))
    assert refused.value.problem == Problem.of(code)


@pytest.mark.parametrize(
    ("status", "error"), [(401, errors.Unauthenticated), (429, errors.LimitReached), (503, errors.Unavailable)]
)
def test_problems_of_servers_with_keys_are_errors_of_their_kind(status: int, error: type[errors.Refused]) -> None:
    """By the status: their codes may be newer than this client."""
    given = Problem(title="-", status=status, detail="-", code="something_new")
    with pytest.raises(error):
        course().ends(httpx2.Response(status), given.model_dump_json().encode())


def test_every_code_of_ours_has_a_class() -> None:
    """None of them is taken for a bug by mistake."""
    kinds = {code: type(errors.Refused.of(Problem.of(code))) for code in PROBLEMS}
    assert [code for code, kind in kinds.items() if kind is errors.ServerFailed] == ["internal_error"]


@pytest.mark.parametrize("code", ["overloaded", "draining", "log_unavailable", "request_timeout"])
def test_what_passes_is_waited_for(code: str) -> None:
    """As long as the server says; then it is an error all the same."""
    begun = course(starts=3)
    begun.ends(*problem(code, **{"retry-after": "7"}))
    assert begun.pause_s == 7
    begun.ends(*problem(code, **{"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}))
    assert begun.pause_s == 1
    with pytest.raises(errors.Refused):
        begun.ends(*problem(code))


def test_nobody_is_made_to_wait_for_long() -> None:
    """Who asks for a day is told to the caller."""
    with pytest.raises(errors.Unavailable) as refused:
        course().ends(*problem("overloaded", **{"retry-after": "86400"}))
    assert refused.value.retry_after == 86400


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateways_own_error_passes(status: int) -> None:
    """Nobody behind it answered: it is there again when the service is."""
    begun = course(starts=2)
    begun.ends(httpx2.Response(status), b"<h1>Bad Gateway</h1>")
    with pytest.raises(errors.NotStreamsum, match=str(status)):
        begun.ends(httpx2.Response(status), b"<h1>Bad Gateway</h1>")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (httpx2.Response(200, headers={"content-type": "text/html"}), "no streamsum"),
        (httpx2.Response(200), "no streamsum"),
        (httpx2.Response(307, headers={"location": "http://elsewhere/"}), "redirect"),
        (httpx2.Response(404), "404"),
    ],
)
def test_another_server_is_told_from_ours(response: httpx2.Response, words: str) -> None:
    """And nothing of its page is repeated."""
    begun = course()
    assert not begun.opens(response)
    with pytest.raises(errors.NotStreamsum, match=words):
        begun.ends(response, b"xyzzy")


def test_a_problem_of_another_status_is_nobodys() -> None:
    """Something in between has changed one of them."""
    with pytest.raises(errors.NotStreamsum):
        course().ends(httpx2.Response(404), Problem.of("expired").model_dump_json().encode())


@pytest.mark.parametrize("code", ["expired", "invalid_event_id"])
def test_history_that_is_gone_is_a_cut(code: str) -> None:
    """The bullets that came stay valid, and there will be no more."""
    begun = course()
    begun.takes(frame(1))
    with pytest.raises(errors.StreamCut) as cut:
        begun.ends(*problem(code))
    assert isinstance(cut.value.__cause__, errors.ClientError)


def test_who_has_had_all_is_at_the_end() -> None:
    """204: an `EventSource` would stop."""
    followed = course(id=ID, after=4)
    followed.ends(httpx2.Response(204), b"")
    assert followed.over


def test_an_end_that_was_not_told_is_none() -> None:
    """204 without a last event is not to be believed."""
    begun = course()
    begun.takes(frame(1))
    with pytest.raises(errors.StreamCut):
        begun.ends(httpx2.Response(204), b"")


def test_the_last_event_is_the_end() -> None:
    """Nothing is asked after it."""
    begun = course()
    begun.takes(frame(1))
    ledger = {
        "finish": "complete",
        "truncated": False,
        "bullets": 0,
        "rejected": 0,
        "duplicates": 0,
        "repaired": 0,
        "passes": [],
        "timing": {},
        "digest": "",
    }
    begun.takes(frame(2, json.dumps({"type": "summary.completed", **ledger})))
    assert begun.over
