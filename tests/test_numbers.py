"""core/numbers.py, number_parts.py, number_words.py, digits.py: the numbers in a text, as values."""

import sys

import pytest

from streamsum.core.numbers import Number, enumeration, numbers_in


def values(text: str, language: str | None = None) -> list[tuple[str, ...]]:
    """For each number all that it may be, the values of one reading joined."""
    return [tuple("+".join(reading) for reading in number.readings) for number in numbers_in(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", ["12"]),
        ("3.5", ["3.5"]),
        ("3,48", ["3.48"]),
        ("0.125", ["0.125"]),
        ("1,000,000", ["1000000"]),
        ("1.000,50", ["1000.5"]),
        ("12 % and 12 percent", ["12", "12"]),
        ("$3.5 million", ["3500000"]),
        ("40k", ["40000"]),
        ("1.7bn", ["1700000000"]),
        ("8.4 billion", ["8400000000"]),
        ("3rd, 88th", ["3", "88"]),
        ("No. 5", ["5"]),
        ("COVID-19", ["19"]),
        ("H2O and A4", []),
        ("½, 3½, 2¼", ["0.5", "3.5", "2.25"]),
        ("-5 °C, minus 7, −3", ["-5", "-7", "-3"]),
        ("1698–1703", ["1698", "1703"]),
        ("3–2", ["3", "2"]),
        ("twenty-four", ["24"]),
        ("twenty four thousand three hundred", ["24300"]),
        ("two hundred and fifty thousand", ["250000"]),
        ("a hundred and one", ["101"]),
        ("a dozen, two dozen", ["12", "24"]),
        ("ninety-ninth, third, twice", ["99", "3", "2"]),
        ("three and a half million", ["3500000"]),
        ("an hour and a half", ["1.5"]),
        ("a decade", ["10"]),
        ("tenfold", ["10"]),
        ("sixpence", ["sixpence"]),
        ("the 19th century", ["19"]),
        ("millions of people, k, half-time, a quarter past, per second, this decade, below zero", []),
        ("٣٤", ["34"]),
        ("１２３", ["123"]),
        ("192.168.1.1", ["192+168+1+1"]),
        ("3:28:53", ["3+28+53"]),
        ("1234567890123456789012345678901234", ["34567890123456789012345678901234"]),
    ],
)
def test_a_number_is_its_value(text: str, expected: list[str]) -> None:
    """However it is written."""
    assert [readings[0] for readings in values(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000", {"1000", "1"}),
        ("1.000", {"1000", "1"}),
        ("1 000", {"1000", "1+0"}),
        ("1'000", {"1000", "1+0"}),
        ("3.5m", {"3.5", "3500000"}),
        ("7.30", {"7.3", "7:30"}),
        ("7:30", {"7:30", "7+30"}),
        ("1980s", {"1980", "1980s"}),
        ("the '80s", {"80", "1980s"}),
        ("two decades", {"20", "2"}),
        ("half of them", {"0.5", "50"}),
        ("a quarter of them", {"4", "0.25", "25"}),
        ("prices fell by a quarter", {"4", "0.25", "25"}),
        ("more than a quarter", {"4", "0.25", "25"}),
        ("1698-11-03", {"1698+11+3", "1698+month 11+3"}),
        ("11/3/1698", {"1698+3+11", "1698+month 3+11", "1698+11+3", "1698+month 11+3", "11+3+1698"}),
        ("one", {"1", ""}),
        ("the first", {"1", ""}),
        ("November", {"month 11", ""}),
    ],
)
def test_what_can_be_read_in_several_ways_is_any_of_them(text: str, expected: set[str]) -> None:
    """What is rarely meant as a number may be none."""
    (readings,) = values(text)
    assert set(readings) == expected


def test_a_languages_own_mark_of_thousands_is_nothing_else() -> None:
    """So that 14,000 is not 14 in English; the other mark stays open."""
    assert values("1,000 and 1.000", "en") == [("1000",), ("1000", "1")]
    assert values("1.000 und 1,000", "de") == [("1000",), ("1000", "1")]


def test_numbers_without_end_are_bounded() -> None:
    """Whatever is multiplied with what."""
    assert len(values("million " * 100)) > 10


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("siebzehn, vierundzwanzig, zweite, 28,2 Millionen", "de", ["17", "24", "2", "28200000"]),
        ("quarante-deux mille, deux millions, troisième", "fr", ["42000", "2000000", "3"]),
        ("treinta y uno, veinticinco, mil millones", "es", ["31", "25", "1000000000"]),
        ("twelve, 12 mio", "it", ["12000000"]),
        ("二十四年, 8000万ドル, 1億2000万, 九日前, 第三", "ja", ["24", "80000000", "120000000", "9", "3"]),
        ("一九六四年, 三千八百億円", "zh", ["1964", "380000000000"]),
    ],
)
def test_number_words_are_those_of_the_language(text: str, language: str, expected: list[str]) -> None:
    """English, where it is not known."""
    assert [readings[0] for readings in values(text, language)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("between 1.55 and 1.65 billion", [{"1.55", "1:55", "1550000000"}, {"1650000000"}]),
        ("1970–75", [{"1970"}, {"75", "1975"}]),
        ("sixpence to 3 million", [{"sixpence"}, {"3000000"}]),
    ],
)
def test_numbers_of_a_range_share_what_is_said_once(text: str, expected: list[set[str]]) -> None:
    """A scale; a century."""
    assert [set(readings) for readings in values(text)] == expected


def test_a_number_in_characters_that_make_names_need_not_be_one() -> None:
    """三木 is a family."""
    (number,) = numbers_in("三木", "ja")
    assert not number.counts


def test_a_number_knows_where_it_stands() -> None:
    """In the text as it is."""
    text = "It cost £8,400, in all."
    (number,) = numbers_in(text)
    assert text[number.start : number.end] == "8,400"


def test_who_has_read_a_year_may_name_its_decade() -> None:
    """And who has read of -12 degrees may say that it was 12 below zero."""
    assert set(Number(0, 4, (("1984",),)).grounds()) == {"1984", "1980s"}
    assert set(Number(0, 3, (("-12",),)).grounds()) == {"-12", "12"}


def test_the_number_of_an_item_in_a_list_is_told() -> None:
    """So that it is not taken for one of the text."""
    assert enumeration("2. Nothing was said.") == 3
    assert enumeration("2.5 metres") == 0


@pytest.mark.parametrize("around", ["{}", "“{}” – déjà vu", "東京 {} 大阪", "{} 😀", "{} ٣٫٥", "{} Ϋ ۴"])
def test_digits_are_found_among_any_other_characters(around: str) -> None:
    """However they are looked for; marks between digits belong to them, and what comes once can come again."""
    text = around.format("1 of 11, 1,000 and 10:30 on 12/05/2020; 1st")
    found = [text[number.start : number.end] for number in numbers_in(text)]
    assert [each for each in found if each.isascii()] == ["1", "11", "1,000", "10:30", "12/05/2020", "1"]


def test_digits_of_other_scripts_are_digits() -> None:
    """None of them begins with a byte at which they would not be looked for."""
    for digit in filter(str.isdecimal, map(chr, range(sys.maxunicode + 1))):
        assert values(f"{digit}5 x")[0][0].endswith("5"), hex(ord(digit))
        assert numbers_in(f"{digit}5 x")[0].start == 0, hex(ord(digit))
