"""What the model writes: an answer as its HTTP chunks, rendered once; and what is in it, to be found again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Self

from typing_extensions import override

from benchmarks.fake_upstream.frames import frames
from benchmarks.fake_upstream.script import TOKEN_CHARS, Content, Done, Finish, Role, Usage
from benchmarks.peers.prose import Writer

# A long article. Half of what the model will say stands in it word for word, the other half in other words.
SOURCE_CHARS = 10_000
_SENTENCE_CHARS = 120
# In the source that a client sends, and so in the prompt that comes to the upstream, whatever is in between.
_ORDER = re.compile(rb"\[play tokens=(\d+) bullets=(\d+) pace=([\d.]+) key=([a-z]+) number=(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one call is to be answered with; `number` tells the calls apart. `key` is the array's in the document."""

    tokens: int
    bullets: int
    pace: float
    key: str
    number: int

    @classmethod
    def find(cls, body: bytes) -> Self | None:
        """The order in a request's body."""
        if (found := _ORDER.search(body)) is None:
            return None
        tokens, bullets, pace, key, number = found.groups()
        return cls(tokens=int(tokens), bullets=int(bullets), pace=float(pace), key=key.decode(), number=int(number))

    @override
    def __str__(self) -> str:
        return (
            f"[play tokens={self.tokens} bullets={self.bullets} pace={self.pace} key={self.key} number={self.number}]"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `pieces` are HTTP chunks of one event each, as real servers send them.

    For each item: its text in `texts`; in `closing` the index of the piece with its closing brace; in `event_ends`
    how many bytes of the body there are up to the end of that piece; in `text_ends` how many bytes of the document up
    to its closing brace.
    """

    document: str
    pieces: tuple[bytes, ...]
    body: bytes
    texts: tuple[str, ...]
    closing: tuple[int, ...]
    event_ends: tuple[int, ...]
    text_ends: tuple[int, ...]


@lru_cache(maxsize=16)
def answer(*, tokens: int, bullets: int, key: str) -> Answer:
    """An answer of exactly `tokens` content events, whose document has `bullets` objects with a `text` each."""
    texts = _texts(tokens * TOKEN_CHARS, bullets, key)
    elements = [json.dumps({"text": text}) for text in texts]
    head = f'{{"{key}": ['
    ends = [len(head) + end + 2 * number for number, end in enumerate(accumulate(map(len, elements)))]
    document = f"{head}{', '.join(elements)}]}}"
    usage = Usage(prompt=100, completion=tokens)
    events = [frame.data for step in (Role(), Content(document), Finish(), usage, Done()) for frame in frames(step)]
    closing = tuple(1 + (end - 1) // TOKEN_CHARS for end in ends)  # the role comes first
    body_ends = list(accumulate(map(len, events)))
    return Answer(
        document=document,
        pieces=tuple(b"%x\r\n%b\r\n" % (len(event), event) for event in events),
        body=b"".join(events),
        texts=texts,
        closing=closing,
        event_ends=tuple(body_ends[piece] for piece in closing),
        text_ends=tuple(ends),
    )


def source(order: Order) -> str:
    """The text that is to be summarised, with the order in it: `SOURCE_CHARS` characters."""
    return f"{order} {_article(order.tokens, order.bullets, order.key)}"[:SOURCE_CHARS]


@lru_cache(maxsize=16)
def _article(tokens: int, bullets: int, key: str) -> str:
    """What will be said, and between any two of it as many other sentences as there is room for."""
    said = answer(tokens=tokens, bullets=bullets, key=key).texts
    writer = Writer(0)
    between = max(0, SOURCE_CHARS - sum(map(len, said))) // _SENTENCE_CHARS // bullets
    sentences: list[str] = []
    for number, text in enumerate(said):
        sentences += [writer.reworded(text) if number % 2 else text]
        sentences += [writer.sentence(_SENTENCE_CHARS) for _ in range(between)]
    # The rest, by which it is never too short.
    return " ".join([*sentences, *(writer.sentence(_SENTENCE_CHARS) for _ in range(bullets))])


def _texts(chars: int, bullets: int, key: str) -> tuple[str, ...]:
    """Sentences, all different, that fill a document of that many characters."""
    room = chars - len(json.dumps({key: [{"text": ""}] * bullets}))
    writer = Writer(bullets)
    return tuple(writer.sentence((room + number) // bullets) for number in range(bullets))
