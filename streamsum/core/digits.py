"""What a run of digits with marks between them may stand for.

A point is a decimal point to some and a mark of thousands to others; both readings are given where both are possible,
but for a language's own mark of thousands, which is nothing else.
"""

import re

Reading = tuple[str, ...]

# A number of more digits is none that a reader compares, and a power of ten to convert.
_MOST_DIGITS = 32
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'’·٬ \u00a0\u2009\u202f])\d{3})(?:\1\d{3})*(?:([.,٫])(\d+))?")
_PLAIN = re.compile(r"(\d+)(?:[.,٫·](\d+))?")
_TIME = re.compile(r"(\d{1,2})[.:](\d\d)")
_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})|(\d{4})([-/.])(\d{1,2})\6(\d{1,2})")
_THOUSANDS_MARKS = {"en": ",", "de": ".", "fr": ".", "es": ".", "it": ".", "pt": ".", "nl": "."}
_RUN = re.compile(r"\d+")


def key(value: float) -> str:
    """The form in which values are compared: the same for 12, 12.0 and 12.00."""
    return f"{value:.12g}"


def readings(text: str, language: str = "") -> tuple[list[float], list[Reading]]:
    """The values that `text` may be, and what else it may be: a time, a date, several numbers in a row."""
    if text.isdecimal() and len(text) <= _MOST_DIGITS:  # as most are
        return [int(text)], []
    runs = _RUN.findall(text)
    if len(text) > _MOST_DIGITS:
        return [], [tuple(run[-_MOST_DIGITS:] for run in runs)]
    values = [*_thousands(text), *_decimal(text)]
    if len(values) > 1 and _THOUSANDS_MARKS.get(language, " ") in text:
        values.pop()
    others = [*_date(text), *_time(text)]
    if (len(runs) > 1 and not any(mark in text for mark in ",.")) or not values:
        others.append(tuple(key(int(run)) for run in runs))
    return values, others


def _thousands(text: str) -> list[float]:
    found = _THOUSANDS.fullmatch(text)
    if not found or text.startswith("0") or found[2] == found[1]:
        return []
    whole = text[: found.start(2)] if found[2] else text
    return [float("".join(_RUN.findall(whole)) + "." + (found[3] or "0"))]


def _decimal(text: str) -> list[float]:
    found = _PLAIN.fullmatch(text)
    return [float(f"{found[1]}.{found[2] or 0}")] if found else []


def _time(text: str) -> list[Reading]:
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        return []
    return [(f"{int(found[1])}:{int(found[2]):02}",)]


def _date(text: str) -> list[Reading]:
    """Day and month in either order; the month also as its name."""
    found = _DATE.fullmatch(text)
    if not found:
        return []
    year = found[4] or found[5]
    pairs = [(found[3], found[1]), (found[1], found[3])] if found[4] else [(found[7], found[8])]
    return [
        (key(int(year)), form.format(int(month)), key(int(day)))
        for month, day in pairs
        for form in ("{}", "month {}")
        if 1 <= int(month) <= 12
    ]
