"""The generated part of benchmarks/README.md: the picture, the tables, and what they were measured with."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.results import Results
from benchmarks.peers.table import tables

BEGIN, END = "<!-- peers: made by `make bench-peers PUBLISH=1` -->", "<!-- /peers -->"


def chapter(results: Results, *, picture: str) -> str:
    """As Markdown; `picture` is where it stands, from the README's folder."""
    words = " ".join([_measured(results), _trust(results), *_left_out(results)])
    return "\n\n".join([f"![CPU a chunk and lag of each peer]({picture})", words, tables(results), _versions(results)])


def put_into(text: str, chapter: str) -> str:
    """A page with this chapter in the place that is marked for it. Raises ValueError where there is none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the chapter")
    return f"{before}{BEGIN}\n{chapter}\n{END}{after}"


def _measured(results: Results) -> str:
    machine, rounds = results.machine, 1 + max(each.round for each in results.trials)
    return (
        f"Measured on {results.date[:10]}, in {results.took_s / 60:.0f} minutes and {rounds} rounds: "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, {machine['system']}, "
        f"Linux {machine['kernel']}."
    )


def _trust(results: Results) -> str:
    """How quiet the machine was, and whether the other side was fast enough."""
    disturbed = max(results.trials, key=lambda each: each.others_busy)
    driver = max(each.driver_busy for each in results.trials)
    late = max(each.model_late_p99_s for each in results.trials)
    return (
        f"Whatever else ran on the services' core took {disturbed.others_busy:.0%} of it at most "
        f"({disturbed.peer}, {disturbed.scene}); the model and the client took {driver:.0%} of theirs at most, and the "
        f"model was late with a token by {late * 1e3:.1f} ms at most (p99)."
    )


def _left_out(results: Results) -> Iterator[str]:
    for peer, why in results.left_out.items():
        yield f"Left out: {peer} ({why})."


def _versions(results: Results) -> str:
    rows = [
        f"| {peer.title} | {', '.join(f'{name} {version}' for name, version in results.versions[peer.name].items())} |"
        for peer in PEERS
        if peer.name in results.versions
    ]
    return "\n".join(["| | versions |", "| --- | --- |", *rows])
