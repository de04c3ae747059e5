"""`streamsum summarize`: one text after the other, by a model that is asked from here or by a running server."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from streamsum import terminal
from streamsum.client.errors import ClientError, Refused
from streamsum.core.events import Event
from streamsum.errors import Problem, RequestRefused, SettingsError
from streamsum.screen import Screen, standard
from streamsum.settings import Settings
from streamsum.source import Unreadable, read_source
from streamsum.telemetry.logs import set_up
from streamsum.upstreams_file import is_url

# With several texts the shell is told of the worst.
_FROM_BAD_TO_WORSE = (terminal.COMPLETED, terminal.TRUNCATED, terminal.FAILED, terminal.BAD_USAGE)

# Of what a server refuses: what is over a limit, or came too slowly, may well be taken in a minute.
_PASSING = (408, 429)

_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was typed: `options` are fields of the request; `url` is a server's, or None."""

    options: dict[str, Any]
    url: str | None
    as_json: bool
    shows_evidence: bool


def summarize_files(files: Sequence[str], wishes: Wishes, environment: Mapping[str, str]) -> int:
    """Show a summary of each; the exit status is the worst of theirs. Raises KeyboardInterrupt."""
    try:
        settings = _settings(wishes, environment)
        set_up("ERROR", "console")  # what went wrong is said once, and by us
    except SettingsError as error:
        terminal.say(str(error))
        return terminal.BAD_USAGE
    statuses = []
    for n, file in enumerate(files or [_STDIN]):
        if len(files) > 1 and not wishes.as_json:
            print(f"{chr(10) * (n > 0)}==> {terminal.printable(file)} <==", flush=True)
        statuses.append(_summarize_file(file, wishes, settings, environment))
    return max(statuses, key=_FROM_BAD_TO_WORSE.index)


def _settings(wishes: Wishes, environment: Mapping[str, str]) -> Settings:
    settings = Settings.read(environment)
    if wishes.url is not None and not is_url(wishes.url):
        raise SettingsError("--url (STREAMSUM_URL) must be the URL of a server, as in http://127.0.0.1:8080")
    model = wishes.options.get("model")
    return settings if model is None or wishes.url is not None else replace(settings, model=model)


def _summarize_file(file: str, wishes: Wishes, settings: Settings, environment: Mapping[str, str]) -> int:
    try:
        text = read_source(file, max_bytes=settings.max_body_bytes)
        screen = standard(
            environment,
            source=text if wishes.shows_evidence else None,
            as_json=wishes.as_json,
            has_hints=wishes.url is None and terminal.can_help(settings),
        )
        options = wishes.options | ({"preview": True} if _may_preview(wishes, screen) else {})
        return asyncio.run(_show(_summary(text, options, wishes.url, settings, environment), screen))
    except RequestRefused as error:
        return _refused(terminal.explain(error.problem), error.problem)
    except Refused as error:
        words = f"{terminal.explain(error.problem, has_hints=False)} {_hint(error, wishes)}"
        return _refused(words.strip(), error.problem)
    except ClientError as error:
        terminal.say(f"{error}. {_hint(error, wishes)}".strip())
        return terminal.FAILED
    except (SettingsError, Unreadable) as error:
        terminal.say(str(error))
        return terminal.BAD_USAGE


def _may_preview(wishes: Wishes, screen: Screen) -> bool:
    """What may yet be withheld is not shown before."""
    return screen.is_live and wishes.options.get("evidence") != "require"


def _summary(
    text: str, options: dict[str, Any], url: str | None, settings: Settings, environment: Mapping[str, str]
) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
    if url is not None:
        from streamsum.remote import summarize_there

        return summarize_there(url, text, key=environment.get("STREAMSUM_KEY") or None, options=options)
    from streamsum.inprocess import summarize

    return summarize(text, settings=settings, **options)


async def _show(summary: AbstractAsyncContextManager[AsyncIterator[Event]], screen: Screen) -> int:
    last = None
    try:
        async with summary as events:
            async for last in events:
                screen.show(last)
    finally:
        screen.clear()
    return terminal.exit_status(last)


def _refused(words: str, problem: Problem) -> int:
    terminal.say(words)
    return terminal.FAILED if problem.status >= 500 or problem.status in _PASSING else terminal.BAD_USAGE


def _hint(error: ClientError, wishes: Wishes) -> str:
    from streamsum.remote import hint

    return hint(error, wishes.url or "")
