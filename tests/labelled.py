"""The labelled set of tests/evidence, judged: see its README."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from streamsum.core.evidence import Evidence, Finding
from streamsum.core.source import Source

FOLDER = Path(__file__).parent / "evidence"

Part = Literal["tuning", "held_out", "harder"]
# `harder` was written when the scorer was done: only reported.
PARTS: tuple[Part, ...] = ("tuning", "held_out")
# Kind of bullet -> should it be accepted?
KINDS = {"faithful": True, "paraphrases": True, "numbers": False, "swapped": False, "invented": False, "turned": False}


@dataclass(frozen=True)
class Judgement:
    """One bullet of the set, and what was found for it."""

    piece: str
    kind: str
    bullet: str
    finding: Finding

    @property
    def accepted(self) -> bool:
        """Would `require` let it through?"""
        return self.finding.supported and self.finding.numbers_hold

    @property
    def right(self) -> bool:
        """Is that so for the right kind of bullet?"""
        return self.accepted is KINDS[self.kind]

    @property
    def score(self) -> float:
        """Of the evidence; 0 where there is none."""
        return max((span.score or 0.0 for span in self.finding.spans), default=0.0)


@cache
def judged(part: Part) -> tuple[Judgement, ...]:
    """Every bullet of one part."""
    return tuple(_judge(part))


def wrong(part: Part, kind: str) -> float:
    """The share of bullets of `kind` that were judged wrongly."""
    found = [each for each in judged(part) if each.kind == kind]
    return sum(not each.right for each in found) / len(found)


def _judge(part: Part) -> Iterator[Judgement]:
    for file in sorted((FOLDER / part).glob("*.toml")):
        piece = tomllib.loads(file.read_text(encoding="utf-8"))
        evidence = Evidence(Source(piece["text"]))
        for kind in KINDS:
            for bullet in piece.get(kind, ()):
                yield Judgement(file.stem, kind, bullet, evidence.find(bullet))
