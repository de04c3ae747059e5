"""Several fake models in one file of upstreams, as an operator lists them."""

import json
from pathlib import Path

from benchmarks.fake_upstream import FakeUpstream
from streamsum.settings import Settings


def settings_of(folder: Path, *models: FakeUpstream | str, more: str = "", **variables: str) -> Settings:
    """Settings with these upstreams, `a`, `b`, `c`, in order, each with a key of its own; a model may be a base URL.

    `more` are lines of TOML for each of them.
    """
    tables, keys = [], {}
    for name, model in zip("abcdef", models, strict=False):
        url = model if isinstance(model, str) else model.base_url
        tables.append(
            f'[[upstreams]]\nname = "{name}"\nmodel = "model-{name}"\nbase_url = {json.dumps(url)}\n'
            f'key_env = "KEY_{name.upper()}"\n{more}\n'
        )
        keys[f"KEY_{name.upper()}"] = f"sk-{name}"
    file = folder / "upstreams.toml"
    file.write_text("\n".join(tables))
    return Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(file), **keys, **variables})
