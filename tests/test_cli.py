"""The command line as people use it: a process of its own, exit status, standard output, standard error."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from benchmarks.fake_upstream import FakeUpstream, NoAnswer, Script, Status, answer, bullets
from streamsum import __version__
from streamsum.api_key import digest_of, looks_like_one, new_key
from streamsum.cli import main
from streamsum.client import Refused
from streamsum.errors import Problem
from streamsum.remote import hint
from streamsum.settings import Settings
from streamsum.web.key_ring import KeyRing
from tests.held import held
from tests.programs import LIMIT_S, streamsum
from tests.servers import environment_for, served, settings_for

pytestmark = pytest.mark.slow

CANARY = "xyzzy-canary"
TEXT = f"Nothing much happened, said {CANARY}."
BEGUN, REST = '{"bullets": ["A keeper."', ', "A goat."]}'
SPOKEN = answer(BEGUN + REST)


class Command:
    """`streamsum summarize …` in a thread, with a file to read and a model that answers by the script."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = str(file)
        self._capsys = capsys

    def write(self, text: str | bytes) -> None:
        Path(self.file).write_bytes(text.encode() if isinstance(text, str) else text)

    async def run(
        self, *options: str, given: str | bytes = TEXT, script: Script = SPOKEN, **environment: str
    ) -> tuple[int | str | None, str, str]:
        self.write(given)
        async with FakeUpstream(script) as model:
            return await self.run_with(self.file, *options, environment=environment_for(model) | environment)

    async def run_with(self, *arguments: str, environment: dict[str, str]) -> tuple[int | str | None, str, str]:
        status: int | str | None
        try:
            status = await asyncio.to_thread(main, ["summarize", *arguments], environment=environment)
        except SystemExit as usage:
            status = usage.code
        output, errors = self._capsys.readouterr()
        assert CANARY not in errors
        return status, output, errors


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], sober_logging: None) -> Command:
    return Command(tmp_path / "text.txt", capsys)


async def test_bullets_are_printed(command: Command) -> None:
    """Nothing else, and exit 0."""
    assert await command.run() == (0, "• A keeper.\n• A goat.\n", "")


async def test_a_server_that_refuses_the_request_is_1(command: Command) -> None:
    """What is our state, and not the person's doing."""
    status, output, errors = await command.run(STREAMSUM_SOURCE_BYTES="1")
    assert (status, output) == (1, "")
    assert "Too much is going on" in errors


async def test_each_bullet_is_printed_when_it_is_there() -> None:
    """Though standard output is a pipe, and the model has not gone on."""
    [gate], script = held(BEGUN, REST)
    async with (
        FakeUpstream(script) as model,
        streamsum("summarize", "-", environment=environment_for(model)) as program,
    ):
        program.reads(TEXT)
        assert await program.line() == "• A keeper.\n"
        gate.open()
        assert await program.ends() == (0, "• A goat.\n", "")


async def test_a_byte_order_mark_is_no_text(command: Command) -> None:
    """The text goes to the model, the mark does not."""
    async with FakeUpstream(SPOKEN) as model:
        environment = environment_for(model)
        command.write("\ufeffGrüße aus Köln.")
        assert (await command.run_with(command.file, environment=environment))[0] == 0
        asked = json.dumps(model.calls[0].body["messages"], ensure_ascii=False)
    assert "Grüße aus Köln." in asked
    assert "\ufeff" not in asked


async def test_options_are_the_requests_fields(command: Command) -> None:
    """The model is asked for what was asked for."""
    options = [
        "--max-bullets",
        "1",
        "--max-bullet-chars",
        "30",
        "--focus",
        "prices",
        "--language",
        "fr",
        "--model",
        "m-1",
    ]
    async with FakeUpstream(SPOKEN) as model:
        command.write(TEXT)
        found = await command.run_with(command.file, *options, environment=environment_for(model))
        body = model.calls[0].body
    assert found == (0, "• A keeper.\n", "")
    assert body["model"] == "m-1"
    assert "prices" in json.dumps(body["messages"])


async def test_json_prints_every_event(command: Command) -> None:
    """One line each, as on the wire."""
    status, output, _ = await command.run("--json")
    events = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert [event["type"] for event in events] == ["summary.created", "bullet", "bullet", "summary.completed"]


async def test_cut_short_is_3(command: Command) -> None:
    """Completed, but not all that the model had to say; standard error says why."""
    status, output, errors = await command.run(script=answer(BEGUN, finish="length"))
    assert (status, output) == (3, "• A keeper.\n")
    assert errors == "streamsum: the summary is cut short (length)\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ((Status(401),), "OPENAI_API_KEY"),
        ((Status(404),), "STREAMSUM_MODEL"),
        ((Status(500),), "OPENAI_BASE_URL"),
        ((Status(429),), "rate limit"),
        (answer("I cannot do that."), "not of the form"),
    ],
)
async def test_failed_is_1(command: Command, script: Script, words: str) -> None:
    """With a hint at what may help."""
    status, output, errors = await command.run(script=script)
    assert (status, output) == (1, "")
    assert words in errors
    assert errors.count("\n") == 1


async def test_a_failure_with_json_is_an_event(command: Command) -> None:
    """On standard output, where a program looks for it."""
    status, output, errors = await command.run("--json", script=(Status(401),))
    assert status == 1
    assert json.loads(output.splitlines()[-1])["type"] == "summary.failed"
    assert errors == ""


async def test_a_server_that_is_not_there_is_1(command: Command) -> None:
    """Refused, on the port of a server that has gone."""
    async with FakeUpstream(SPOKEN) as model:
        environment = environment_for(model)
    command.write(TEXT)
    status, _, errors = await command.run_with(command.file, environment=environment)
    assert status == 1
    assert "OPENAI_BASE_URL" in errors


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        (b"\xff\xfe" + CANARY.encode(), [], "not UTF-8"),
        ("", [], "the text is empty"),
        (" \n\t", [], "the text is empty"),
        ("\u200b", [], "the text: "),
        ("a" * 1001, [], "longer than 1000 bytes"),
        (f"{CANARY}\0", [], "the text: "),
        (TEXT, ["--max-bullets", "51"], "--max-bullets: 50 or less."),
        (TEXT, ["--max-bullets", "many"], "--max-bullets"),
        (TEXT, ["--max-bullet-chars", "1"], "--max-bullet-chars: 20 or more."),
        (TEXT, ["--language", "the one I like"], "--language: "),
        (TEXT, ["--focus", "x" * 501], "--focus: At most 500 characters."),
        (TEXT, ["--unknown"], "--unknown"),
    ],
)
async def test_bad_usage_is_2(command: Command, given: str | bytes, options: list[str], words: str) -> None:
    """Said in a line or two, before anything is spent."""
    status, output, errors = await command.run(*options, given=given, STREAMSUM_MAX_BODY_BYTES="1000")
    assert (status, output) == (2, "")
    assert words in errors


async def test_a_limit_beyond_any_machine_is_none(command: Command) -> None:
    """No room is made for all that it allows."""
    assert await command.run(STREAMSUM_MAX_BODY_BYTES="9" * 15) == (0, "• A keeper.\n• A goat.\n", "")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("/no/such/file", "cannot read /no/such/file: No such file or directory"),
        ("/", "cannot read /: Is a directory"),
        ("a\0b", "cannot read"),
        ("https://example.org/a?b=c", "not fetched: curl -s 'https://example.org/a?b=c' | streamsum summarize"),
        ("file:///etc/passwd", "not fetched"),
    ],
)
async def test_a_file_that_cannot_be_read_is_2(command: Command, file: str, words: str) -> None:
    """With the system's reason."""
    status, output, errors = await command.run_with(file, environment={})
    assert (status, output) == (2, "")
    assert words in errors


async def test_several_files_are_summarised_in_a_row(command: Command, tmp_path: Path) -> None:
    """Each under its name; the exit status is the worst of theirs, and what cannot be read holds up nobody."""
    command.write(TEXT)
    async with FakeUpstream(SPOKEN) as model:
        status, output, errors = await command.run_with(
            command.file, str(tmp_path / "none"), command.file, environment=environment_for(model)
        )
    assert status == 2
    summary = f"==> {command.file} <==\n• A keeper.\n• A goat.\n"
    assert output == f"{summary}\n==> {tmp_path / 'none'} <==\n\n{summary}"
    assert errors.count("cannot read") == 1


async def test_a_files_name_is_nothing_that_a_terminal_obeys(command: Command, tmp_path: Path) -> None:
    """Whoever made the file has named it."""
    file = tmp_path / "a\x1b]0;b\r.txt"
    file.write_text(TEXT)
    async with FakeUpstream(SPOKEN) as model:
        _, output, _ = await command.run_with(str(file), str(file), environment=environment_for(model))
    assert output.splitlines()[0] == f"==> {tmp_path}/a\ufffd]0;b\ufffd.txt <=="


async def test_evidence_is_shown_where_it_is_asked_for(command: Command) -> None:
    """Beneath each bullet: the words of the text, and how they were found."""
    script = answer(bullets("The lamp was lit in 1698."))
    text = "The lamp\nwas lit in 1698. Nobody knows\x1b[31m why."
    _, output, _ = await command.run("--evidence", "attach", given=text, script=script)
    bullet, line = output.splitlines()
    assert bullet == "• The lamp was lit in 1698."
    assert line.startswith("  <- The lamp was lit in 1698. (attributed, 0.")


async def test_a_server_makes_the_same_summary(command: Command) -> None:
    """`--url` and STREAMSUM_URL: bullets, events, exit status."""
    command.write(TEXT)
    async with FakeUpstream(SPOKEN) as model, served(None, settings=settings_for(model)) as service:
        url = f"http://127.0.0.1:{service.port}"
        by_option = await command.run_with(command.file, "--url", url, environment={"STREAMSUM_KEY": "ssk_any"})
        _, output, _ = await command.run_with(command.file, "--json", environment={"STREAMSUM_URL": url})
        refused = await command.run_with(command.file, "--max-bullets", "51", environment={"STREAMSUM_URL": url})
    assert by_option == (0, "• A keeper.\n• A goat.\n", "")
    assert [json.loads(line)["type"] for line in output.splitlines()][-1] == "summary.completed"
    assert refused == (2, "", "streamsum: --max-bullets: 50 or less.\n")


async def test_a_server_that_has_failed_is_1(command: Command) -> None:
    """With its problem, by the words that we have for it."""
    command.write(TEXT)
    async with FakeUpstream((Status(401),)) as model, served(None, settings=settings_for(model)) as service:
        url = f"http://127.0.0.1:{service.port}"
        status, output, errors = await command.run_with(command.file, "--url", url, environment={})
    assert (status, output) == (1, "")
    assert "refused our request" in errors
    assert "OPENAI_" not in errors  # whoever asks has no part in that


async def test_a_limit_of_the_key_is_1(command: Command, tmp_path: Path) -> None:
    """Nothing that was typed is wrong: whoever tries again may have it."""
    key = new_key()
    file = tmp_path / "keys.toml"
    file.write_text(f'[[keys]]\nname = "a"\nsha256 = "{digest_of(key).hex()}"\nrequests_per_minute = 1\n')
    command.write(TEXT)
    async with FakeUpstream(SPOKEN) as model:
        settings = Settings.read(environment_for(model) | {"STREAMSUM_KEYS_FILE": str(file)})
        async with served(None, settings=settings) as at:
            environment = {"STREAMSUM_URL": f"http://127.0.0.1:{at.port}", "STREAMSUM_KEY": key}
            first = await command.run_with(command.file, environment=environment)
            status, output, errors = await command.run_with(command.file, environment=environment)
    assert first[0] == 0
    assert (status, output) == (1, "")
    assert "too many requests" in errors


@pytest.mark.parametrize(
    ("url", "key", "status", "words"),
    [
        ("http://127.0.0.1:1", "", 1, "Does `streamsum serve` run at http://127.0.0.1:1?"),
        ("127.0.0.1:8080", "", 2, "--url (STREAMSUM_URL) must be the URL of a server"),
        ("http://ü..de", "", 2, "--url (STREAMSUM_URL) must be the URL of a server"),
        ("http://127.0.0.1:1", "two words", 2, "STREAMSUM_KEY must be a key"),
    ],
)
async def test_a_server_that_is_none_is_told(command: Command, url: str, key: str, status: int, words: str) -> None:
    """And what to look at."""
    command.write(TEXT)
    found, output, errors = await command.run_with(
        command.file, environment={"STREAMSUM_URL": url, "STREAMSUM_KEY": key}
    )
    assert (found, output) == (status, "")
    assert words in errors


async def test_another_server_is_told_from_ours(command: Command) -> None:
    """A model's own, by mistake."""
    command.write(TEXT)
    async with FakeUpstream(SPOKEN) as model:
        status, _, errors = await command.run_with(command.file, "--url", model.base_url, environment={})
    assert status == 1
    assert f"Is {model.base_url} the URL of a streamsum?" in errors


@pytest.mark.parametrize(
    ("code", "words"), [("unauthenticated", "STREAMSUM_KEY"), ("forbidden", "localhost"), ("not_found", "")]
)
def test_a_refusal_comes_with_what_may_help(code: str, words: str) -> None:
    """By its kind."""
    assert words in hint(Refused.of(Problem.of(code)), "http://x")


async def test_a_setting_that_does_not_fit_is_2(command: Command) -> None:
    """By its name, not by its value."""
    status, _, errors = await command.run(STREAMSUM_TOTAL_S=CANARY)
    assert status == 2
    assert errors == "streamsum: STREAMSUM_TOTAL_S must be a number above 0\n"


async def test_ctrl_c_is_130() -> None:
    """Without a traceback, and the model is hung up."""
    _, script = held(BEGUN, REST)
    async with FakeUpstream(script) as model:
        async with streamsum("summarize", environment=environment_for(model)) as program:
            program.reads(TEXT)
            assert await program.line() == "• A keeper.\n"
            program.signal(signal.SIGINT)
            assert await program.ends() == (130, "", "")
        assert await model.calls[0].closed() == "hung_up"


async def test_ctrl_c_at_a_server_hangs_up_its_model() -> None:
    """At once, though the server would wait for who may come back: in mid-stream."""
    _, script = held(BEGUN, REST)
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model), limit_s=60) as at:
        async with streamsum("summarize", "--url", f"http://127.0.0.1:{at.port}") as program:
            program.reads(TEXT)
            assert await program.line() == "• A keeper.\n"
            program.signal(signal.SIGINT)
            assert await program.ends() == (130, "", "")
        assert await model.calls[0].closed() == "hung_up"
        assert model.calls_made == 1


async def test_ctrl_c_before_a_server_has_answered_hangs_up_its_model() -> None:
    """Nobody has told the summary's id yet."""
    async with FakeUpstream((NoAnswer(),)) as model, served(None, settings=settings_for(model), limit_s=60) as at:
        async with streamsum("summarize", "--url", f"http://127.0.0.1:{at.port}") as program:
            program.reads(TEXT)
            call = await model.next_call(within=LIMIT_S)
            program.signal(signal.SIGINT)
            assert await program.ends() == (130, "", "")
        assert await call.closed() == "hung_up"
        assert model.calls_made == 1


async def test_ctrl_c_while_reading_is_130() -> None:
    """Somebody waits at an empty terminal, and gives up."""
    async with FakeUpstream(SPOKEN) as model:
        async with streamsum("summarize", environment=environment_for(model)) as program:
            assert program.process.stdin is not None
            program.process.stdin.write(b"a" * 500_000)
            await program.process.stdin.drain()  # more than a pipe holds: it has begun to read
            program.signal(signal.SIGINT)
            assert (await program.ends())[0] == 130
        assert model.calls == []


async def test_a_reader_that_has_enough_is_silent() -> None:
    """`| head -1`."""
    [gate], script = held(BEGUN, REST)
    read, write = os.pipe()
    async with (
        FakeUpstream(script) as model,
        streamsum("summarize", environment=environment_for(model), stdout=write) as program,
    ):
        os.close(write)
        program.reads(TEXT)
        await gate.reached(within=LIMIT_S)
        os.close(read)
        gate.open()
        assert await program.ends() == (141, "", "")


async def test_a_terminal_without_bullets_gets_a_substitute() -> None:
    """What its encoding does not have must not end the program."""
    async with FakeUpstream(SPOKEN) as model:
        environment = environment_for(model) | {"PYTHONIOENCODING": "ascii"}
        async with streamsum("summarize", environment=environment) as program:
            assert await program.ends(TEXT.encode()) == (0, "? A keeper.\n? A goat.\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["summarize", "--help"]])
def test_help_says_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And is exit 0."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert "usage: streamsum" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["summarise"], ["--nonsense"], ["serve", "--port", "70000"]])
def test_what_nobody_knows_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: streamsum" in capsys.readouterr().err


async def test_the_version_is_told_without_loading_the_service() -> None:
    """`python -m streamsum` is the same program."""
    async with streamsum("--version") as program:
        assert await program.ends() == (0, f"streamsum {__version__}\n", "")


def test_a_key_is_shown_once_with_what_the_server_needs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """As it stands it is a file of keys, but for the key: that opens it."""
    assert main(["key", "alice"], environment={}) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    (key,) = [line for line in output.splitlines() if looks_like_one(line)]
    (tmp_path / "keys.toml").write_text(output[output.index("[[keys]]") :])
    keys = Settings.read({"STREAMSUM_KEYS_FILE": str(tmp_path / "keys.toml")}).keys
    found = KeyRing(keys).find(key)
    assert found is not None
    assert found.name == "alice"
    assert key not in (tmp_path / "keys.toml").read_text()
    main(["key", "alice"], environment={})
    assert key not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "a b", "é", "a\n", "x" * 65, 'a"'])
def test_a_name_that_no_key_can_have_is_bad_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    with pytest.raises(SystemExit) as caught:
        main(["key", name], environment={})
    assert caught.value.code == 2
    assert "1 to 64 letters" in capsys.readouterr().err
