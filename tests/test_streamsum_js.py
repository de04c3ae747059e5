"""streamsum.js on Node, against the real service and a fake model. In a browser it is the page that uses it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from benchmarks.fake_upstream import FakeUpstream, NoAnswer, Script, Status, answer, bullets
from tests.held import halved, held
from tests.keys import ALICE, keyed
from tests.node import Program, node
from tests.servers import served, serving, settings_for
from tests.tcp_proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.slow

TEXT = "The tower was built of oak 🌳. It stood for forty-six years."
EXAMPLES = Path(__file__).parent.parent / "examples"
EXAMPLE, TEXT_FILE = str(EXAMPLES / "node.mjs"), str(EXAMPLES / "lighthouse.txt")
BEGUN = '{"bullets": ["The first."'


@asynccontextmanager
async def summarizing(
    port: int, *, text: str = TEXT, options: dict[str, Any] | None = None, **how: int
) -> AsyncIterator[Program]:
    """tests/js/summarize.mjs on the service at this port; it does not wait long before it comes back."""
    async with node("summarize.mjs", asking(port, text=text, options=options, **how)) as program:
        yield program


def asking(port: int, *, text: str = TEXT, options: dict[str, Any] | None = None, **how: int) -> str:
    """What it is to ask for."""
    given = {"baseUrl": f"http://127.0.0.1:{port}", "retryMs": 20, **(options or {})}
    return json.dumps({"text": text, "options": given, **how})


@asynccontextmanager
async def over_a_network(
    script: Script, options: dict[str, Any] | None = None
) -> AsyncIterator[tuple[FakeUpstream, TcpProxy, Program]]:
    """The model, what can be cut between the program and the service, and the program."""
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        tcp_proxy(at.port) as proxy,
        summarizing(proxy.port, options=options) as program,
    ):
        yield model, proxy, program


@asynccontextmanager
async def scripted(*answers: Response) -> AsyncIterator[tuple[int, list[Request]]]:
    """The port of a server that gives these answers in turn, the last one ever after; and what it was asked."""
    requests: list[Request] = []

    async def answer(request: Request) -> Response:
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1]

    methods = ["GET", "POST", "DELETE"]
    async with serving(Starlette(routes=[Route("/{path:path}", answer, methods=methods)])) as port:
        yield port, requests


def stream(*frames: str, media_type: str = "text/event-stream") -> Response:
    """It ends with them, whatever they are."""
    return Response("".join(frames), media_type=media_type)


def frame(at: str | None, **data: Any) -> str:
    return (f"id: {at}\n" if at else "") + f"data: {json.dumps(data)}\n\n"


BEGINS = frame("s:1", type="summary.created", id="s")
ENDS = frame("s:2", type="summary.completed", finish="complete")


def names(events: list[Any]) -> list[str]:
    return [event["type"] for event in events if "type" in event]


async def test_its_events_are_those_of_the_wire() -> None:
    """In order, as objects, to the last one; the fields of the request are the API's, under its names."""
    async with (
        FakeUpstream(answer(bullets("One.", "Two.", "Three."))) as model,
        served(None, settings=settings_for(model)) as at,
    ):
        async with summarizing(at.port, options={"max_bullets": 3, "focus": "the oak"}) as program:
            *events, left = await program.answers()
        stored = (await at.client.get(f"/v1/summaries/{left['left']}")).json()
        assert "the oak" in json.dumps(model.calls[0].body)
    assert names(events) == ["summary.created", "bullet", "bullet", "bullet", "summary.completed"]
    assert events[0]["max_bullets"] == 3
    assert [event for event in events if event["type"] == "bullet"] == [
        {"type": "bullet", **each} for each in stored["bullets"]
    ]
    assert events[-1] == {"type": "summary.completed", **stored["ledger"]}


async def test_each_event_is_handed_on_when_it_comes() -> None:
    """Before the model has written the next."""
    gate, script = halved()
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        summarizing(at.port) as program,
    ):
        assert [(await program.says())["type"], (await program.says())["type"]] == ["summary.created", "bullet"]
        gate.open()
        assert (await program.says())["text"] == "The second."


async def test_leaving_the_loop_stops_the_model() -> None:
    """The upstream is hung up, not after the grace but now."""
    _, script = halved()
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model)) as at:
        async with summarizing(at.port, breakAfter=2) as program:
            events = await program.answers()
        assert await (await model.next_call()).closed(within=2) == "hung_up"
    assert names(events) == ["summary.created", "bullet"]


@pytest.mark.parametrize("how", ["break", "abort"])
async def test_who_wants_it_finished_may_leave(how: str) -> None:
    """`on_disconnect: "finish"`: leaving the loop stops nothing."""
    gate, script = halved()
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model)) as at:
        leaving: dict[str, Any] = {"breakAfter": 2} if how == "break" else {}
        async with summarizing(at.port, options={"on_disconnect": "finish"}, **leaving) as program:
            id = (await program.says())["id"]
            await program.says()
            await program.answers("abort" if how == "abort" else "")
        gate.open()
        assert await (await model.next_call()).closed(within=2) == "finished"
        shown = (await at.client.get(f"/v1/summaries/{id}")).json()
    assert shown["ledger"]["finish"] == "complete"


async def test_an_aborted_signal_stops_the_model_and_ends_the_loop() -> None:
    """With the signal's reason."""
    _, script = halved()
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model)) as at:
        async with summarizing(at.port) as program:
            await program.says()
            await program.says()
            [thrown] = await program.answers("abort")
        assert await (await model.next_call()).closed(within=2) == "hung_up"
    assert thrown["thrown"] == "AbortError"


async def test_cancel_lets_the_loop_hear_the_end() -> None:
    """The last event says how it ended."""
    _, script = halved()
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model)) as at:
        async with summarizing(at.port) as program:
            await program.says()
            await program.says()
            last, _ = await program.answers("cancel")
        assert await (await model.next_call()).closed(within=2) == "hung_up"
    assert (last["type"], last["finish"], last["bullets"]) == ("summary.completed", "cancelled", 1)


@pytest.mark.parametrize("how", ["cancel", "abort"])
async def test_a_summary_that_has_not_answered_is_stopped_too(how: str) -> None:
    """Its id is not known yet: the same request joins it, and tells. The model is asked once."""
    async with FakeUpstream((NoAnswer(),)) as model, served(None, settings=settings_for(model)) as at:
        async with summarizing(at.port) as program:
            call = await model.next_call()
            said = await program.answers(how)
        assert await call.closed(within=2) == "hung_up"
        assert model.calls_made == 1
    assert names(said) == (["summary.created", "summary.completed"] if how == "cancel" else [])


async def test_it_goes_on_after_a_cut() -> None:
    """After the last event that came, with the same summary."""
    gate, script = halved()
    async with over_a_network(script) as (model, proxy, program):
        events = [await program.says(), await program.says()]
        proxy.reset()
        lost = await program.says()
        gate.open()
        events += await program.answers()
        assert model.calls_made == 1
    assert lost == {"connection": "lost", "attempt": 1}
    assert names(events) == ["summary.created", "bullet", "bullet", "summary.completed"]
    assert {"connection": "back"} in events


async def test_a_preview_after_a_cut_is_no_beginning() -> None:
    """It has no id: cut again after nothing else, the stream goes on after the last event that had one."""
    preview = frame(None, type="bullet.delta", index=0, text="The sec")
    async with (
        scripted(stream(BEGINS), stream(preview), stream(ENDS)) as (port, requests),
        summarizing(port) as program,
    ):
        said = await program.answers()
    assert names(said) == ["summary.created", "bullet.delta", "summary.completed"]
    assert [each.headers.get("Last-Event-ID") for each in requests] == [None, "s:1", "s:1"]


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_that_has_no_answer_is_asked_again(status: int) -> None:
    """Before the first event, too, and by the same key: it may be a summary that runs."""
    nothing = Response("<h1>Bad Gateway</h1>", status, media_type="text/html")
    async with (
        scripted(nothing, nothing, stream(BEGINS), nothing, stream(ENDS)) as (port, requests),
        summarizing(port) as program,
    ):
        said = await program.answers()
    assert names(said) == ["summary.created", "summary.completed"]
    assert [each.method for each in requests] == ["POST", "POST", "POST", "GET", "GET"]
    assert len({each.headers["Idempotency-Key"] for each in requests[:3]}) == 1


@pytest.mark.parametrize("after_s", [3600, 3_000_000])
async def test_who_would_have_to_wait_for_long_is_told_so(after_s: int) -> None:
    """Not kept waiting, as by a gateway's page of maintenance; nor is a timer asked for more than it can."""
    later = Response("<h1>Maintenance</h1>", 503, {"Retry-After": f"{after_s}"}, media_type="text/html")
    async with scripted(later) as (port, requests), summarizing(port) as program, asyncio.timeout(10):
        [thrown] = await program.answers()
    assert (thrown["thrown"], thrown["status"]) == ("ProblemError", 503)
    assert [each.method for each in requests] == ["POST"]


async def test_what_may_run_is_stopped_when_a_later_try_is_refused() -> None:
    """A gateway had no answer to the first, so it may have begun: the same request finds out its id."""
    nothing, refusal = Response(status_code=504), JSONResponse({"code": "unauthenticated"}, 401)
    async with (
        scripted(nothing, refusal, JSONResponse({"id": "s"}, 202), Response(status_code=204)) as (port, requests),
        summarizing(port) as program,
    ):
        *_, thrown = await program.answers()
    assert (thrown["thrown"], thrown["status"]) == ("ProblemError", 401)
    assert [(each.method, each.url.path) for each in requests[2:]] == [
        ("POST", "/v1/summaries"),
        ("DELETE", "/v1/summaries/s"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(stream("<h1>Please log in</h1>", media_type="text/html"), id="a login page"),
        pytest.param(RedirectResponse("/login", 302), id="a redirect"),
        pytest.param(stream("data: [DONE]\n\n"), id="not JSON"),
        pytest.param(stream("data: null\n\n"), id="no object"),
    ],
)
async def test_what_is_not_streamsum_is_a_typed_error(answer: Response) -> None:
    """At once: nobody is asked for a stream twice, nor sent on to another."""
    async with scripted(answer) as (port, requests), summarizing(port) as program:
        [thrown] = await program.answers()
    assert thrown["thrown"] == "NotStreamsum"
    assert len([each for each in requests if "Prefer" not in each.headers]) == 1
    assert {each.url.path for each in requests} == {"/v1/summaries"}


async def test_a_connection_that_has_died_in_silence_is_made_again() -> None:
    """Nobody has closed it; but the server would have said something by now."""
    gate, script = halved()
    async with over_a_network(script, {"silenceMs": 500}) as (model, proxy, program):
        events = [await program.says(), await program.says()]
        proxy.stall()
        assert await program.says() == {"connection": "lost", "attempt": 1}
        gate.open()
        proxy.flow()
        events += await program.answers()
        assert model.calls_made == 1
    assert names(events) == ["summary.created", "bullet", "bullet", "summary.completed"]


async def test_a_cut_at_any_byte_loses_nothing() -> None:
    """Within the head, within an event, before any id: the same events once each, from one call of the model."""
    cuts = range(1, 1500, 130)
    async with (
        FakeUpstream(answer(bullets("One.", "Two."))) as model,
        served(None, settings=settings_for(model)) as at,
        AsyncExitStack() as stack,
    ):
        proxies = [await stack.enter_async_context(tcp_proxy(at.port)) for _ in cuts]
        for proxy, after in zip(proxies, cuts, strict=True):
            proxy.cut_next(after, "reset")
        async with node("summarize.mjs", *(asking(proxy.port) for proxy in proxies)) as program:
            said = await program.answers()
        assert names(said) == ["summary.created", "bullet", "bullet", "summary.completed"] * len(cuts)
        assert len([each for each in said if each.get("connection") == "lost"]) >= 10  # the rest is behind its end
        assert model.calls_made == len(cuts)


async def test_a_cut_before_the_answer_is_no_second_summary() -> None:
    """The same Idempotency-Key joins what runs."""
    [gate], script = held("", BEGUN + "]}")
    async with over_a_network(script) as (model, proxy, program):
        await gate.reached()
        proxy.reset()
        assert await program.says() == {"connection": "lost", "attempt": 1}
        gate.open()
        assert names(await program.answers()) == ["summary.created", "bullet", "summary.completed"]
        assert model.calls_made == 1


async def test_a_stream_that_is_cut_for_good_ends_with_an_error() -> None:
    """After as many tries as were asked for, with pauses that grow; nobody takes what came for the whole."""
    _, script = halved()
    async with over_a_network(script, {"retries": 2}) as (_, proxy, program):
        await program.says()
        await program.says()
        proxy.break_off()
        said = await program.answers()
    assert [each.get("attempt") for each in said] == [1, 2, None]
    assert said[-1]["thrown"] == "ConnectionLost"


async def test_a_refusal_is_a_typed_error() -> None:
    """With the problem's status and code; nothing is asked twice."""
    async with FakeUpstream((Status(401),)) as model, served(None, settings=settings_for(model)) as at:
        async with summarizing(at.port) as program:
            [thrown] = await program.answers()
        async with summarizing(at.port, options={"max_bullets": 99}) as program:
            [invalid] = await program.answers()
        assert model.calls_made == 1
    assert (thrown["thrown"], thrown["status"], thrown["code"]) == ("ProblemError", 502, "upstream_rejected")
    assert thrown["message"] == "The model's server refused our request."
    assert (invalid["status"], invalid["code"]) == (422, "invalid_request")


async def test_a_failure_later_is_the_last_event() -> None:
    """As on the wire."""
    script = answer(BEGUN)
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        summarizing(at.port) as program,
    ):
        *_, failed, left = await program.answers()
    assert (failed["type"], failed["problem"]["code"]) == ("summary.failed", "upstream_truncated")
    assert set(left) == {"left"}


async def test_it_works_with_keys() -> None:
    """On every request that it makes: to begin, to come back, to stop. Without one it says what is missing."""
    gate, script = halved()
    async with (
        FakeUpstream([script, halved()[1]]) as model,
        served(None, settings=keyed(settings_for(model))) as at,
        tcp_proxy(at.port) as proxy,
    ):
        async with summarizing(at.port) as program:
            [refused] = await program.answers()
        async with summarizing(proxy.port, options={"key": ALICE}) as program:
            await program.says()
            await program.says()
            proxy.reset()
            gate.open()
            *_, last, _ = await program.answers()
        async with summarizing(at.port, options={"key": ALICE}) as program:
            await program.says()
            await program.says()
            cancelled, _ = await program.answers("cancel")
    assert (refused["status"], refused["code"]) == (401, "unauthenticated")
    assert (last["finish"], cancelled["finish"]) == ("complete", "cancelled")


async def test_a_server_that_is_not_there_is_said_to_be_lost() -> None:
    """After the tries, of which each may find it."""
    async with tcp_proxy(9) as proxy, summarizing(proxy.port, options={"retries": 1}) as program:
        proxy.break_off()
        *_, thrown = await program.answers()
    assert thrown["thrown"] == "ConnectionLost"


async def test_it_says_so_when_it_does_not_know_where_to_ask() -> None:
    """Loaded from a file there is no server that it came from."""
    options = json.dumps({"text": TEXT, "options": {}})
    async with node("summarize.mjs", options) as program:
        [thrown] = await program.answers()
    assert "baseUrl" in thrown["message"]


async def test_code_points_become_utf_16() -> None:
    """As Python's own encoder counts them, at every offset."""
    texts = ["", "plain", TEXT, "🧪", "🧪🧪a🧪", "日本語と𠮷野家👩‍👩‍👧‍👦。", "é\U0010ffff\r\n\u2028x" * 50]
    async with node("offsets.mjs") as program:
        answers = await program.answers("\n".join(map(json.dumps, texts)))
    assert answers == [[len(text[:at].encode("utf-16-le")) // 2 for at in range(len(text) + 1)] for text in texts]


async def test_the_example_runs() -> None:
    """examples/node.mjs: bullets, each with the words of the text that it comes from."""
    sentence = "His light was lit in 1759 with twenty-four candles."
    async with (
        FakeUpstream(answer(bullets(sentence))) as model,
        served(None, settings=settings_for(model)) as at,
        node(EXAMPLE, f"http://127.0.0.1:{at.port}", TEXT_FILE) as program,
    ):
        output = await program.output()
    assert output == f"- {sentence}\n    “{sentence}”\ncomplete: 1 bullet\n"
