"""The command line: what is read, and what is refused before anything starts."""

from pathlib import Path

import pytest

from benchmarks.load.level import Level, Pacing
from benchmarks.load.options import Options
from tests.load.levels import level_summary, load_summary, outcome


def read(*arguments: str, **environment: str) -> Options:
    return Options.read(arguments, environment)


def test_without_options_there_is_a_service_of_our_own() -> None:
    """A short sweep, over the built-in texts, bounded in time."""
    options = read()
    assert options.target is None
    assert options.levels == (Level("closed", 1), Level("closed", 10))
    assert options.pacing == Pacing(ramp_up_s=1, warm_up_s=2, duration_s=10)
    assert (len(options.texts), options.fields) == (3, {"max_bullets": 5})


def test_an_open_loop() -> None:
    """Rates instead of clients; requests instead of a time."""
    options = read("--rate", "2.5,20", "--requests", "100", "--seed", "7", "--ramp-up", "0", "--warm-up", "500ms")
    assert options.levels == (Level("open", 2.5), Level("open", 20))
    assert options.pacing == Pacing(ramp_up_s=0, warm_up_s=0.5, requests=100, seed=7)


def test_a_target_and_its_key() -> None:
    """The key also from the environment, where no list of processes shows it; its own comes first."""
    options = read("--url", "http://localhost:1", "--body", '{"evidence": "off"}', STREAMSUM_KEY="sk-env")
    assert options.target is not None
    assert (options.target.key, options.fields) == ("sk-env", {"evidence": "off"})
    target = read("--url", "http://localhost:1", "--key", "sk-own", STREAMSUM_KEY="sk-env").target
    assert target is not None
    assert target.key == "sk-own"


def test_the_fake_model_is_asked_for_what_it_will_say() -> None:
    """Unless the body asks for something else."""
    options = read("--bullets", "20", "--pace", "0", "--first-token-delay", "1s", "--set", "STREAMSUM_KEEP_S=5")
    assert options.fields == {"max_bullets": 20}
    assert options.upstream.arguments == ("--pace", "0.0", "--first-token-delay", "1.0")
    assert options.service_settings == {"STREAMSUM_KEEP_S": "5"}
    assert read("--bullets", "20", "--body", '{"max_bullets": 3}').fields == {"max_bullets": 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--url http://192.0.2.1", "--allow-remote"),
        ("--url nonsense", "--url: an address"),
        ("--concurrency 0", "--concurrency: a whole number from 1 to 2000"),
        ("--concurrency 1,x", "--concurrency: a whole number"),
        ("--concurrency 5000", "--concurrency: a whole number"),
        ("--concurrency 1,1", "all different"),
        (f"--concurrency {','.join(map(str, range(1, 30)))}", "up to 20 levels"),
        ("--rate 0", "--rate: more than 0"),
        ("--rate 1,9999", "--rate: more than 0, and at most 2000"),
        ("--rate x", "--rate: 'x' is no number"),
        ("--rate 1 --concurrency 1", "not allowed with"),
        ("--duration 1s --requests 5", "not allowed with"),
        ("--duration 2h", "is no time"),
        ("--duration 61m", "--duration: more than 0, and at most 3600"),
        ("--duration 0", "--duration: more than 0"),
        ("--requests 1000000", "--requests: a whole number from 1 to 100000"),
        ("--warm-up 3600", "together at most"),
        ("--timeout 0", "--timeout: more than 0"),
        ("--seed x", "--seed: a whole number"),
        ("--bullets 51", "--bullets: a whole number from 1 to 50"),
        ("--pace fast", "--pace: 'fast' is no number"),
        ("--body []", "--body: a JSON object"),
        ('--body {"text":"x"}', "--body: a JSON object"),
        ("--body {", "--body: a JSON object"),
        ("--set OPENAI_API_KEY=x", "--set: STREAMSUM_NAME=VALUE"),
        ("--set STREAMSUM_KEEP_S=5 --url http://localhost", "--set: the service at --url"),
        ("--set STREAMSUM_LOG_LEVEL=WARNING", "--set: the service's log says where it listens"),
        ("--set STREAMSUM_LOG_FORMAT=console", "--set: the service's log says where it listens"),
        ("--journal x", "--journal: without --url"),
        ("--url http://localhost --journal /", "--journal: a file that can be read"),
        ("--url http://localhost --key \u00e9", "--key, STREAMSUM_KEY: a key is of visible ASCII"),
        ("--slo speed=1s", "--slo: MEASURE=TIME"),
        ("--fail-if speed>1s", "--fail-if: there is no figure"),
        ("--compare /nowhere.json", "--compare: nowhere.json cannot be read"),
        ("--texts /nowhere", "--texts: 1 to 1000 files"),
        ("--tolerance 5s", "is no share"),
        ("--nonsense", "unrecognized arguments"),
    ],
)
def test_mistakes_are_said_at_once(arguments: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In plain words, with status 2."""
    with pytest.raises(SystemExit) as left:
        read(*arguments.split())
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_a_key_with_its_files_last_line_break_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """It can go into no header; and it is not shown."""
    with pytest.raises(SystemExit):
        read("--url", "http://localhost", STREAMSUM_KEY="ssk_canary\n")
    errors = capsys.readouterr().err
    assert "--key, STREAMSUM_KEY: a key" in errors
    assert "canary" not in errors


def test_remote_addresses_need_a_word() -> None:
    """Of one's own."""
    assert read("--url", "http://192.0.2.1", "--allow-remote").target is not None


def test_an_old_summary_has_a_level_in_common(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Or there would be nothing to compare, and the gate would pass for ever."""
    file = tmp_path / "old.json"
    file.write_text(load_summary(level_summary([outcome()])).model_dump_json())
    assert read("--compare", str(file)).old is not None
    with pytest.raises(SystemExit):
        read("--compare", str(file), "--concurrency", "7")
    assert "no level of load is the same" in capsys.readouterr().err


def test_help_says_how_it_exits(capsys: pytest.CaptureFixture[str]) -> None:
    """Every status, and an example."""
    with pytest.raises(SystemExit) as left:
        read("--help")
    assert left.value.code == 0
    said = capsys.readouterr().out
    for words in ("exit status", "130", "python -m benchmarks.load --url", "(default: 20%)"):
        assert words in said
