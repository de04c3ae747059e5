"""What it costs to index a source, and to find where a bullet of it comes from.

    python -m benchmarks.evidence [--json] [--sizes CHARS ...] [--pieces N]

Sources are a piece of prose of tests/evidence among made-up prose, up to their size, with a vocabulary as a language
has it: few words often, most of them rarely. Bullets are those of the labelled set for that piece. Every answer is
checked: what is faithful must be supported, by words of the piece, and a changed number must be caught. Sources and
bullets take turns, and the best of the rounds counts: a shared machine only ever adds time.
"""

import argparse
import random
import statistics
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.ground import ground, tell
from streamsum.core.evidence import Evidence
from streamsum.core.source import Source

PIECES = Path(__file__).parent.parent / "tests" / "evidence" / "tuning"
SIZES = (10_000, 100_000)
ROUNDS = 25
VOCABULARY, SENTENCE_WORDS, NUMBER_EVERY = 20_000, (8, 30), 60
SYLLABLES = "ba ce di fo gu ha le mi no pu ra se ti vo wu den mar lis ton ven".split()  # noqa: SIM905
# A faithful bullet whose evidence in the piece is one of the made-up sentences would be a wrong answer; one in so many
# may be judged wrongly, as in the labelled set itself.
MAY_BE_WRONG = 0.05


class WrongAnswer(Exception):
    """What was found is not what is there: the time means nothing."""


@dataclass(frozen=True)
class Case:
    """A source, and where in it the piece is that the bullets are of."""

    name: str
    chars: int
    text: str
    start: int
    end: int
    faithful: list[str]
    paraphrases: list[str]
    numbers: list[str]


@dataclass(frozen=True)
class Result:
    """Milliseconds of CPU; of bullets the mean, and the 95th percentile of all."""

    name: str
    chars: int
    index_ms: float
    faithful_ms: float
    paraphrase_ms: float
    bullet_p95_ms: float
    quote_ms: float


def english_pieces() -> list[Path]:
    """The made-up prose has English small words."""
    files = sorted(PIECES.glob("*.toml"))
    return [file for file in files if tomllib.loads(file.read_text(encoding="utf-8"))["language"] == "en"]


def make_case(file: Path, chars: int) -> Case:
    """The same for the same piece and size."""
    piece = tomllib.loads(file.read_text(encoding="utf-8"))
    draw = random.Random(f"{file.stem} {chars}")
    around = _prose(draw, chars - len(piece["text"]))
    half = around.find(" ", len(around) // 2) + 1
    text = f"{around[:half]}\n\n{piece['text']}\n\n{around[half:]}"
    start = text.index(piece["text"])
    bullets = (piece["faithful"], piece["paraphrases"], piece["numbers"])
    return Case(file.stem, chars, text, start, start + len(piece["text"]), *bullets)


def _prose(draw: random.Random, chars: int) -> str:
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(VOCABULARY)]
    small = "the of and to in was it for on that with as at by from".split()  # noqa: SIM905
    sentences: list[str] = []
    length = 0
    while length < chars:
        drawn = [
            str(draw.randint(100, 99_999))
            if draw.randrange(NUMBER_EVERY) == 0
            else draw.choice(small)
            if draw.random() < 0.45
            else words[min(int(draw.paretovariate(0.7)), VOCABULARY) - 1]
            for _ in range(draw.randint(*SENTENCE_WORDS))
        ]
        sentences.append(" ".join(drawn).capitalize() + ".")
        length += len(sentences[-1]) + 1
    return " ".join(sentences)


def check(case: Case, evidence: Evidence) -> None:
    """Raises WrongAnswer."""
    wrong = 0
    for bullet in case.faithful:
        finding = evidence.find(bullet)
        inside = all(case.start <= span.start and span.end <= case.end for span in finding.spans)
        wrong += not (finding.supported and finding.numbers_hold and inside)
    wrong += sum(evidence.find(bullet).numbers_hold for bullet in case.numbers)
    if wrong > MAY_BE_WRONG * len(case.faithful + case.numbers) + 1:
        raise WrongAnswer(f"{case.name}, {case.chars} characters: {wrong} bullets")


def measure(cases: Sequence[Case], rounds: int = ROUNDS) -> list[Result]:
    """The best time of each step over each case. Raises WrongAnswer."""
    indexed = [Evidence(Source(case.text)) for case in cases]
    for case, evidence in zip(cases, indexed, strict=True):
        check(case, evidence)
    return [_measure(case, evidence, rounds) for case, evidence in zip(cases, indexed, strict=True)]


def _measure(case: Case, evidence: Evidence, rounds: int) -> Result:
    source = Source(case.text)
    quote = case.text[case.start : case.start + 80].strip().upper()
    faithful, paraphrases = (
        [_clock(partial(evidence.find, bullet), rounds) for bullet in bullets]
        for bullets in (case.faithful, case.paraphrases)
    )
    return Result(
        case.name,
        case.chars,
        _clock(lambda: Evidence(source), rounds),
        statistics.mean(faithful),
        statistics.mean(paraphrases),
        statistics.quantiles(faithful + paraphrases, n=20, method="inclusive")[-1],
        _clock(lambda: evidence.find(case.faithful[0], quote=quote), rounds),
    )


def _clock(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best * 1e3


def table(results: Sequence[Result]) -> Iterator[str]:
    """Milliseconds, in Markdown: for each size the mean over the pieces, and the worst of them."""
    yield "| ms of CPU | index | a faithful bullet | a paraphrase | 95th percentile | with a quote |"
    yield "|---|---:|---:|---:|---:|---:|"
    for chars in dict.fromkeys(each.chars for each in results):
        some = [each for each in results if each.chars == chars]
        for name, total in (("mean", statistics.mean), ("worst piece", max)):
            rows = ([figure for figure in asdict(each).values() if isinstance(figure, float)] for each in some)
            cells = [f"{total(column):.2f}" for column in zip(*rows, strict=True)]
            yield f"| {chars:,} characters, {name} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="CHARS")
    parser.add_argument("--pieces", type=int, metavar="N", help="only the first N pieces")
    options = parser.parse_args(arguments)
    files = english_pieces()[: options.pieces]
    results = measure([make_case(file, chars) for chars in options.sizes for file in files], options.rounds)
    tell(results, table, on=ground("rapidfuzz"), as_json=options.json)


if __name__ == "__main__":
    main()
