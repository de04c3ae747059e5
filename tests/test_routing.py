"""runs/routing.py: which upstreams may serve a summary, and which serves the next pass."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.fake_upstream import FakeUpstream, answer, bullets
from streamsum.core.passes import Cause, End, PassKind
from streamsum.keys_file import NO_KEY
from streamsum.runs.routing import AGAIN_S, Next, Tried, candidates, choose, choose_first
from streamsum.settings import Settings
from streamsum.upstream.base import Capabilities, Upstream
from tests.scripted import ScriptedUpstream
from tests.servers import served

FIRST, SECOND, THIRD = (ScriptedUpstream(name=name, model=model) for name, model in zip("abc", "xyx", strict=True))


@pytest.mark.parametrize(
    ("model", "served_by"), [(None, [FIRST, SECOND, THIRD]), ("x", [FIRST, THIRD]), ("y", [SECOND]), ("z", [])]
)
def test_those_that_offer_the_model(model: str | None, served_by: list[ScriptedUpstream]) -> None:
    """In the operator's order; whoever names none may get any, and the first is the default."""
    assert candidates([FIRST, SECOND, THIRD], model) == served_by


A, B, C = (
    ScriptedUpstream(name=name, can=Capabilities(context_tokens=tokens))
    for name, tokens in [("a", 8), ("b", 4), ("c", None)]
)
ALL = [A, B, C]
PASSING = [Cause.ERROR, Cause.OVERLOADED, Cause.CUT]
OTHER = [Cause.TIMEOUT, Cause.REJECTED, Cause.LENGTH]


def tried(*calls: tuple[ScriptedUpstream, Cause], begun: bool = False, retry_after: float | None = None) -> list[Tried]:
    """Calls, the last of which may have brought content."""
    last = len(calls) - 1
    return [
        Tried(upstream, End(cause, retry_after=retry_after), begun and n == last)
        for n, (upstream, cause) in enumerate(calls)
    ]


def name_of(
    calls: list[Tried],
    *,
    kind: PassKind = "first",
    resting: str = "",
    patience_s: float = 5,
    of: Sequence[Upstream] = ALL,
) -> str | None:
    chosen = choose(kind, calls, of, resting=set(resting), patience_s=patience_s)
    return chosen.upstream.name if chosen else None


def test_the_first_call_goes_to_the_first_that_does_not_rest() -> None:
    """Where all rest, to the first: there is nobody to go to instead."""
    assert [choose_first(ALL, resting=set(resting)) for resting in ("", "a", "ab", "abc", "bc")] == [A, B, C, A, A]


@pytest.mark.parametrize("kind", ["first", "continue"])
@pytest.mark.parametrize("cause", PASSING)
def test_what_may_pass_is_tried_once_more(cause: Cause, kind: PassKind) -> None:
    """Before any content; the second time the next is asked, and it too has two tries."""
    assert name_of(tried((A, cause)), kind=kind) == "a"
    assert name_of(tried((A, cause), (A, cause)), kind=kind) == "b"
    assert name_of(tried((A, cause), (A, cause), (B, cause)), kind=kind) == "b"
    assert name_of(tried((A, cause), (A, cause), (B, cause), (B, cause)), kind=kind) == "c"
    assert name_of(tried(*[(each, cause) for each in (A, A, B, B, C, C)]), kind=kind) is None
    assert name_of(tried((A, cause)), kind=kind, of=[A]) == "a"
    assert name_of(tried((A, cause), (A, cause)), kind=kind, of=[A]) is None


@pytest.mark.parametrize("kind", ["first", "continue"])
@pytest.mark.parametrize("cause", OTHER)
def test_what_does_not_pass_goes_to_the_next_at_once(cause: Cause, kind: PassKind) -> None:
    """And nobody is asked twice."""
    assert name_of(tried((A, cause)), kind=kind) == "b"
    assert name_of(tried((A, cause), (B, cause)), kind=kind) == "c"
    assert name_of(tried((A, cause), (B, cause), (C, cause)), kind=kind) is None
    assert name_of(tried((A, cause)), kind=kind, of=[A]) is None


@pytest.mark.parametrize("cause", [*PASSING, *OTHER, Cause.STOP])
def test_in_mid_stream_the_next_goes_on(cause: Cause) -> None:
    """Never who failed there: it would fail there again."""
    assert name_of(tried((A, cause), begun=True), kind="continue") == "b"
    assert name_of(tried((B, cause), begun=True), kind="continue") == "a"
    assert name_of(tried((A, cause), (B, cause), begun=True), kind="continue") == "c"
    assert name_of(tried((A, cause), begun=True), kind="continue", of=[A]) is None


def test_who_rests_is_skipped() -> None:
    """Even where nobody else is left, once one has been asked."""
    assert name_of(tried((A, Cause.REJECTED)), resting="b") == "c"
    assert name_of(tried((A, Cause.REJECTED)), resting="bc") is None


@pytest.mark.parametrize(("upstreams", "goes_to"), [([A, B], None), ([B, A], "a"), ([A, C], "c"), ([B, A, C], "a")])
def test_what_was_too_long_goes_where_there_is_more_room(upstreams: list[Upstream], goes_to: str | None) -> None:
    """Or where nobody knows how much there is."""
    calls = [Tried(upstreams[0], End(Cause.TOO_LONG), False)]
    assert name_of(calls, of=upstreams) == goes_to


def test_the_same_model_mends_what_it_wrote() -> None:
    """There is no failover inside a re-ask."""
    assert name_of(tried((A, Cause.ERROR), (B, Cause.STOP), begun=True), kind="reask", resting="b") == "b"


@pytest.mark.parametrize(
    ("cause", "retry_after", "patience_s", "of", "expected"),
    [
        (Cause.ERROR, None, 5, ALL, Next(A, AGAIN_S)),
        (Cause.CUT, None, 0.05, ALL, Next(B)),
        (Cause.ERROR, None, 0, ALL, None),
        (Cause.OVERLOADED, None, 5, ALL, Next(A, AGAIN_S)),
        (Cause.OVERLOADED, 0, 5, ALL, Next(A, AGAIN_S)),
        (Cause.OVERLOADED, 1, 5, ALL, Next(A, 1)),
        (Cause.OVERLOADED, 3, 5, ALL, Next(B)),
        (Cause.OVERLOADED, 3, 5, [A], Next(A, 3)),
        (Cause.OVERLOADED, 7, 5, [A], None),
        (Cause.REJECTED, None, -1, ALL, None),
    ],
)
def test_nobody_is_waited_for_too_long(
    cause: Cause, retry_after: float | None, patience_s: float, of: list[Upstream], expected: Next | None
) -> None:
    """Within what is left of the budget; and long only where there is no other."""
    calls = tried((A, cause), retry_after=retry_after)
    assert choose("first", calls, of, patience_s=patience_s) == expected


async def test_a_request_is_served_by_the_upstream_that_offers_its_model(tmp_path: Path) -> None:
    """Over HTTP: the first for whoever names none; a model that nobody offers is refused by its field."""
    async with FakeUpstream(answer(bullets("From the first."))) as first, FakeUpstream(()) as second:
        file = tmp_path / "upstreams.toml"
        tables = [(first, "m-1"), (second, "m-2")]
        file.write_text(
            "\n".join(
                f'[[upstreams]]\nname = "{model}-server"\nmodel = "{model}"\nbase_url = "{fake.base_url}"'
                for fake, model in tables
            )
        )
        async with served(None, settings=Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(file)})) as it:
            assert it.service.models(NO_KEY) == {"m-1", "m-2"}
            for model, status in [({}, 200), ({"model": "m-1"}, 200), ({"model": "m-2"}, 502), ({"model": "m-3"}, 422)]:
                response = await it.client.post("/v1/summaries", json={"text": "A source.", **model})
                assert response.status_code == status
        assert [call.body["model"] for call in first.calls] == ["m-1", "m-1"]
        assert [call.body["model"] for call in second.calls] == ["m-2", "m-2"]  # it is tried once more
