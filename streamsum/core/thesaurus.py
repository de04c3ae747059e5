"""Which English words can mean nearly the same: "blaze" and "fire", "bought" and "acquire".

The words are in `thesaurus.txt`, made from WordNet 3.0 by `tools/make_thesaurus.py`: a part of the program, read once,
when the first English bullet is looked for. Each line has a stem, its meanings, a bar, and the next wider meanings.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Senses:
    """What some words can mean, together, and what is the next wider: numbers that stand for meanings."""

    own: set[str] = field(default_factory=set)
    wider: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, stems: Iterable[str]) -> "Senses":
        """Those of the words with these stems."""
        senses, known = cls(), entries()
        for stem in stems:
            if entry := known.get(stem):
                own, wider = _read(entry)
                senses.own.update(own)
                senses.wider.update(wider)
        return senses

    def meet(self, stem: str) -> bool:
        """Has the word with this stem a meaning in common with these, or the next wider one, or one of them its own?"""
        own, wider = _read(entries().get(stem, ""))
        return not (self.own.isdisjoint(own) and self.own.isdisjoint(wider) and self.wider.isdisjoint(own))


@cache
def entries() -> dict[str, str]:
    """Stem -> its meanings and the wider ones, as they are written: few of them are looked at for a bullet."""
    text = files("streamsum.core").joinpath("thesaurus.txt").read_text(encoding="utf-8")
    pairs = (line.partition(" ") for line in text.splitlines() if line[0] != "#")
    return {stem: entry for stem, _, entry in pairs}


@cache  # of as many as there are entries
def _read(entry: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    own, _, wider = entry.partition("|")
    return tuple(own.split()), tuple(wider.split())
