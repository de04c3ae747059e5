"""What a delta costs the decoder, against other ways to the same elements, for documents of four sizes.

    python -m benchmarks.core [--json] [--up-to CHARS] [--rounds N]

Deltas have 4 characters, as a model's tokens have. Every answer is checked against the elements that the document was
written from. The contestants take turns, and the best of the rounds counts: a shared machine only ever adds time. Those
that are quadratic are left out where they would take minutes.
"""

import argparse
import gc
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import ijson
import jiter

from benchmarks.ground import ground, tell
from streamsum.core.document import Limits
from streamsum.core.elements import ElementDecoder

SIZES = (2_000, 20_000, 200_000, 2_000_000)
KINDS = ("prose", "objects", "escapes", "emoji", "giant")
DELTA_CHARS = 4
# As large as a document here can be: what the limits cost is in the figures, what they forbid is not.
LIMITS = Limits(element_chars=10**9, elements=10**9, document_chars=10**9)
# A shared machine is at half its speed most of the time. So all documents and contestants take turns, the smallest
# documents several times, the largest only in every third round; and of each lap of a document the best time counts.
ROUNDS = 24
ROUND_CHARS = 20_000
LAP_DELTAS = 2_500

Elements = list[Any]
_PROSE = "the keeper of a light writes down what ships went by in every night of thirty years and his book"
_WORDS = {
    "escapes": r"\"the keeper\" caf\u00e9 a\/b line\n \ud83d\ude00 of light ships went",
    "emoji": "😀 der 🏳️‍🌈 Wärter 日本語 schreibt ✍️ über die Schiffe 🚢 jede Nacht",
}


class WrongAnswer(Exception):
    """A contestant found other elements than there are: its time means nothing."""


@dataclass(frozen=True, eq=False)
class Case:
    """A document as it arrives, in laps, and what is in it."""

    kind: str
    chars: int
    laps: list[list[str]]
    encoded: list[list[bytes]]
    elements: Elements


@dataclass(frozen=True)
class Contestant:
    """A way to the elements, and the longest documents that it gets through in a sensible time."""

    name: str
    read: Callable[[Case], Iterator[Elements]]  # lap by lap: what has been found so far
    up_to: int = SIZES[-1]
    up_to_giant: int = SIZES[-1]
    turns: int = ROUNDS

    def takes(self, case: Case, turn: int) -> bool:
        """Is it tried on such a document now?"""
        fits = case.chars <= (self.up_to_giant if case.kind == "giant" else self.up_to)
        return fits and turn < self.turns and (case.chars < SIZES[-1] or turn % 3 == 0)


@dataclass(frozen=True)
class Result:
    """The best time of a contestant over one case."""

    kind: str
    chars: int
    contestant: str
    microseconds: float  # a delta


def streamsum(case: Case) -> Iterator[Elements]:
    """Ours, with every check of the decoder on."""
    feed = ElementDecoder(limits=LIMITS).feed
    found: Elements = []
    for lap in case.laps:
        for delta in lap:
            if closed := feed(delta):
                found += [element.value for element in closed]
        yield found


def ijson_push(case: Case) -> Iterator[Elements]:
    """ijson's push interface on its C backend; the deltas are encoded beforehand, at no cost to it."""
    found: Elements = []
    items = ijson.sendable_list()
    send = ijson.get_backend("yajl2_c").items_coro(items, "bullets.item", use_float=True).send
    for lap in case.encoded:
        for delta in lap:
            send(delta)
            if items:
                found += items
                items.clear()
        yield found


def jiter_whole_text(case: Case) -> Iterator[Elements]:
    """The text so far parsed anew at each delta, as many libraries do it."""
    text, parsed = "", {}
    for lap in case.laps:
        for delta in lap:
            text += delta
            parsed = jiter.from_json(text.encode(), partial_mode="trailing-strings")
        yield parsed["bullets"]


def jiter_at_the_end(case: Case) -> Iterator[Elements]:
    """No stream at all: what one parse costs."""
    yield jiter.from_json("".join(chain.from_iterable(case.laps)).encode())["bullets"]


CONTESTANTS = (
    Contestant("streamsum", streamsum),
    Contestant("ijson", ijson_push, up_to_giant=SIZES[1]),
    Contestant("jiter at each", jiter_whole_text, up_to=SIZES[1], up_to_giant=SIZES[1], turns=3),
    Contestant("jiter at end", jiter_at_the_end),
)


def make_case(kind: str, chars: int) -> Case:
    """The same document for the same kind and size: strings of a sentence each, as our prompt asks for them.

    `objects` has them as `{"text": …}`, as it asks for a user's own items; `giant` is a single one.
    """
    draw = random.Random(f"{kind} {chars}")
    words = _WORDS.get(kind, _PROSE).split()
    items: list[str] = []
    length = 0
    while length < chars:
        count = chars // 4 if kind == "giant" else draw.randint(12, 45)
        sentence = '"' + " ".join(draw.choices(words, k=count)) + '."'
        items.append(f'{{"text": {sentence}}}' if kind == "objects" else sentence)
        length += len(items[-1]) + 2
    text = '{"bullets": [' + ", ".join(items) + "]}"
    # Equal deltas are one object: fresh from the network they are in the cache, not in 30 MB of memory.
    deltas = [sys.intern(text[at : at + DELTA_CHARS]) for at in range(0, len(text), DELTA_CHARS)]
    laps = [deltas[at : at + LAP_DELTAS] for at in range(0, len(deltas), LAP_DELTAS)]
    bytes_of = {delta: delta.encode() for delta in deltas}
    encoded = [[bytes_of[delta] for delta in lap] for lap in laps]
    return Case(kind, chars, laps, encoded, json.loads(text)["bullets"])


def measure(
    cases: Sequence[Case], contestants: Iterable[Contestant] = CONTESTANTS, *, rounds: int = ROUNDS
) -> list[Result]:
    """The best time of each contestant over each case: the sum of its best laps. Raises WrongAnswer."""
    best: dict[tuple[Case, Contestant], list[float]] = {}
    for turn, case, contestant in product(range(rounds), cases, contestants):
        if contestant.takes(case, turn):
            for _ in range(max(1, ROUND_CHARS // case.chars)):
                laps = _clock(contestant, case)
                best[case, contestant] = list(map(min, laps, best.get((case, contestant), laps)))
    return [
        Result(case.kind, case.chars, contestant.name, sum(laps) / sum(map(len, case.laps)) * 1e6)
        for (case, contestant), laps in best.items()
    ]


def _clock(contestant: Contestant, case: Case) -> list[float]:
    """Seconds of CPU for each lap, so that what else the machine does counts less."""
    laps: list[float] = []
    found: Elements = []
    reading = contestant.read(case)
    while True:
        began = time.process_time()
        so_far = next(reading, None)
        if so_far is None:
            break
        laps.append(time.process_time() - began)
        found = so_far
    if found != case.elements:
        raise WrongAnswer(f"{contestant.name}, {case.kind}, {case.chars} characters")
    return laps


def exponent(results: Iterable[Result]) -> float:
    """k where the time of a whole document grows as its size to the k: the slope of a line through the logarithms."""
    points = [(math.log(each.chars), math.log(each.chars * each.microseconds)) for each in results]
    xs, ys = zip(*points, strict=True)
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope: float = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x in xs)
    return slope


def table(results: Sequence[Result]) -> Iterator[str]:
    """Microseconds a delta, in Markdown."""
    names = list(dict.fromkeys(each.contestant for each in results))
    times = {(each.kind, each.chars, each.contestant): each.microseconds for each in results}
    yield f"| µs of CPU a delta | {' | '.join(names)} | streamsum / ijson |"
    yield "|---|" + "---:|" * (len(names) + 1)
    for kind, chars in dict.fromkeys((each.kind, each.chars) for each in results):
        row = [times.get((kind, chars, name)) for name in names]
        ours, theirs = times.get((kind, chars, "streamsum")), times.get((kind, chars, "ijson"))
        cells = [*map(_cell, row), _cell(ours / theirs if ours and theirs else None)]
        yield f"| {kind}, {chars:,} characters | {' | '.join(cells)} |"
    for kind in dict.fromkeys(each.kind for each in results):
        cells = [_growth([r for r in results if (r.kind, r.contestant) == (kind, name)]) for name in names]
        yield f"| {kind}, exponent | {' | '.join(cells)} | |"


def _cell(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.2f}"


def _growth(results: Sequence[Result]) -> str:
    return f"{exponent(results):.2f}" if len(results) > 1 else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.core", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--up-to", type=int, default=SIZES[-1], metavar="CHARS", help="leave larger documents out")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    sizes = [chars for chars in SIZES if chars <= options.up_to]
    cases = [make_case(kind, chars) for kind in KINDS for chars in sizes]
    gc.freeze()  # what is only there to be read need not be looked through for garbage
    results = measure(cases, rounds=options.rounds)
    tell(results, table, on=ground("ijson", "jiter", "pydantic"), as_json=options.json)


if __name__ == "__main__":
    main()
