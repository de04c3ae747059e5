"""web/tickets.py: who may follow one summary without a header."""

import re
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from streamsum.web.tickets import MAX_TICKET_CHARS, Tickets

ID, OTHER = "x" * 22, "y" * 22
OLD, NEW = SecretStr("o" * 32), SecretStr("n" * 32)
DIGEST = b"d" * 32


def opened(tickets: Tickets, ticket: str, *, id: str = ID, digests: Sequence[bytes] = (DIGEST,)) -> str | None:
    return tickets.key_of(id, ticket, digests_of=lambda _name: digests)


@pytest.mark.parametrize("key", ["", "alice", "Bélà / 7", "k" * 80])
def test_a_ticket_opens_its_own_summary(key: str) -> None:
    """And names whose it is; it stands in a query as it is."""
    tickets = Tickets([NEW])
    ticket = tickets.give(ID, key, DIGEST)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", ticket)
    assert len(ticket) <= MAX_TICKET_CHARS
    assert opened(tickets, ticket) == key
    assert opened(tickets, ticket, id=OTHER) is None


def test_it_lives_no_longer_than_the_key_that_it_was_given_for() -> None:
    """While a key is being changed both open; when the old one is gone from the file, so is what it was given."""
    tickets = Tickets([NEW])
    ticket = tickets.give(ID, "alice", DIGEST)
    assert opened(tickets, ticket, digests=[b"another", DIGEST]) == "alice"
    assert opened(tickets, ticket, digests=[b"another"]) is None
    assert opened(tickets, ticket, digests=[]) is None


def test_all_replicas_with_the_secret_take_it() -> None:
    """Also while the secret is being changed, and no longer."""
    ticket = Tickets([OLD]).give(ID, "alice", DIGEST)
    assert opened(Tickets([NEW, OLD]), ticket) == "alice"
    assert opened(Tickets([NEW]), ticket) is None


def test_without_a_secret_it_holds_in_its_own_process() -> None:
    """Which draws one."""
    one = Tickets()
    assert opened(one, one.give(ID, "", DIGEST)) == ""
    assert opened(Tickets(), one.give(ID, "", DIGEST)) is None


def mangled() -> list[str]:
    name, _, mac = Tickets([NEW]).give(ID, "alice", DIGEST).partition(".")
    other = "0" if mac[0] != "0" else "1"
    return [
        "",
        ".",
        name,
        f".{mac}",
        f"{name}.{other}{mac[1:]}",
        f"{name}.{mac}\n",
        f"A.{mac}",
        f"_w.{mac}",
        f"é.{mac}",
    ]


@pytest.mark.parametrize("ticket", [*mangled(), "a" * 10_000])
def test_anything_else_opens_nothing(ticket: str) -> None:
    """Whatever it is, it is refused and not an error."""
    assert opened(Tickets([NEW]), ticket) is None
