"""What the Dockerfile says, as far as its last stage is concerned."""

import json
import re
from pathlib import Path

DOCKERFILE = Path(__file__).parent.parent / "Dockerfile"


def instructions(name: str) -> list[str]:
    """The arguments of each such instruction of the last stage, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", "").splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return [line.partition(" ")[2] for line in lines[last:] if line.startswith(f"{name} ")]


def words_of(name: str) -> list[str]:
    """Of the one such instruction in its JSON form."""
    [argument] = instructions(name)
    words = json.loads(argument[argument.index("[") :])
    assert isinstance(words, list)
    return words
