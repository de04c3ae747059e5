"""Which upstreams may serve a summary."""

from pathlib import Path

import pytest

from benchmarks.fake_upstream import FakeUpstream, answer, bullets
from streamsum.runs.routing import candidates
from streamsum.settings import Settings
from tests.scripted import ScriptedUpstream
from tests.servers import served

FIRST, SECOND, THIRD = (ScriptedUpstream(name=name, model=model) for name, model in zip("abc", "xyx", strict=True))


@pytest.mark.parametrize(
    ("model", "served_by"), [(None, [FIRST, SECOND, THIRD]), ("x", [FIRST, THIRD]), ("y", [SECOND]), ("z", [])]
)
def test_those_that_offer_the_model(model: str | None, served_by: list[ScriptedUpstream]) -> None:
    """In the operator's order; whoever names none may get any, and the first is the default."""
    assert candidates([FIRST, SECOND, THIRD], model) == served_by


async def test_a_request_is_served_by_the_upstream_that_offers_its_model(tmp_path: Path) -> None:
    """Over HTTP: the first for whoever names none; a model that nobody offers is refused by its field."""
    async with FakeUpstream(answer(bullets("From the first."))) as first, FakeUpstream(()) as second:
        file = tmp_path / "upstreams.toml"
        tables = [(first, "m-1"), (second, "m-2")]
        file.write_text(
            "\n".join(
                f'[[upstreams]]\nname = "{model}-server"\nmodel = "{model}"\nbase_url = "{fake.base_url}"'
                for fake, model in tables
            )
        )
        async with served(None, settings=Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(file)})) as it:
            assert it.service.models == {"m-1", "m-2"}
            for model, status in [({}, 200), ({"model": "m-1"}, 200), ({"model": "m-2"}, 502), ({"model": "m-3"}, 422)]:
                response = await it.client.post("/v1/summaries", json={"text": "A source.", **model})
                assert response.status_code == status
        assert [call.body["model"] for call in first.calls] == ["m-1", "m-1"]
        assert [call.body["model"] for call in second.calls] == ["m-2"]
