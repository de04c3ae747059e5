"""What a caller brings to ask, and who closes it."""

from contextlib import suppress
from pathlib import Path

import openai
from pydantic import SecretStr

from streamsum.settings import Settings
from streamsum.upstream.given import opened
from streamsum.upstream.openai import OpenAIUpstream
from tests.scripted import ScriptedUpstream

FILE = """
[[upstreams]]
name = "first"
model = "m-1"
base_url = "http://127.0.0.1:1/v1"
[[upstreams]]
name = "second"
model = "m-2"
base_url = "http://127.0.0.1:1/v1"
"""


async def test_an_upstream_stays_open() -> None:
    """It is whoever's gave it."""
    given = ScriptedUpstream()
    async with opened(given, Settings()) as upstreams:
        assert upstreams == (given,)
    assert not given.let_go


async def test_a_client_stays_open() -> None:
    """It is asked over connections of ours, which are closed."""
    async with openai.AsyncOpenAI(api_key="sk-none") as client:
        async with opened(client, Settings(model="m")) as (upstream,):
            assert isinstance(upstream, OpenAIUpstream)
            assert upstream.model == "m"
        assert upstream.client.is_closed()
        assert not client.is_closed()


async def test_nothing_means_the_settings(tmp_path: Path) -> None:
    """All of the upstreams that they name are closed, whatever happens."""
    file = tmp_path / "upstreams.toml"
    file.write_text(FILE)
    named = []
    for settings in [Settings(api_key=SecretStr("sk-none")), Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(file)})]:
        with suppress(LookupError):
            async with opened(None, settings) as upstreams:
                named += [each for each in upstreams if isinstance(each, OpenAIUpstream)]
                raise LookupError
    assert [each.client.is_closed() for each in named] == [True, True, True]
