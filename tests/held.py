"""A model that stops in the middle of its document, until a test has looked and lets it go on."""

from benchmarks.fake_upstream import Content, Done, Finish, Gate, Role, Script

_IN_ONE = 10_000  # characters a token: each piece comes whole


def held(*pieces: str) -> tuple[list[Gate], Script]:
    """A document in pieces, and the gates between them."""
    gates = [Gate() for _ in pieces[1:]]
    rest = [step for gate, piece in zip(gates, pieces[1:], strict=True) for step in (gate, Content(piece, _IN_ONE))]
    return gates, (Role(), Content(pieces[0], _IN_ONE), *rest, Finish(), Done())


def halved() -> tuple[Gate, Script]:
    """Two bullets, and the gate between them."""
    [gate], script = held('{"bullets": ["The first."', ', "The second."]}')
    return gate, script
