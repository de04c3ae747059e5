"""The README in pieces: its blocks of code, and the commands in them."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# Said in full, as the built-in model wrote them.
BULLETS = [line.removeprefix("• ") for line in next(text for kind, text in BLOCKS if kind == "text").splitlines()]
DOCUMENT = json.dumps({"bullets": BULLETS}, ensure_ascii=False)


def block(kind: str, words: str) -> str:
    """The one of its kind with these words."""
    [found] = [text for of, text in BLOCKS if of == kind and words in text]
    return found


def commands_in(text: str) -> list[str]:
    """Without what a console says to them, and without their comments."""
    return [
        line.removeprefix("$ ").partition("  #")[0].strip()
        for line in text.replace("\\\n", "").splitlines()
        if line.startswith("$ ")
    ]


COMMANDS = [command for kind, text in BLOCKS if kind == "console" for command in commands_in(text)]
