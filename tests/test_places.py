"""runs/places.py: how much one process takes on."""

import asyncio

import pytest

from streamsum.errors import RequestRefused
from streamsum.runs.places import Places
from tests.jumping_clock import in_jumping_time, settle


@in_jumping_time
async def test_what_is_beyond_a_limit_is_refused() -> None:
    """Of places, and of bytes; to the byte."""
    places = Places(most=2, source_bytes=10)
    places.take(4)
    with pytest.raises(RequestRefused, match="overloaded"):
        places.take(7)
    places.take(6)
    with pytest.raises(RequestRefused, match="overloaded"):
        places.take(0)


@in_jumping_time
async def test_what_cannot_be_refused_is_taken_beyond_it() -> None:
    """And nobody else comes in until there is room again."""
    places = Places(most=1, source_bytes=10)
    places.take(1)
    places.take_beyond(100)
    places.give_back(1)
    assert not places.has_room
    places.give_back(100)
    assert places.has_room
    places.take(10)


@in_jumping_time
async def test_whoever_waits_for_the_end_hears_of_it() -> None:
    """When the last is given back."""
    places = Places(most=2, source_bytes=10)
    await places.until_idle()
    places.take(1)
    places.take(1)
    waiting = asyncio.create_task(places.until_idle())
    places.give_back(1)
    await settle()
    assert not waiting.done()
    places.give_back(1)
    await waiting
