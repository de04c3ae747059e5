"""What `make demo` shows: a real model, over HTTP, on this machine alone; bullets the moment they arrive.

Starts `streamsum serve` with the embedded model on a free loopback port, sends it the texts beside this file, prints
each bullet with the time since the request and the words of the text that support it, what was withheld and why, then
the ledger, and stops the service.
"""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

EXAMPLES = Path(__file__).parent
LISTENING = re.compile(r'"event": "listening", "url": "(http://[^"]+)"')
# Four bullets, and of these only what the text supports: the smallest of models invents names and numbers.
WISHES = {"max_bullets": 4, "evidence": "require"}
# It reads 100 tokens a second on one core: to ask again for what was withheld would take as long as all the rest.
ENVIRONMENT = {"STREAMSUM_UPSTREAM": "embedded", "STREAMSUM_REASK": "0"}
# The embedded model writes 40 tokens a second or more on one core; a summary has at most a thousand.
PATIENCE_S = 120


@contextmanager
def service() -> Iterator[str]:
    """A running service; gives its URL. Only what a process needs is taken from the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STREAMSUM_", "OPENAI_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "streamsum", "serve", "--port", "0"],
        env=kept | ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _url(process)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _url(process: "subprocess.Popen[str]") -> str:
    said = []
    assert process.stderr  # noqa: S101 - it was asked for
    for line in process.stderr:
        said.append(line)
        if found := LISTENING.search(line):
            return found[1]
    sys.exit("the service did not start:\n" + "".join(said))


def summarise(client: httpx2.Client, url: str, text: str) -> None:
    """Print a summary of `text` as it comes."""
    began = time.perf_counter()
    with client.sse(url + "/v1/summaries", method="POST", json={"text": text} | WISHES) as events:
        if not events.response.is_success:
            sys.exit(f"the service said: {events.response.read().decode()}")
        for event in events:
            show(json.loads(event.data), time.perf_counter() - began, text)


def show(event: dict[str, Any], seconds: float, source: str) -> None:
    """One event, for a reader."""
    match event["type"]:
        case "bullet":
            say(f"{seconds:6.2f} s  • ", event["text"])
            for span in event["evidence"]:
                # In code points of the text as sent: in Python, its own indices.
                say(" " * 12, f"<- {source[span['start'] : span['end']]} ({span['match']}, {span['score']})")
        case "bullet.rejected":
            say(f"{seconds:6.2f} s  ✗ ", "withheld: " + " ".join(reason["detail"] for reason in event["reasons"]))
        case "summary.completed":
            ledger(event)
        case "summary.failed":
            print(f"{seconds:6.2f} s  failed: {event['problem']['detail']}")
            ledger(event["ledger"])
        case _:
            pass  # a client ignores what it does not know
    sys.stdout.flush()


def say(start: str, words: str) -> None:
    """A paragraph behind `start`."""
    print(textwrap.fill(" ".join(words.split()), 110, initial_indent=start, subsequent_indent=" " * 12))


def ledger(ledger: dict[str, Any]) -> None:
    """The closing account, in a few lines."""
    timing = ledger["timing"]
    print(
        f"\n  {ledger['finish']}: {ledger['bullets']} bullets, {ledger['rejected']} withheld, {ledger['repaired']} anew"
    )
    print(f"  first bullet after {timing['first_bullet_ms']} ms, all after {timing['total_ms']} ms")
    for one in ledger["passes"]:
        print(
            f"  {one['kind']}: {one['model']}, {one['prompt_tokens']} tokens read, {one['completion_tokens']} written"
        )
    print()


def main() -> None:
    """Every text beside this file."""
    print("starting the service with the embedded model ...", flush=True)
    with service() as url, httpx2.Client(timeout=PATIENCE_S, trust_env=False) as client:
        for file in sorted(EXAMPLES.glob("*.txt")):
            text = file.read_text(encoding="utf-8")
            print(f"POST {url}/v1/summaries  ({file.name}, {len(text.split())} words)\n", flush=True)
            summarise(client, url, text)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
