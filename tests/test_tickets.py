"""web/tickets.py: who may follow one summary without a header."""

import re

import pytest
from pydantic import SecretStr

from streamsum.web.tickets import MAX_TICKET_CHARS, Tickets

ID, OTHER = "x" * 22, "y" * 22
OLD, NEW = SecretStr("o" * 32), SecretStr("n" * 32)


@pytest.mark.parametrize("key", ["", "alice", "Bélà / 7", "k" * 80])
def test_a_ticket_opens_its_own_summary(key: str) -> None:
    """And names whose it is; it stands in a query as it is."""
    tickets = Tickets([NEW])
    ticket = tickets.give(ID, key)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", ticket)
    assert len(ticket) <= MAX_TICKET_CHARS
    assert tickets.key_of(ID, ticket) == key
    assert tickets.key_of(OTHER, ticket) is None


def test_all_replicas_with_the_secret_take_it() -> None:
    """Also while the secret is being changed, and no longer."""
    ticket = Tickets([OLD]).give(ID, "alice")
    assert Tickets([NEW, OLD]).key_of(ID, ticket) == "alice"
    assert Tickets([NEW]).key_of(ID, ticket) is None


def test_without_a_secret_it_holds_in_its_own_process() -> None:
    """Which draws one."""
    one = Tickets()
    assert one.key_of(ID, one.give(ID, "")) == ""
    assert Tickets().key_of(ID, one.give(ID, "")) is None


def mangled() -> list[str]:
    name, _, mac = Tickets([NEW]).give(ID, "alice").partition(".")
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
    assert Tickets([NEW]).key_of(ID, ticket) is None
