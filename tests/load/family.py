"""Processes and their parents, from /proc."""

from pathlib import Path


def children(parent: int) -> dict[int, str]:
    """Their numbers, and what they run."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # Behind the name, which may have blanks and brackets in it: its state, and its parent.
            if int((folder / "stat").read_text().rpartition(") ")[2].split()[1]) == parent:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it has ended
    return found


def alive(number: int) -> bool:
    return Path(f"/proc/{number}").exists()
