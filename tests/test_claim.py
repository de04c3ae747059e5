"""core/claim.py: a bullet as what is looked for in its source."""

from streamsum.core.claim import MOST_WORDS, read


def test_a_claim_is_what_carries_something() -> None:
    """No small words, no numbers among the words, each word once."""
    claim = read("The towers of the tower were lit in 1759 with twenty-four candles in November.", "en")
    assert [word.stem for word in claim.words] == ["tow", "lit", "candl", "novemb"]
    assert [number.readings for number in claim.numbers] == [(("1759",),), (("24",),)]


def test_the_number_of_a_list_is_none_of_it() -> None:
    """As some models write them."""
    claim = read("2. The tower was lit.", "en")
    assert claim.numbers == ()
    assert len(claim.text) == len("2. The tower was lit.")


def test_one_and_first_are_words() -> None:
    """They are rarely meant as numbers."""
    claim = read("One of the first towers", "en")
    assert claim.numbers == ()
    assert "first" in claim.folded.split()


def test_a_claim_is_bounded() -> None:
    """Each word of it is a search."""
    bullet = " ".join(f"{chr(97 + at % 26)}{chr(97 + at // 26)}xyz" for at in range(300))
    assert len(read(bullet, "en").words) == MOST_WORDS
