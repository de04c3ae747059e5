"""Which core each process of a load test runs on: the service alone, so that its users do not take its time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Cores:
    """On which cores each runs, all of them where there is only one to share."""

    service: frozenset[int]
    upstream: frozenset[int]
    generator: frozenset[int]

    @override
    def __str__(self) -> str:
        if self.service == self.generator:
            return "shared"
        names = ("service", "upstream", "generator")
        return ", ".join(f"{name} {','.join(map(str, sorted(getattr(self, name))))}" for name in names)

    @contextmanager
    def generator_pinned(self) -> Iterator[None]:
        """This process on its cores, while the block lasts."""
        before = available_cores()
        if len(before) > 1:
            os.sched_setaffinity(0, self.generator)
        try:
            yield
        finally:
            if len(before) > 1:
                os.sched_setaffinity(0, before)


def pin_apart(available: Sequence[int]) -> Cores:
    """The service alone on the first core; model and users on the others, apart too where there are three."""
    first, *rest = sorted(available)
    if not rest:
        return Cores(*[frozenset({first})] * 3)
    return Cores(frozenset({first}), frozenset(rest[:1]), frozenset(rest[1:] or rest))


def available_cores() -> list[int]:
    """Those that this process may use; one that stands for all where the system cannot say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
