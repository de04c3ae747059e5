"""What callers may send, over real HTTP: each row of `threats.md`, *Callers*.

A row is requests as bytes, and what each must be answered; or the name of the tests that prove it. `THREATS` says which
of these are about which row of that table.
"""

import asyncio
import importlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typing_extensions import override

from streamsum.runs.log import Entry, Listener
from streamsum.runs.memory_log import MemoryLog
from streamsum.settings import Settings
from streamsum.web.patience import Patience
from tests.keys import ALICE, keyed
from tests.scripted import ScriptedUpstream
from tests.servers import RawClient, get, post, raw_client, served

CANARY = "canary-91c4"
DOCUMENT = '{"bullets": ["The first.", "The second."]}'
UNKNOWN = "x" * 22
MAX_BODY_BYTES = 2000
PATIENCE = Patience(body_s=0.2)


def body(data: bytes, *head: str, kind: str = "application/json") -> bytes:
    """A POST of these bytes."""
    lines = ("POST /v1/summaries HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *head)
    return "\r\n".join((*lines, f"Content-Length: {len(data)}", "", "")).encode() + data


def chunked(*pieces: bytes) -> bytes:
    head = "POST /v1/summaries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + coded


def text(value: str) -> bytes:
    """A body with this JSON for a text."""
    return body(f'{{"text": {value}}}'.encode())


def resume(cursor: str) -> list[bytes]:
    """By header on every route that resumes."""
    head = f"Last-Event-ID: {cursor}\r\n"
    return [get(path, head=head) for path in ("/stream?q=a", "/v1/summaries?text=a", f"/v1/summaries/{UNKNOWN}/events")]


@dataclass(frozen=True)
class Row:
    """Requests, each of which is answered so and costs nothing; `code` None: the HTTP parser's own answer."""

    threat: str
    answer: str
    requests: Sequence[bytes] = field(repr=False)

    @property
    def status(self) -> int:
        return int(self.answer.split()[0])

    @property
    def code(self) -> str | None:
        return self.answer.partition(" ")[2] or None


def mistyped() -> list[bytes]:
    kinds = ["text/plain", "application/json; charset=latin-1", "application/x-www-form-urlencoded", "json"]
    return [body(b'{"text": "a"}', kind=kind) for kind in kinds]


ROWS = [
    Row("a cursor: malformed", "400 invalid_event_id", [*resume("$"), *resume("-"), *resume(f"{UNKNOWN}:01")]),
    Row("a cursor: not ASCII", "400 invalid_event_id", [*resume("é:1"), *resume(f"{UNKNOWN}:٣")]),
    Row("a cursor: over 96 characters", "400 invalid_event_id", resume(f"{UNKNOWN}:{'9' * 74}")),
    Row("a cursor: a control character", "400", resume("a\0b") + resume("a\rb")),
    Row(
        "a cursor: CR LF NUL in the query",
        "400 invalid_event_id",
        [get(f"/stream?q=a&after={UNKNOWN}:1{bad}") for bad in ("%0D%0A", "%00", "%0d%0aX-Evil:%201")],
    ),
    Row(
        "a cursor: of another summary",
        "400 invalid_event_id",
        [get(f"/v1/summaries/{UNKNOWN}/events", head=f"Last-Event-ID: {'y' * 22}:1\r\n")],
    ),
    Row("a cursor: nothing kept", "410 expired", resume(f"{UNKNOWN}:1") + resume(f"{UNKNOWN}:0")),
    Row("a body over the limit: declared", "413 too_large", [body(b" " * (MAX_BODY_BYTES + 1))]),
    Row(
        "a body over the limit: declared, and never sent",
        "413 too_large",
        [body(b"").replace(b"Length: 0", b"Length: %d" % size) for size in (MAX_BODY_BYTES + 1, 10**15)],
    ),
    Row("a body over the limit: streamed", "413 too_large", [chunked(*[b" " * 500] * 5)]),
    Row("a body that does not come", "408 request_timeout", [body(b"{}" * 9)[:-3], chunked(b"{")]),
    Row("a wrong type or charset", "415 unsupported_media_type", mistyped()),
    Row(
        "a compressed body",
        "415 unsupported_media_type",
        [body(b"\x1f\x8b", f"Content-Encoding: {coding}") for coding in ("gzip", "br", "identity, gzip", "zstd")],
    ),
    Row("BOM", "400 invalid_json", [body(b'\xef\xbb\xbf{"text": "a"}')]),
    Row("UTF-16", "400 invalid_json", [body('{"text": "a"}'.encode("utf-16"))]),
    Row("bad UTF-8", "400 invalid_json", [body(b'{"text": "\xff"}'), body(b'{"text": "\xed\xa0\x80"}')]),
    Row("NaN, Infinity", "400 invalid_json", [text("NaN"), text("-Infinity"), text("1e999999")]),
    Row("duplicate keys", "400 invalid_json", [body(b'{"text": "a", "text": "b"}'), body(b'{"a": {"b": 1, "b": 2}}')]),
    Row("depth over 8", "400 invalid_json", [text("[" * n + "]" * n) for n in (8, 100, 900)]),
    Row("a lone surrogate", "400 invalid_json", [text(r'"\ud800"'), text(r'"\udc00\ud800"')]),
    Row("NUL", "422 invalid_request", [text(r'"a\u0000b"')]),
    Row("NUL as it is", "400 invalid_json", [text('"a\0b"')]),
    Row("a blank text", "422 invalid_request", [text('""'), text(r'" \n\t\u200b\u00ad"'), body(b"{}")]),
    Row("an unknown field", "422 invalid_request", [body(f'{{"text": "a", "{CANARY}": 1}}'.encode())]),
    Row("a value that does not fit", "422 invalid_request", [text("1"), text("null"), text(f'["{CANARY}"]')]),
    Row("no object", "422 invalid_request", [body(b"[]"), body(b'"text"'), body(b"1")]),
    Row("a query over 8 KiB", "414 uri_too_long", [get(f"/stream?q={'a' * 8191}")]),
    Row("a head over 16 KiB", "400", [get("/stream?q=a", head=f"X: {'a' * 70_000}\r\n")]),
    Row(
        "HEAD, other methods",
        "405 method_not_allowed",
        [get("/stream?q=a").replace(b"GET", method) for method in (b"HEAD", b"PUT", b"OPTIONS", b"TRACE", b"POST")],
    ),
    Row(
        "a page elsewhere that makes the browser spend",
        "403 forbidden",
        [
            get("/stream?q=a", head=head)
            for head in ("Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Sec-Purpose: prefetch\r\n")
        ],
    ),
    Row("DNS rebinding", "403 forbidden", [get("/stream?q=a").replace(b"localhost", b"evil.example")]),
    Row(
        "Host spoofed behind a proxy's header",
        "403 forbidden",
        [get("/stream?q=a", head="X-Forwarded-Host: localhost\r\n").replace(b": localhost", b": evil.example", 1)],
    ),
    Row(
        "an Accept that admits nothing of ours",
        "406 not_acceptable",
        [get("/stream?q=a", head="Accept: text/html\r\n")],
    ),
]

# Rows with more to them than an answer: who proves them.
PROVED_BY = {
    "no, malformed, unknown or revoked key": [
        "tests.test_auth.test_no_malformed_unknown_and_disabled_keys_are_answered_alike",
        "tests.test_auth.test_two_keys_are_none",
        "tests.test_auth.test_what_is_not_known_to_be_open_is_closed",
        "tests.test_auth.test_a_key_in_the_query_is_refused",
        "tests.test_key_leaks.test_nobody_who_is_refused",
        "tests.test_key_leaks.test_no_key_in_a_query",
        "tests.test_auth.TestRevoking.test_it_ends_its_summaries_and_opens_nothing_any_more",
        "tests.test_api_key.test_a_key_is_random_and_fit_for_a_header",
        "tests.test_key_ring.test_a_key_opens_for_its_holder",
        "tests.test_auth.test_what_opens_is_compared_in_constant_time",
        "tests.test_auth.test_below_a_path_keys_hold_as_at_the_root",
        "tests.test_auth.TestRevoking.test_a_key_that_is_made_anew_shuts_the_tickets_of_the_old_one",
    ],
    "too many requests, tokens or running summaries": [
        "tests.test_key_limits.TestRequestsAMinute.test_what_is_over_the_limit_waits",
        "tests.test_key_limits.TestSummariesAtOnce.test_what_is_over_the_limit_waits",
        "tests.test_key_limits.TestTokensADay.test_what_is_over_the_budget_is_refused",
        "tests.test_key_limits.test_concurrent_tries_over_two_replicas_admit_as_many_as_the_limit_says",
        "tests.test_limiter.test_2000_tries_at_a_limit_of_100_requests_admit_100",
        "tests.test_limiter.test_2000_tries_at_a_limit_of_100_admit_100",
        "tests.test_limiter.test_replicas_whose_clocks_differ_admit_as_many",
        "tests.test_quotas.test_both_say_the_same",
        "tests.test_accounts.test_who_hands_over_pays_what_it_has_used_and_the_heir_the_rest",
        "tests.test_accounts.test_for_the_dead_as_much_is_paid_as_was_reserved",
        "tests.test_auth.TestRevoking.test_a_changed_limit_holds_without_a_restart",
    ],
    "the limiter's store is down": [
        "tests.test_key_limits.test_when_the_limiter_is_away",
        "tests.test_allowance.test_closed_refuses_what_cannot_be_counted_and_keeps_nothing_of_it",
        "tests.test_allowance.test_open_lets_in_what_cannot_be_counted",
    ],
    "a storm of resumes": ["tests.test_event_log.test_a_sixth_listener_replaces_the_oldest"],
    "CORS": [
        "tests.test_cors.test_a_preflight_needs_no_key",
        "tests.test_cors.test_an_allowed_page_sees_what_it_needs",
        "tests.test_cors.test_any_other_page_sees_nothing",
        "tests.test_cors.test_a_star_lets_any_page_call_and_none_with_credentials",
    ],
    "an idempotency key of another API key": [
        "tests.test_auth.TestOwners.test_an_idempotency_key_of_another_key_is_another_one"
    ],
    "Host or X-Forwarded-For spoofed": [
        "tests.test_doors.test_by_its_own_names_only",
        "tests.test_proxies.test_a_proxy_of_ours_is_believed",
        "tests.test_proxies.test_nobody_else_is",
        "tests.test_key_limits.TestRequestsAMinute.test_it_goes_by_the_key_wherever_it_comes_from",
    ],
    "the same POST again": ["tests.test_joining.TestIdempotency.test_the_same_post_joins_the_running_summary"],
    "body that dribbles in": ["tests.test_bodies.test_a_body_that_dribbles_in_is_408"],
    "a page elsewhere": ["tests.test_app.TestDoors.test_a_page_elsewhere_cannot_spend"],
    "another key's summary": [
        "tests.test_event_log.test_another_keys_summary_is_as_one_that_does_not_exist",
        "tests.test_auth.TestOwners.test_another_keys_summary_is_as_one_that_does_not_exist",
    ],
    "what is no cursor": ["tests.test_callers.test_what_is_no_cursor_is_never_handed_on"],
    "what is kept no more": ["tests.test_limits.test_what_is_over_is_kept_within_its_bytes"],
    "a client that never reads": [
        "tests.test_slow_clients.test_a_crowd_of_them_disturbs_nobody",
        "tests.test_slow_clients.test_it_is_cut_while_the_model_is_silent",
        "tests.test_memory.test_a_client_that_never_reads_takes_at_most_160_kib",
    ],
    "a client that leaves": [
        "tests.test_app.TestLeaving.test_before_the_first_byte",
        "tests.test_app.TestLeaving.test_between_bullets",
        "tests.test_app.TestLeaving.test_during_a_replay",
        "tests.test_connections.test_a_client_that_sends_ahead_and_leaves_is_seen",
        "tests.test_churn.test_nothing_is_left_behind",
        "tests.test_key_limits.TestSummariesAtOnce.test_a_deletion_frees_its_place",
        "tests.test_key_limits.TestTokensADay.test_who_leaves_before_the_figures_come_pays_for_what_came",
    ],
    "CR LF in anything echoed": ["tests.test_envelope.test_anything_else_gets_a_new_one"],
}


# The table's rows, in its words: where each is shown, by the beginnings of the names above.
THREATS = {
    "no, malformed, unknown or revoked key": ["no, malformed, unknown or revoked key"],
    "another key's summary (read, resume, cancel)": ["another key's summary"],
    "`Last-Event-ID` malformed, of another summary, `$`, `-`, over 96 characters, with CR LF NUL": [
        *(
            "a cursor: malformed",
            "a cursor: not ASCII",
            "a cursor: over 96 characters",
            "a cursor: a control character",
        ),
        *("a cursor: CR LF NUL in the query", "a cursor: of another summary", "what is no cursor"),
    ],
    "a cursor past what is kept, or history lost": ["a cursor: nothing kept", "what is kept no more"],
    "too many requests, tokens or running summaries for a key": ["too many requests, tokens or running summaries"],
    "the limiter's store is down": ["the limiter's store is down"],
    "a storm of resumes": ["a storm of resumes"],
    "a page elsewhere that makes the browser spend (`<img src=…/stream?q=…>`), DNS rebinding": [
        *("a page elsewhere that makes the browser spend", "a page elsewhere", "DNS rebinding"),
    ],
    "body over the limit, declared or streamed": ["a body over the limit: "],
    "body that dribbles in": ["a body that does not come", "body that dribbles in"],
    "wrong type, charset, BOM, NaN, duplicate keys, depth over 8, lone surrogate, NUL, unknown field": [
        *("a wrong type or charset", "BOM", "UTF-16", "bad UTF-8", "NaN, Infinity", "duplicate keys", "depth over 8"),
        *("a lone surrogate", "NUL", "NUL as it is", "an unknown field"),
    ],
    "compressed body": ["a compressed body"],
    "`HEAD`, other methods": ["HEAD, other methods"],
    "CORS": ["CORS"],
    "an idempotency key of another API key": ["an idempotency key of another API key"],
    "Host or X-Forwarded-For spoofed": ["Host or X-Forwarded-For spoofed", "Host spoofed behind a proxy's header"],
    "CR LF in anything echoed": ["CR LF in anything echoed"],
    "a client that never reads": ["a client that never reads"],
    (
        "a client that leaves: before the first byte, mid-bullet, between bullets, half-close, reset, "
        "after pipelining bytes"
    ): ["a client that leaves"],
    "the same POST again": ["the same POST again"],
}
# The table itself, where the project stands beside it.
THREATS_FILE = Path(__file__).parents[2] / "shared" / "threats.md"


@pytest.mark.parametrize("threat", THREATS)
def test_each_row_of_the_table_is_shown_somewhere(threat: str) -> None:
    """By requests here, or by tests elsewhere."""
    shown = [*(row.threat for row in ROWS), *PROVED_BY]
    assert THREATS[threat]
    assert [name for name in THREATS[threat] if not any(each.startswith(name) for each in shown)] == []


def test_no_row_of_the_table_is_forgotten() -> None:
    """Its words are these; away from it (a copy of the project alone) they are what they were when it was last here."""
    there = callers_of(THREATS_FILE.read_text(encoding="utf-8")) if THREATS_FILE.exists() else list(THREATS)
    assert there == list(THREATS)


def callers_of(text: str) -> list[str]:
    """The first cells of its table of callers."""
    section = text.partition("## Callers")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("|")]
    return rows[2:]  # without the head and the rule below it


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.threat)
async def test_a_request_that_is_refused(row: Row) -> None:
    """With its status and code, before anything is spent, without a word of what was sent."""
    upstream = ScriptedUpstream(script=[DOCUMENT])
    settings = Settings(max_body_bytes=MAX_BODY_BYTES)
    async with served(upstream, settings=settings, patience=PATIENCE) as at:
        for request in row.requests:
            async with raw_client(at.port) as client:
                await client.send(request)
                status, code = await answer_of(client, without_body=request.startswith(b"HEAD"))
            assert (status, code) == (row.status, None if request.startswith(b"HEAD") else row.code), request[:200]
        assert (await at.client.get("/healthz")).status_code == 200
    assert upstream.prompts == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.code == "invalid_event_id"], ids=lambda row: row.threat)
async def test_what_is_no_cursor_is_never_handed_on(row: Row) -> None:
    """To the event log, which may be on Redis."""
    log = Asked()
    async with served(ScriptedUpstream(), log=log) as at:
        for request in row.requests:
            async with raw_client(at.port) as client:
                await client.send(request)
                assert (await client.head())[0] == row.status
    assert log.asked == []


class Asked(MemoryLog):
    """What it was asked for."""

    def __init__(self) -> None:
        super().__init__(grace_s=10, keep_s=10, keep_bytes=1000)
        self.asked: list[str] = []

    @override
    async def read(self, id: str, key: str) -> Sequence[Entry]:
        self.asked.append(id)
        return await super().read(id, key)

    @override
    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        self.asked.append(id)
        async with super().listen(id, key, after) as listener:
            yield listener


async def answer_of(client: RawClient, *, without_body: bool) -> tuple[int, str | None]:
    """The status, and the problem's code where there is one."""
    status, headers = await client.head()
    if without_body or headers.get("content-type") != "application/problem+json":
        return status, None
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])
    problem = json.loads(await client.reader.readexactly(int(headers["content-length"])))
    assert CANARY not in str(problem)
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    return status, str(problem["code"])


@pytest.mark.parametrize("name", [name for names in PROVED_BY.values() for name in names])
def test_what_is_proved_elsewhere_is_proved_there(name: str) -> None:
    """The table names tests that there are."""
    parts = name.split(".")
    found: object = importlib.import_module(".".join(parts[:2]))
    for part in parts[2:]:
        found = getattr(found, part)
    assert callable(found)


async def test_a_body_that_dribbles_in_is_cut_by_the_whole_time() -> None:
    """A byte now and then does not buy more of it."""
    async with served(ScriptedUpstream(), patience=PATIENCE) as at, raw_client(at.port) as client:
        dribble = asyncio.create_task(send_slowly(client, post({"text": "A source." * 50})))
        async with asyncio.timeout(5):
            assert await answer_of(client, without_body=False) == (408, "request_timeout")
        dribble.cancel()
        await asyncio.wait([dribble])


async def send_slowly(client: RawClient, data: bytes) -> None:
    head, _, rest = data.partition(b"\r\n\r\n")
    await client.send(head + b"\r\n\r\n")
    for byte in rest:
        await client.send(bytes([byte]))
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "head",
    [
        "X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n",
        "Forwarded: host=evil\r\n",
    ],
)
async def test_what_a_proxy_would_say_changes_nothing(head: str) -> None:
    """No proxy is trusted yet; and references are relative."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as at, raw_client(at.port) as client:
        await client.send(get("/stream?q=a", head=head))
        status, headers = await client.head()
    assert status == 200
    assert headers["location"].startswith("/v1/summaries/")
    assert "evil" not in str(headers)


@pytest.mark.parametrize("request_id", ["a b", "é", "a;b", "x" * 129, "a%0d%0aX-Evil: 1"])
async def test_nothing_is_echoed_that_could_break_a_header(request_id: str) -> None:
    """A request's id that is none is replaced."""
    async with served(ScriptedUpstream()) as at, raw_client(at.port) as client:
        await client.send(get("/healthz", head=f"X-Request-ID: {request_id}\r\n"))
        status, headers = await client.head()
    assert status == 200
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])
    assert "x-evil" not in headers


async def test_no_other_origin_is_allowed_anything() -> None:
    """CORS is off by default."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as at:
        for path in ("/healthz", "/stream?q=a", "/nowhere"):
            response = await at.client.get(path, headers={"Origin": "https://elsewhere.example"})
            assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_every_answer_keeps_browsers_honest() -> None:
    """Streams and errors, of a route, of a door, and of nobody."""
    settings = keyed(Settings(cors_origins=("https://app.example",), trusted_hosts=("localhost",)), streams=1)
    preflight = "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n"
    alice = f"Authorization: Bearer {ALICE}\r\n"
    cases = [
        (get("/stream?q=a", head=alice), 200),
        (get("/stream?q=a", head=alice), 429),
        (get("/healthz"), 200),
        (get("/readyz").replace(b"GET", b"OPTIONS").replace(b"Host", preflight.encode() + b"Host"), 204),
        (get("/v1/models?key=a"), 400),
        (get("/v1/models"), 401),
        (get("/v1/models").replace(b"localhost", b"evil.example"), 403),
        (get("/nowhere", head=alice), 404),
        (get("/v1/models", head=alice).replace(b"GET", b"PUT"), 405),
    ]
    async with served(ScriptedUpstream(script=[None]), settings=settings) as at, AsyncExitStack() as stack:
        for request, status in cases:
            client = await stack.enter_async_context(raw_client(at.port))
            await client.send(request)
            answered, headers = await client.head()
            assert answered == status, request
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"].startswith("no-store")
            assert headers["x-request-id"]


async def test_a_request_that_fits_is_served() -> None:
    """The rows' requests are refused for what is wrong with them, not for what they share."""
    upstream = ScriptedUpstream(script=[DOCUMENT])
    requests = [
        text('"a"'),
        chunked(b'{"text":', b' "a"}') + b"0\r\n\r\n",
        get("/stream?q=a"),
        text('"' + "[" * 50 + '"'),
    ]
    for request in requests:
        async with (
            served(upstream, settings=Settings(max_body_bytes=MAX_BODY_BYTES)) as at,
            raw_client(at.port) as client,
        ):
            await client.send(request)
            assert (await client.head())[0] == 200
            await client.reader.readuntil(b"summary.completed")
