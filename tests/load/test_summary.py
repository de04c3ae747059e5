"""`summary.json`: its schema is published, and kept true."""

import json
from pathlib import Path

import jsonschema

from benchmarks.load import summary
from benchmarks.load.summary import LoadSummary
from tests.load.levels import failed, level_summary, load_summary, outcome

SCHEMA = Path(summary.__file__).with_name("summary.schema.json")


def test_the_schema_is_the_one_that_is_published() -> None:
    """A change of the types shows here. Renew it: `python -m benchmarks.load.summary > …/summary.schema.json`."""
    assert json.loads(SCHEMA.read_text()) == summary.json_schema()


def test_a_summary_is_valid() -> None:
    """With and without figures; and one with something wrong, of another version, or with less, is not."""
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    schema.check_schema(schema.schema)
    whole = load_summary(level_summary([outcome(), failed()]), level_summary([]))
    found = json.loads(whole.model_dump_json())
    schema.validate(found)
    assert LoadSummary.model_validate(found) == whole
    for name, value in {"version": "streamsum-load/2", "levels": [{}], "interrupted": 1}.items():
        assert list(schema.iter_errors({**found, name: value}))
        assert list(schema.iter_errors({key: kept for key, kept in found.items() if key != name}))
