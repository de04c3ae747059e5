"""Times, shares and plain numbers as people write them: `500ms`, `2s`, `1m`, `5%`, `0.05`, `12`."""

import re
from typing import Literal, TypeAlias

# What a number counts: seconds, a part of a whole, or things.
Kind: TypeAlias = Literal["time", "share", "number"]

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|%)?", re.ASCII)
_UNITS: dict[str, tuple[Kind, float]] = {
    "ms": ("time", 1e-3),
    "s": ("time", 1),
    "m": ("time", 60),
    "%": ("share", 0.01),
}
_EXAMPLES: dict[Kind, str] = {"time": "500ms or 2s", "share": "5% or 0.05", "number": "12 or 0.5"}


def read_quantity(text: str, kind: Kind) -> float:
    """In seconds, as a part of 1, or plainly; a number without a unit is that already. Raises ValueError."""
    found = _WRITTEN.fullmatch(text.strip())
    if found:
        unit_kind, factor = _UNITS.get(found[2], (kind, 1.0))
        if unit_kind == kind:
            return float(found[1]) * factor
    raise ValueError(f"{text.strip()!r} is no {kind}: write {_EXAMPLES[kind]}")


def show_quantity(value: float, kind: Kind) -> str:
    """Short, with its unit, to four figures: `312.4 ms`, `3.21 s`, `5 %`, `12`."""
    if kind == "share":
        return f"{100 * value:.3g} %"
    if kind == "number":
        return f"{value:.4g}"
    return f"{value:.4g} s" if value >= 1 else f"{1000 * value:.4g} ms"
