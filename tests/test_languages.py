"""core/languages.py: which language a text is in, as far as script and small words tell."""

import tomllib
from pathlib import Path

import pytest

from streamsum.core.languages import guess, speaks, stop_words

PIECES = [tomllib.loads(file.read_text()) for file in sorted((Path(__file__).parent / "evidence").glob("*/*.toml"))]


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.get("kind", "harder"))
def test_prose_speaks_its_own_language_and_no_other(piece: dict[str, str]) -> None:
    """Nearly thirty pieces, five languages."""
    for language in ("en", "de", "fr", "es", "ja", "nl", "zh", "ru", "pt-BR"):
        assert speaks(piece["text"], language) is (language == piece["language"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Hund ist nicht im Haus, und die Katze auch nicht.", "de-AT"),
        ("La casa è molto grande e non ha una porta per il cane.", "it"),
        ("A casa não é muito grande, mas tem uma porta para o cão.", "pt"),
        ("Det finns inte någon dörr i huset, och han har inte varit här.", "sv"),
        ("Dom nie jest duży, ale jest w nim miejsce dla wszystkich.", "pl"),
        ("Это не так, и он был там, где его не было", "ru"),
        ("Це не так, і він був там, де його не було", "uk"),
        ("กรุงเทพมหานครเป็นเมืองหลวง", "th"),
        ("我们今天去北京，明天回来。", "zh-Hant"),
        ("한국어는 한국의 언어이다", "ko"),
        ("השפה העברית היא שפה שמית", "he"),
        ("Η ελληνική γλώσσα είναι μία", "el"),
    ],
)
def test_a_sentence_is_enough(text: str, language: str) -> None:
    """In Latin script five words or more; and it is in no language of another script, nor in English."""
    assert speaks(text, language)
    for other in {"en", "ja", "fr"} - {language}:
        assert speaks(text, other) is False


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Hard", "en"),
        ("12 34", "ja"),
        ("Det er ikke noget at gøre ved det, og han har ikke været her.", "no"),
        ("Toyota Nissan Honda Mazda Subaru Suzuki", "en"),
        ("Hii ni lugha ya Kiswahili na si nyingine", "sw"),
        ("यह हिन्दी है", "hi"),
    ],
)
def test_what_cannot_be_told_is_not(text: str, language: str) -> None:
    """Too little, neighbours, and languages whose words are not known."""
    assert speaks(text, language) is None


def test_a_text_in_a_known_language_is_in_no_unknown_one() -> None:
    """Swahili has none of these words."""
    assert speaks("This is not what it was when we were there, and that is it.", "sw") is False


def test_the_language_is_guessed_only_from_enough() -> None:
    """And has its small words then."""
    assert guess("The tower was lit in the year of the storm.") == "en"
    assert guess("東京に行った") is None
    assert guess("Toyota Nissan Honda Mazda Subaru") is None
    assert {"the", "don", "t"} <= stop_words("en")
    assert stop_words(None) == stop_words("sw") == frozenset()


def test_marks_around_words_change_nothing() -> None:
    """Nor do apostrophes in them."""
    assert guess("“The tower”, it’s said; (wasn't) lit: in—the_year 1698of 'the' storm…") == "en"
