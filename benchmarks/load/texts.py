"""What is sent to be summarised: texts of several lengths, built in or from a folder; and what the model answers.

The built-in texts are beginnings of one endless chronicle, so an answer made of its first sentences quotes each
of them: the service finds the evidence that it looks for, as it does with a good model.
"""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path

# A deployment's request limit is 1 MiB by default; and the texts are all kept in memory.
MAX_TEXT_BYTES = 1 << 20
MAX_TEXTS = 1_000

SHORT, MEDIUM, LONG = 1_000, 5_000, 20_000

# The lengths have no common divisor, so a sentence comes back only after 11 × 13 × 17 × 19 others, and two in the same
# answer share hardly a clause: none is taken for another's duplicate.
_WHO = (
    *("the keeper of the light", "a surveyor from the harbour board", "the parish clerk", "a company of masons"),
    *("the captain of the mail packet", "an apprentice clockmaker", "the widow who ran the ferry", "two rival pilots"),
    *("the schoolmaster", "a travelling botanist", "the town council"),
)
_DID = (
    *("measured", "painted over", "bought back", "quietly repaired", "wrote a long letter about", "lost sight of"),
    *("drew a careful plan of", "argued in court over", "raised the money for", "took apart and moved"),
    *("published an account of", "set fire by accident to", "kept watch for a week beside"),
)
_WHAT = (
    *("the old granite quay", "a brass telescope", "the northern breakwater", "forty barrels of lamp oil"),
    *("the bell that warned of fog", "a chart of the outer reef", "the road along the cliffs", "an unfinished chapel"),
    *("the toll house", "a herd of island ponies", "the cable to the mainland", "the customs ledger"),
    *(
        "a wrecked timber ship",
        "the weather station",
        "the salt works",
        "a bridge of rope and planks",
        "the water mill",
    ),
)
_WHEN = (
    *("before the autumn gales came", "while the harbour lay frozen", "on the morning of the great regatta"),
    *("after a winter without ships", "as soon as the tax was lifted", "in spite of two warnings from the capital"),
    *("although nobody had asked for it", "within sight of the whole village", "during the longest drought on record"),
    *("when the herring failed to return", "to the surprise of every neighbour", "at a cost of nine hundred pounds"),
    *("without a single day of rest", "under the eyes of an inspector", "in the last week of the war"),
    *("so that the school could stay open", "against the advice of the engineers"),
    *("for the first time in a generation", "with tools borrowed from the navy"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A source to be sent; `name` says which in the results."""

    name: str
    text: str

    @property
    def chars(self) -> int:
        """How long it is."""
        return len(self.text)


def sentence(number: int) -> str:
    """The chronicle's sentence of that number, from 0: about 110 characters."""
    who, did, what, when = (parts[number % len(parts)] for parts in (_WHO, _DID, _WHAT, _WHEN))
    return f"In {1700 + number} {who} {did} {what} {when}."


def chronicle(chars: int) -> str:
    """Its beginning, up to the end of the sentence that reaches this length."""
    text = ""
    for number in count():
        text += sentence(number)
        if len(text) >= chars:
            break
        text += " "
    return text


def built_in() -> tuple[Text, ...]:
    """Of three lengths, in characters: about 1,000, 5,000 and 20,000."""
    return tuple(Text(f"built-in {chars}", chronicle(chars)) for chars in (SHORT, MEDIUM, LONG))


def read_texts(folder: Path) -> tuple[Text, ...]:
    """Every `*.txt` in the folder, by name. Raises ValueError."""
    files = sorted(folder.glob("*.txt"))
    if not 0 < len(files) <= MAX_TEXTS:
        raise ValueError(f"--texts: 1 to {MAX_TEXTS} files *.txt are wanted, there are {len(files)}")
    return tuple(Text(file.name, _read(file)) for file in files)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_TEXT_BYTES:
            raise ValueError(f"--texts: {file.name} is over {MAX_TEXT_BYTES} bytes")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--texts: {file.name} cannot be read as UTF-8") from error
    if not text.strip():
        raise ValueError(f"--texts: {file.name} is blank")
    return text


def script_of(bullets: int) -> str:
    """A model's answer, the chronicle's first sentences, as a script for the fake upstream."""
    document = json.dumps({"bullets": [sentence(number) for number in range(bullets)]})
    return f"role\ncontent {document}\nfinish stop\nusage 100 200\ndone\n"
