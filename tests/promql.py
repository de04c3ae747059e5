"""What a PromQL expression asks for: its metrics, their matchers and its groupings. No evaluation, and only the part of
the language that the dashboard speaks.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import re
from dataclasses import dataclass

FUNCTIONS = {"sum", "max", "min", "avg", "count", "rate", "increase", "histogram_quantile"}

_GROUPING = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")
_SELECTOR = re.compile(
    r"""(?P<name>\b[a-zA-Z_:][\w:]*\b)(?!\s*\()
        (?:\{(?P<matchers>(?:\s*\w+\s*(?:=~|!~|!=|=)\s*"[^"]*"\s*,?)*)\})?
        (?:\[\w+\])?""",
    re.VERBOSE,
)
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_FUNCTION = re.compile(r"(\w+)\s*\(")
_REST = re.compile(r"[\d.]+|[-+*/,()\s]")


@dataclass(frozen=True)
class Matcher:
    label: str
    operator: str
    value: str


@dataclass(frozen=True)
class Selector:
    """`name{matchers}[range]`, and the function that it is directly in."""

    name: str
    within: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class Query:
    selectors: tuple[Selector, ...]
    groupings: frozenset[str]


def parse(expression: str) -> Query:
    """Raises ValueError for what it does not know, or what is not closed."""
    groupings = {label.strip() for labels in _GROUPING.findall(expression) for label in labels.split(",")}
    bare = _GROUPING.sub("", expression)
    _check(bare)
    selectors = tuple(_selector(found, bare[: found.start()]) for found in _SELECTOR.finditer(bare))
    return Query(selectors, frozenset(groupings))


def _selector(found: re.Match[str], before: str) -> Selector:
    function = re.search(r"(\w*)\s*\(\s*$", before)
    matchers = tuple(Matcher(*each) for each in _MATCHER.findall(found["matchers"] or ""))
    return Selector(found["name"], function[1] if function else "", matchers)


def _check(bare: str) -> None:
    """Every word has a meaning, and every bracket its other half."""
    without_selectors = _SELECTOR.sub("", bare)
    if unknown := set(_FUNCTION.findall(without_selectors)) - FUNCTIONS:
        raise ValueError(f"no function that is known here: {unknown}")
    if left := _REST.sub("", _FUNCTION.sub("(", without_selectors)):
        raise ValueError(f"nothing that is known here: {left}")
    if without_selectors.count("(") != without_selectors.count(")"):
        raise ValueError("not closed, or once too often")
