"""What an expression asks for, read with a port of Prometheus' own parser, which knows functions and types.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import promql_parser as promql

_IS, _IS_LIKE = promql.MatchOp.Equal, promql.MatchOp.Re


@dataclass(frozen=True)
class Matcher:
    label: str
    operator: str
    value: str


@dataclass(frozen=True)
class Selector:
    """`name{matchers}[range]`, and the function that it is directly in, if it is in one."""

    name: str
    within: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class Query:
    selectors: tuple[Selector, ...]
    groupings: frozenset[str]


def parse(expression: str) -> Query:
    """Raises ValueError for what we do not use, and for what Prometheus would refuse, or would answer with nonsense."""
    selectors: list[Selector] = []
    groupings: set[str] = set()
    for node, parent in _walk(promql.parse(expression)):
        match node:
            case promql.VectorSelector():
                selectors.append(_selector(node, parent))
            case promql.AggregateExpr(modifier=promql.AggModifier() as modifier):
                groupings |= set(modifier.labels)
            case promql.Call() if node.func.name == "histogram_quantile":
                _check_quantile(node.args[0])
    return Query(tuple(selectors), frozenset(groupings))


def _walk(node: promql.Expr, parent: promql.Expr | None = None) -> Iterator[tuple[promql.Expr, promql.Expr | None]]:
    """All of it, each with what it stands in; a range stands for its selector."""
    yield node, parent
    for each in _parts(node):
        yield from _walk(each, parent if isinstance(node, promql.MatrixSelector) else node)


def _parts(node: promql.Expr) -> Sequence[promql.Expr]:
    match node:
        case promql.BinaryExpr():
            return node.lhs, node.rhs
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr():
            return (node.expr,)
        case promql.Call():
            return node.args
        case promql.MatrixSelector():
            return (node.vector_selector,)
        case promql.VectorSelector() | promql.NumberLiteral() | promql.StringLiteral():
            return ()
        case _:
            raise ValueError(f"nothing that is known here: {type(node).__name__}")


def _selector(node: promql.VectorSelector, parent: promql.Expr | None) -> Selector:
    if node.name is None or node.matchers.or_matchers:
        raise ValueError("nothing that is known here: a selector without a name, or with alternatives")
    within = parent.func.name if isinstance(parent, promql.Call) else ""
    return Selector(node.name, within, tuple(map(_matcher, node.matchers.matchers)))


def _matcher(given: promql.Matcher) -> Matcher:
    if given.op not in (_IS, _IS_LIKE):
        raise ValueError("nothing that is known here: a label that is not something")
    return Matcher(given.name, "=" if given.op == _IS else "=~", given.value)


def _check_quantile(quantile: promql.Expr) -> None:
    """Outside of these Prometheus answers with an infinity."""
    if not isinstance(quantile, promql.NumberLiteral) or not 0 <= quantile.val <= 1:
        raise ValueError("no quantile: one is from 0 to 1")
