"""The command line: what people type, and what they are told. Nobody is shown a traceback.

Imports stand where they are needed, so that `--help` and usage errors come at once.
"""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from io import TextIOWrapper
from typing import Any

from streamsum import __version__
from streamsum.standard_streams import give_up, open_closed

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE

_EXAMPLES = """\
examples:
  streamsum summarize article.txt
  streamsum summarize --evidence attach *.txt
  curl -s https://example.org/notes.txt | streamsum summarize --max-bullets 3 --focus prices
  streamsum serve --port 8080
  curl -N 'http://127.0.0.1:8080/stream?q=Some+long+text'

The model is an OpenAI-compatible server's if OPENAI_API_KEY is set (OPENAI_BASE_URL, STREAMSUM_MODEL), else the
built-in one.
"""

_NEW_KEY = """\
The key of {name}, shown this once (Authorization: Bearer KEY):

{key}

For the server's STREAMSUM_KEYS_FILE:

[[keys]]
name = "{name}"
sha256 = "{sha256}"
# requests_per_minute = 60
# streams = 5
# tokens_per_day = 1000000
# models = ["gpt-4o-mini"]"""

_EXIT_STATUS = """\
exit status: 0 completed, 3 completed but cut short, 1 failed, 2 bad usage, 130 interrupted
"""


def main(argv: Sequence[str] | None = None, *, environment: Mapping[str, str] = os.environ) -> int:
    """Run one command; the result is the exit status. Raises SystemExit on bad usage, as argparse does."""
    open_closed()
    arguments = _parser().parse_args(argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without bullets, or without the text's letters
    try:
        status: int = arguments.run(arguments, environment)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        give_up(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:  # of standard output, all but for certain: what else is opened tells of itself
        from streamsum import terminal

        give_up(sys.stdout)
        terminal.say(f"cannot go on: {error.strerror or 'the system does not say why'}")
        return terminal.FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    plain = partial(argparse.RawDescriptionHelpFormatter, max_help_position=28)
    parser = argparse.ArgumentParser(
        prog="streamsum",
        description="Summaries that arrive one validated bullet at a time, while the model is still writing.",
        epilog=_EXAMPLES,
        formatter_class=plain,
    )
    parser.add_argument("-V", "--version", action="version", version=f"streamsum {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the service", description="Run the service, until Ctrl-C.")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", default=8080, type=_port, help="0 takes a free one (default: %(default)s)")
    serve.set_defaults(run=_serve)

    summarize = commands.add_parser(
        "summarize",
        help="summarise files, or standard input",
        description="Summarise each FILE, or standard input. Bullets appear as they are validated.",
        epilog=_EXIT_STATUS,
        formatter_class=plain,
    )
    summarize.add_argument("files", metavar="FILE", nargs="*", help="UTF-8 text; - is standard input (default)")
    summarize.add_argument("--max-bullets", type=int, metavar="N", help="as many as may come: 1 to 50 (default: 5)")
    summarize.add_argument("--max-bullet-chars", type=int, metavar="N", help="of each: 20 to 1000 (default: 280)")
    summarize.add_argument("--focus", metavar="WORDS", help="what the reader cares about")
    summarize.add_argument("--language", metavar="TAG", help="of the bullets: en, pt-BR (default: the text's)")
    summarize.add_argument(
        "--evidence",
        choices=("off", "attach", "require"),
        help="show where each bullet comes from; require: withhold what the text does not support",
    )
    summarize.add_argument("--model", help="instead of STREAMSUM_MODEL")
    summarize.add_argument("--url", help="ask this server (default: STREAMSUM_URL, if set; its key: STREAMSUM_KEY)")
    summarize.add_argument("--json", action="store_true", help="print every event, one line of JSON each")
    summarize.set_defaults(run=_summarize)

    doctor = commands.add_parser(
        "doctor",
        help="look whether everything that the service needs is there",
        description="Look at the settings, the event log and the model, and summarise a sentence with it, end to end.",
        epilog="exit status: 0 all is well, 1 something is wrong, 2 a setting is\n",
        formatter_class=plain,
    )
    doctor.set_defaults(run=_doctor)

    key = commands.add_parser(
        "key",
        help="make a key for a caller",
        description="Make a key, and show it once. The server keeps only what it needs to know it again.",
        formatter_class=plain,
    )
    key.add_argument("name", metavar="NAME", type=_key_name, help="whose it is: letters, digits, `.`, `_`, `-`")
    key.set_defaults(run=_key)
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _key_name(text: str) -> str:
    from streamsum.keys_file import is_name

    if not is_name(text):
        raise argparse.ArgumentTypeError("a name is 1 to 64 letters, digits, `.`, `_`, `-`")
    return text


def _key(arguments: argparse.Namespace, _environment: Mapping[str, str]) -> int:
    from streamsum import terminal
    from streamsum.api_key import digest_of, new_key

    key = new_key()
    print(_NEW_KEY.format(name=arguments.name, key=key, sha256=digest_of(key).hex()))
    return terminal.COMPLETED


def _serve(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from streamsum import terminal
    from streamsum.errors import SettingsError
    from streamsum.event_loop import new_event_loop
    from streamsum.listening import PortTaken, bind, bind_metrics
    from streamsum.serve import serve
    from streamsum.settings import Settings
    from streamsum.telemetry.escapes import contained
    from streamsum.telemetry.logs import set_up
    from streamsum.web.app import create_app

    try:
        settings = Settings.read(environment)
        set_up(settings.log_level, settings.log_format)
        with (
            contained(),
            bind(arguments.host, arguments.port, settings) as listener,
            bind_metrics(settings) as metrics,
        ):
            app = create_app(settings)
            # What is here now stays. To walk through all of it with each full collection would hold every stream up.
            gc.freeze()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(serve(app, listener, metrics=metrics))
    except SettingsError as error:
        terminal.say(str(error))
        return terminal.BAD_USAGE
    except PortTaken as error:
        terminal.say(str(error))
        return terminal.FAILED
    return terminal.COMPLETED


def _summarize(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from streamsum.summarizing import Wishes, summarize_files

    wishes = Wishes(
        options=_options(arguments),
        url=arguments.url or environment.get("STREAMSUM_URL") or None,
        as_json=arguments.json,
        shows_evidence=arguments.evidence in {"attach", "require"},
    )
    return summarize_files(arguments.files, wishes, environment)


def _doctor(_arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from streamsum.doctor import examine
    from streamsum.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:  # as the service, whose parts it starts
        return runner.run(examine(environment))


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("max_bullets", "max_bullet_chars", "focus", "language", "evidence", "model")
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}
