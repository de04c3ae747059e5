"""`python -m benchmarks.fake_upstream`: prints its base URL when it listens, serves until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

from benchmarks.fake_upstream.delivery import Delivery
from benchmarks.fake_upstream.journal import Journal
from benchmarks.fake_upstream.script import TOKEN_CHARS, Script, answer, bullets
from benchmarks.fake_upstream.script_text import ScriptError, parse
from benchmarks.fake_upstream.server import FakeUpstream


def main() -> None:
    """Read the command line and serve."""
    parser = _parser()
    options = parser.parse_args()
    try:
        script = _script(options)
        delivery = Delivery(
            pace=options.pace,
            first_token_delay=options.first_token_delay,
            coalesce=options.coalesce,
            cut=options.cut,
        )
        with ExitStack() as files:
            journal = Journal(files.enter_context(options.journal.open("a"))) if options.journal else None
            asyncio.run(_serve(script, delivery, options, journal))
    except (OSError, ValueError) as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fake_upstream", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--script", type=Path, metavar="FILE", help="play this script for every call")
    what.add_argument("--bullets", type=int, default=5, metavar="N", help="play an answer of N bullets")
    parser.add_argument("--token-chars", type=int, default=TOKEN_CHARS, metavar="N", help="characters a token")
    parser.add_argument("--pace", type=float, default=0.0, metavar="TOKENS_PER_S", help="0 for full speed")
    parser.add_argument("--first-token-delay", type=float, default=0.0, metavar="S")
    parser.add_argument("--coalesce", type=int, default=1, metavar="N", help="events a write")
    parser.add_argument("--cut", type=int, default=0, metavar="BYTES", help="bytes a write; 0 for whole events")
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="add a line for each call: when its elements closed"
    )
    return parser


def _script(options: argparse.Namespace) -> Script:
    if options.script is None:
        return answer(
            bullets(
                *(f"Point {number} of the text, in a sentence of its own." for number in range(1, options.bullets + 1))
            ),
            token_chars=options.token_chars,
        )
    try:
        return parse(options.script.read_text(encoding="utf-8"), token_chars=options.token_chars)
    except ScriptError as error:
        raise ValueError(f"{options.script}: {error}") from error


async def _serve(script: Script, delivery: Delivery, options: argparse.Namespace, journal: Journal | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FakeUpstream(
        script, delivery=delivery, host=options.host, port=options.port, record=False, journal=journal
    ) as upstream:
        print(upstream.base_url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
