"""What a benchmark's figures stand on, and how both are told: for people, or as JSON."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any


def ground(*libraries: str) -> dict[str, str]:
    """The day, the machine, and the versions of Python and of these."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.platform()}",
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }


def tell(
    results: Sequence[Any], table: Callable[[Sequence[Any]], Iterable[str]], *, on: dict[str, str], as_json: bool
) -> None:
    """Print the results, dataclasses all of them."""
    if as_json:
        print(json.dumps({**on, "results": [asdict(each) for each in results]}, indent=1))
        return
    print(", ".join(f"{name} {value}" for name, value in on.items()), end="\n\n")
    print("\n".join(table(results)))
