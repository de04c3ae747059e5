"""The list of what a line may say, kept where lines are said."""

import ast
from pathlib import Path

import pytest

from streamsum.telemetry.fields import MAX_CHARS, MAX_PARTS, Fields, PassFields, keep_known

PACKAGE = Path(__file__).parent.parent / "streamsum"
LEVELS = {"debug", "info", "warning", "error"}


def test_what_is_not_on_the_list_is_dropped() -> None:
    """Whatever it is."""
    assert keep_known({"finish": "complete", "text": "xyzzy-canary", "bullets": 3}) == {
        "finish": "complete",
        "bullets": 3,
    }


@pytest.mark.parametrize("value", ["x" * (MAX_CHARS + 1), ["a"], {"a": 1}, object(), b"bytes", ValueError("a")])
def test_what_is_not_plain_and_short_is_dropped(value: object) -> None:
    """A field is no place for a text, an exception, or anything that holds one."""
    assert keep_known({"what": value, "code": "limit"}) == {"code": "limit"}


@pytest.mark.parametrize("value", ["x" * MAX_CHARS, 7, 0.5, True, None])
def test_what_is_plain_is_kept(value: object) -> None:
    """Names, counts, times, and what nobody knows."""
    assert keep_known({"what": value}) == {"what": value}


def test_so_it_is_with_each_call() -> None:
    """A summary's calls are the only list there is, and a short one."""
    calls = [{"kind": "first", "cause": "stop", "prompt": "xyzzy-canary"}] * (MAX_PARTS + 1)
    assert keep_known({"passes": calls}) == {"passes": [{"kind": "first", "cause": "stop"}] * MAX_PARTS}
    assert keep_known({"passes": "xyzzy-canary"}) == {}


def _calls() -> list[tuple[str, ast.Call]]:
    """Every line that is said anywhere in the package."""
    found = []
    for module in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr=level)) if level in LEVELS:
                    found.append((f"{module.relative_to(PACKAGE)}:{node.lineno}", node))
    return found


def test_every_line_has_constant_words() -> None:
    """What differs from one to the next is in a field, and so on the list."""
    assert len(_calls()) > 20
    for place, call in _calls():
        (event,) = call.args
        either = [event.body, event.orelse] if isinstance(event, ast.IfExp) else [event]
        assert all(isinstance(each, ast.Constant) for each in either), place
        given = {keyword.arg for keyword in call.keywords}
        assert given <= set(Fields.__annotations__) | {None}, place


def test_nobody_else_logs() -> None:
    """One place decides: no module has a logger of its own, and nobody prints but programs."""
    for module in sorted(PACKAGE.rglob("*.py")):
        text = module.read_text()
        if module.parent.name != "telemetry":
            assert "getLogger" not in text, module
        if module.name not in {"terminal.py", "cli.py", "summarizing.py", "doctor.py", "llama_server.py"}:
            assert "print(" not in text, module


def test_no_field_is_for_a_text() -> None:
    """Whoever adds one thinks twice: here is the list of what is a string."""
    strings = {name for name, kind in Fields.__annotations__.items() if kind is str}
    assert strings == {
        *("summary", "request_id", "key", "trace_id", "method", "route", "outcome", "finish", "code", "upstream"),
        *("model", "provider_code", "provider_type", "provider_param", "parameters", "error", "what", "url"),
        *("signal", "logger", "at"),
    }
    assert {name for name, kind in PassFields.__annotations__.items() if kind is str} == {
        *("kind", "upstream", "model", "cause"),
    }
