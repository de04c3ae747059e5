"""benchmarks/peers/answers.py: what the model writes is exactly as long as the scene says, and can be found again."""

import json
from itertools import accumulate

import pytest

from benchmarks.peers.answers import SOURCE_CHARS, Order, answer, source
from benchmarks.peers.scenes import SCENES, Scene


def order(scene: Scene, *, key: str = "bullets") -> Order:
    return Order(tokens=scene.tokens, bullets=scene.bullets, pace=scene.pace, key=key, number=7)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
@pytest.mark.parametrize("key", ["bullets", "elements"])
def test_an_answer_has_its_tokens_and_items(scene: Scene, key: str) -> None:
    """As many content events as the scene has tokens; items that differ, none too long."""
    found = answer(tokens=scene.tokens, bullets=scene.bullets, key=key)
    assert len(found.pieces) == scene.tokens + 4  # role, finish, usage, done
    assert [each["text"] for each in json.loads(found.document)[key]] == list(found.texts)
    assert len(set(found.texts)) == scene.bullets
    assert max(map(len, found.texts)) <= scene.max_bullet_chars


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_an_item_is_closed_by_its_brace(scene: Scene) -> None:
    """In the document, in the pieces and in the body: up to there the item is whole, one character before it is not."""
    found = answer(tokens=scene.tokens, bullets=scene.bullets, key="bullets")
    events = [_event(each) for each in found.pieces]
    ends = list(accumulate(len(_content(each)) for each in events[: scene.tokens + 1]))  # of the text, after each
    for number, (end, piece, event_end) in enumerate(
        zip(found.text_ends, found.closing, found.event_ends, strict=True), start=1
    ):
        assert json.loads(found.document[:end] + "]}")["bullets"] == [{"text": each} for each in found.texts[:number]]
        assert ends[piece - 1] < end <= ends[piece]
        assert found.body[:event_end] == b"".join(events[: piece + 1])


def _event(piece: bytes) -> bytes:
    size, _, rest = piece.partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    return rest[:-2]


def _content(event: bytes) -> str:
    value = json.loads(event.removeprefix(b"data: "))
    return str(value["choices"][0]["delta"].get("content", ""))


def test_an_order_is_found_in_a_request() -> None:
    """Inside the source, inside a prompt, inside JSON."""
    wanted = order(SCENES[2])
    body = json.dumps({"messages": [{"role": "user", "content": f'"Here":\n{source(wanted)}'}]}).encode()
    assert Order.find(body) == wanted
    assert Order.find(b'{"messages": []}') is None


def test_a_source_is_a_long_article() -> None:
    """The same length for all; every other bullet of the short answer stands in it, from its start to its end."""
    wanted = order(SCENES[0])
    text = source(wanted)
    texts = answer(tokens=wanted.tokens, bullets=wanted.bullets, key=wanted.key).texts
    assert [each in text for each in texts] == [True, False] * 5
    assert text.index(texts[0]) < 200
    assert text.index(texts[8]) > 7_000


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_source_is_as_long(scene: Scene) -> None:
    """Whatever is said about it: the same for all scenes, and so for all peers."""
    assert len(source(order(scene))) == SOURCE_CHARS
