"""item_model.py: a user's own item model, found by its name."""

from pathlib import Path

import pytest

from streamsum.core.models import Item
from streamsum.errors import SettingsError
from streamsum.item_model import load


def test_a_model_is_found_by_its_name() -> None:
    """And without a name it is ours."""
    assert load(None) is Item
    assert load("streamsum.core.models:Item") is Item


@pytest.mark.parametrize(
    "name",
    ["nowhere:Item", ".nowhere:Item", "streamsum.core.models:Nobody", "streamsum.core.models", ":", "json:loads"],
)
def test_a_name_that_leads_nowhere_is_said(name: str) -> None:
    """Before the service starts, in words for the operator."""
    with pytest.raises(SettingsError, match=r"item model|STREAMSUM_ITEM_MODEL"):
        load(name)


@pytest.mark.parametrize(("line", "kind"), [("def broken(:", "SyntaxError"), ("raise OSError('canary')", "OSError")])
def test_a_module_that_breaks_is_said(line: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the kind of its error: the words are its own, and may be anybody's."""
    (tmp_path / f"breaks_{kind}.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=f"PYTHONPATH.* {kind}$"):
        load(f"breaks_{kind}:Item")


def test_a_model_without_a_text_is_no_item_model() -> None:
    """Every bullet has one."""
    with pytest.raises(SettingsError, match="text"):
        load("streamsum.errors:Problem")
