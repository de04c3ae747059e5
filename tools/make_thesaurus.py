"""Make streamsum/core/thesaurus.txt from WordNet 3.0: which common English words can mean nearly the same.

    apt-get download wordnet-base && dpkg-deb -x wordnet-base_*.deb /tmp/wordnet
    python tools/make_thesaurus.py /tmp/wordnet/usr/share/wordnet

Run once, by hand. Two words are related if they share a meaning, or if a meaning of one is the next wider one of the
other: a "blaze" is a "fire". Only words that WordNet's own texts use, and only meanings that they use them in, or the
first: the rare ones relate everything with everything. Words are stems, as `streamsum.core.words` makes them; forms
that no ending makes, such as "bought", have the meanings of their words.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from streamsum.core.words import stem

KINDS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
KIND_OF_SENSE = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
TARGET = Path(__file__).parent.parent / "streamsum" / "core" / "thesaurus.txt"
# How often a word must stand in WordNet's texts, how often in a meaning, and how many meanings of a word count.
LEAST_USES, LEAST_USES_OF_SENSE, MOST_SENSES = 5, 1, 5
WIDER = {"@", "&", "*", "$", ">"}  # hypernym, similar, entailed, verb group, caused
DERIVED = {"+", "\\"}  # derivationally related; of the noun

Meaning = tuple[str, str]  # kind, and WordNet's offset


class WordNet:
    """Its files, read."""

    def __init__(self, folder: Path) -> None:
        self.words: dict[Meaning, list[str]] = {}
        self.pointers: dict[Meaning, list[tuple[str, Meaning, int]]] = {}
        self.senses: dict[str, list[Meaning]] = defaultdict(list)
        self.uses: Counter[str] = Counter()
        self.uses_of_sense: Counter[tuple[str, str, int]] = Counter()
        for name, kind in KINDS.items():
            self._read_data(_lines(folder / f"data.{name}"), kind)
            for line in _lines(folder / f"index.{name}"):
                fields = line.split()
                self.senses[fields[0]] += [(kind, offset) for offset in fields[-int(fields[2]) :]]
        self._count((folder / "cntlist.rev").read_text().splitlines())
        self.irregular = dict(
            fields[:2]
            for name in KINDS
            for line in (folder / f"{name}.exc").read_text().splitlines()
            if "_" not in (fields := line.split())[0]
        )

    def meanings(self, word: str) -> Iterator[Meaning]:
        """Those that `word` is used in."""
        rank: Counter[str] = Counter()
        for meaning in self.senses[word]:
            rank[meaning[0]] += 1
            number = rank[meaning[0]]
            used = self.uses_of_sense[word, meaning[0], number] >= LEAST_USES_OF_SENSE
            if number == 1 or (number <= MOST_SENSES and used):
                yield meaning

    def _read_data(self, lines: Iterator[str], kind: str) -> None:
        for line in lines:
            fields = line.split(" | ")[0].split()
            meaning, count = (kind, fields[0]), int(fields[3], 16)
            self.words[meaning] = [re.sub(r"\(.*", "", each).lower() for each in fields[4 : 4 + 2 * count : 2]]
            rest = fields[5 + 2 * count :]
            self.pointers[meaning] = [
                (rest[at], ("a" if rest[at + 2] == "s" else rest[at + 2], rest[at + 1]), int(rest[at + 3][:2], 16))
                for at in range(0, 4 * int(fields[4 + 2 * count]), 4)
            ]

    def _count(self, lines: list[str]) -> None:
        for line in lines:
            key, number, count = line.split()
            word, rest = key.split("%")
            self.uses[word] += int(count)
            self.uses_of_sense[word, KIND_OF_SENSE[rest[0]], int(number)] += int(count)


def relate(net: WordNet) -> tuple[dict[str, set[Meaning]], dict[str, set[Meaning]]]:
    """The meanings of each stem, and the next wider ones."""
    own: dict[str, set[Meaning]] = defaultdict(set)
    wider: dict[str, set[Meaning]] = defaultdict(set)
    common = [word for word in net.senses if word.isalpha() and word.isascii() and net.uses[word] >= LEAST_USES]
    for word in common:
        for meaning in net.meanings(word):
            own[stem(word)].add(meaning)
            for symbol, target, source in net.pointers[meaning]:
                if symbol in WIDER:
                    wider[stem(word)].add(target)
                elif symbol in DERIVED and (source == 0 or net.words[meaning][source - 1] == word):
                    own[stem(word)].add(target)
    for form, word in net.irregular.items():
        if word in set(common):
            own[stem(form)] |= own[stem(word)]
            wider[stem(form)] |= wider[stem(word)]
    return own, wider


def lines(own: dict[str, set[Meaning]], wider: dict[str, set[Meaning]]) -> Iterator[str]:
    """A stem, its meanings, a bar, the wider ones; numbered, without those that relate nothing."""
    owners = Counter(meaning for meanings in own.values() for meaning in meanings)
    below = Counter(meaning for meanings in wider.values() for meaning in meanings)
    telling = [meaning for meaning in owners if owners[meaning] > 1 or below[meaning]]
    telling.sort(key=lambda meaning: (-owners[meaning], meaning))  # short numbers for what is frequent
    numbers = {meaning: format(at, "x") for at, meaning in enumerate(telling)}
    for word in sorted(own):
        mine, above = (sorted(numbers[each] for each in some if each in numbers) for some in (own[word], wider[word]))
        if mine or above:
            yield f"{word} {' '.join(mine)}|{' '.join(above)}"


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text().splitlines() if not line.startswith("  "))


def main() -> None:
    """Make it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    licence = [line for line in (folder / "data.noun").read_text().splitlines() if line.startswith("  ")]
    head = [f"# {line.lstrip('0123456789 ')}".rstrip() for line in licence]
    TARGET.write_text("\n".join([*head, *lines(*relate(WordNet(folder))), ""]))


if __name__ == "__main__":
    main()
