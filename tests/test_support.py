"""core/support.py: the sentence or two that support a claim best."""

import pytest

from streamsum.core.claim import read
from streamsum.core.source_index import SourceIndex
from streamsum.core.support import Search, Support
from streamsum.core.word_places import MOST_PLACES

FILLER = " ".join(f"Nothing of note was entered in the book on page {page}." for page in range(20, 40))


def search(bullet: str, source: str) -> Search:
    index = SourceIndex(source)
    return Search(index, read(bullet, index.language))


def best(bullet: str, source: str) -> tuple[list[str], float]:
    found = search(bullet, source).best()
    assert found is not None
    index = SourceIndex(source)
    return [source[index.starts[each] : index.ends[each]] for each in found.sentences], found.score


SOURCE = (
    "The first tower was built of wood by Henry Winstanley. It was lit in November 1698. He was inside it when the "
    f"Great Storm swept it away. {FILLER} The keeper of the second tower was Henry Hall. A candle set fire to the "
    "lantern in 1755."
)


@pytest.mark.parametrize(
    ("bullet", "expected"),
    [
        ("A candle set the lantern on fire in 1755.", ["A candle set fire to the lantern in 1755."]),
        ("Henry Hall kept the second tower.", ["The keeper of the second tower was Henry Hall."]),
        (
            "The wooden tower of Henry Winstanley was lit in November 1698.",
            ["The first tower was built of wood by Henry Winstanley.", "It was lit in November 1698."],
        ),
    ],
)
def test_the_best_sentences_are_those_that_say_it(bullet: str, expected: list[str]) -> None:
    """One; or two neighbours, where one alone has not all of it."""
    sentences, score = best(bullet, SOURCE)
    assert sentences == expected
    assert score > 0.7


def test_what_stands_together_supports_more_than_what_is_scattered() -> None:
    """The same words, from here and there."""
    _, together = best("Henry Winstanley built a tower of wood.", SOURCE)
    _, scattered = best("A storm entered the lantern of wood.", SOURCE)
    assert together > 0.8 > 0.5 > scattered


def test_names_alone_are_little() -> None:
    """An invention shares them with its source."""
    _, score = best("Henry Winstanley drank whisky with smugglers.", SOURCE)
    assert score < 0.3


def test_a_word_of_the_same_meaning_counts() -> None:
    """In English."""
    _, score = best("A blaze destroyed the lantern.", "A fire destroyed the lantern. " + FILLER)
    _, other = best("A vicar destroyed the lantern.", "A fire destroyed the lantern. " + FILLER)
    assert score > other + 0.05


def test_a_short_bullet_can_be_supported() -> None:
    """All of two things is as good as four of five."""
    _, score = best("A storm took the tower.", "The tower was lit in 1698. It stood on the reef, and a storm took it.")
    assert score > 0.5


def test_nothing_in_common_is_no_support() -> None:
    """Not a poor one."""
    assert search("Goats ate cheese.", SOURCE).best() is None
    assert search("", SOURCE).best() is None
    assert search("Goats ate cheese.", "").best() is None


def test_given_sentences_are_judged_as_they_are() -> None:
    """Those of a quotation."""
    found = search("A candle set the lantern on fire in 1755.", SOURCE)
    assert found.of((0,)).score < 0.1
    assert found.of((0, 1)) == Support((0, 1), found.of((0, 1)).score)
    assert found.of(found.best().sentences).score > 0.7  # type: ignore[union-attr]


def test_a_word_that_is_everywhere_is_still_seen_in_the_best_sentence() -> None:
    """Though only its first places are known."""
    source = "The tower stood. " * (MOST_PLACES * 2) + "The tower was struck by lightning."
    assert best("Lightning struck the tower.", source)[0] == ["The tower was struck by lightning."]


def test_without_spaces_pairs_of_characters_are_found() -> None:
    """And of sentences the one that has most of them."""
    source = "東海道新幹線は1964年に開業した。島秀雄は技師長だった。世界銀行は8000万ドルを融資した。"
    sentences, score = best("世界銀行が8000万ドルを融資した。", source)
    assert sentences == ["世界銀行は8000万ドルを融資した。"]
    assert score > 0.7
