"""Build the image, run it as a restricted pod, and stream a summary through it: `make image-check`.

With Docker or Podman, or with neither: as root, with Debian's buildah, runc and mmdebstrap. The container has no
network but its own loopback: the fake model and the client run inside it, beside the service.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.choice import choose
from scripts.engine import COMMAND_S, Engine, EngineError, ImageConfig, Restricted, run
from streamsum import __version__

PROJECT = Path(__file__).parent.parent
MODEL_PORT = 9999
# 20 characters a second and token: the bullets of the fake model come a good second apart.
TOKENS_PER_S = 20
START_S = 30
EMBEDDED_S = 300

# Of the tools that make or fetch software none has a place in the last stage.
UNWANTED = ("pip", "pip3", "uv", "hatchling", "gcc", "cc", "make", "curl", "wget", "git")
INSIDE = f"""
import importlib.util, json, os, shutil
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
def writable(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
print(json.dumps({{
    "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "writable": [path for path in ("/x", "/opt/streamsum/x", "/var/tmp/x", "/tmp/x") if writable(path)],
    "tools": [name for name in {UNWANTED!r} if shutil.which(name)],
    "installers": [name for name in ("pip", "ensurepip", "setuptools") if importlib.util.find_spec(name)],
}}))
"""


def main() -> int:
    """Exit status 0: all is as it should be; 1: something is not; 3: there is nothing here to find out with."""
    options = _options()
    work = Path(options.work)
    engine = choose(options.engine, work, base=_base())
    if isinstance(engine, str):
        print(f"image-check: not run: {engine}")
        return 3
    try:
        check(engine, work, embedded=options.embedded)
    except (EngineError, AssertionError) as error:
        print(f"image-check: {error}")
        return 1
    finally:
        engine.remove()
    print("image-check: passed")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="image_check", description=__doc__)
    parser.add_argument("--engine", choices=("auto", "docker", "podman", "buildah"), default="auto")
    parser.add_argument("--embedded", action="store_true", help="with the built-in model, which writes the summary")
    default = str(PROJECT / "build" / "image-check")
    parser.add_argument("--work", default=default, help="kept for the next time (default: build/image-check)")
    return parser.parse_args()


def _base() -> str:
    """The official base image, as the Dockerfile names it."""
    [name] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    return str(name)


def check(engine: Engine, work: Path, *, embedded: bool) -> None:
    """Everything, in order. Raises EngineError, AssertionError."""
    work.mkdir(parents=True, exist_ok=True)
    tag = "localhost/streamsum:check" + ("-embedded" if embedded else "")
    with _step("build"):
        labels = {"VERSION": __version__, "REVISION": _revision()}
        engine.build(PROJECT, tag=tag, arguments={"EMBEDDED": "1" if embedded else "0", **labels})
    image = engine.config(tag)
    with _step(f"what it says of itself ({engine.size(tag) / 1e6:.0f} MB)"):
        _check_config(image, labels)
    log = work / "service.log"
    with _step("without keys it ends, and says why"):
        _check_refusal(engine, tag, log)
    with _running(engine, tag, log, embedded=embedded) as service:
        with _step("HEALTHCHECK passes"):
            _until_healthy(engine, image, service, log)
        with _step("as restricted as it should be, and without tools"):
            _check_restrictions(engine, image)
        with _step("a summary is streamed"):
            _check_stream(engine, embedded=embedded)
        with _step("SIGTERM ends it in order"):
            engine.terminate()
            status = service.wait(COMMAND_S)
            said = log.read_text()
            assert status == 0, f"exit status {status}:\n{said}"
            assert "stopped" in said and "Traceback" not in said, said  # noqa: PT018


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{what} ...", flush=True)
    yield
    print(f"  ok, {time.monotonic() - began:.1f} s", flush=True)


def _revision() -> str:
    """What is built, if it is known: in a checkout without its history it is not."""
    try:
        return run(["git", "-C", str(PROJECT), "rev-parse", "HEAD"]).strip()
    except (EngineError, OSError):
        return "none"


def _check_config(image: ImageConfig, labels: Mapping[str, str]) -> None:
    user, _, group = image.user.partition(":")
    assert user.isdigit() and group.isdigit() and "0" not in (user, group), f"it runs as {image.user!r}"  # noqa: PT018
    assert image.command == ["streamsum", "serve", "--host", "0.0.0.0", "--port", "8080"], image.command  # noqa: S104
    assert image.stop_signal in ("SIGTERM", "15"), image.stop_signal
    assert image.ports == ["8080/tcp"], image.ports
    assert image.health, "it has no HEALTHCHECK"
    said = {name.removeprefix("org.opencontainers.image."): value for name, value in image.labels.items()}
    assert {"title", "description", "licenses"} <= said.keys(), said
    assert (said["version"], said["revision"]) == (labels["VERSION"], labels["REVISION"]), said


def _check_refusal(engine: Engine, tag: str, log: Path) -> None:
    """Before anything listens: bad usage, in a line that names both ways out."""
    service = engine.start(Restricted(tag=tag, environment={"OPENAI_API_KEY": "sk-none"}, mounts={}), log)
    try:
        status = service.wait(START_S)
    finally:
        engine.remove()
    said = log.read_text()
    assert (status, said.count("\n")) == (2, 1), f"exit status {status}:\n{said}"
    assert "keys" in said and "STREAMSUM_NO_KEYS=1" in said, said  # noqa: PT018


@contextmanager
def _running(engine: Engine, tag: str, log: Path, *, embedded: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """The service, and the fake model beside it."""
    model = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": f"http://127.0.0.1:{MODEL_PORT}/v1"}
    environment = {"STREAMSUM_NO_KEYS": "1", "PYTHONPATH": "/check"}
    environment |= {"STREAMSUM_UPSTREAM": "embedded"} if embedded else model
    mounts = {PROJECT / name: f"/check/{name}" for name in ("benchmarks", "scripts", "examples")}
    service = engine.start(Restricted(tag=tag, environment=environment, mounts=mounts), log)
    try:
        yield service
    finally:
        engine.remove()
        service.wait(COMMAND_S)


def _until_healthy(engine: Engine, image: ImageConfig, service: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + START_S
    while subprocess.run(engine.inside(*image.health), capture_output=True, timeout=COMMAND_S, check=False).returncode:
        assert service.poll() is None and time.monotonic() < give_up, f"it does not come up:\n{log.read_text()}"  # noqa: PT018
        time.sleep(0.2)


def _check_restrictions(engine: Engine, image: ImageConfig) -> None:
    found = json.loads(run(engine.inside("python", "-c", INSIDE)))
    assert found == {
        "uid": int(image.user.partition(":")[0]),
        "capabilities": 0,
        "no_new_privileges": "1",
        "writable": ["/tmp/x"],
        "tools": [],
        "installers": [],
    }, found


def _check_stream(engine: Engine, *, embedded: bool) -> None:
    """The events in order; and the bullets as they are written, not all at the end."""
    beside = _nothing if embedded else lambda: _fake_model(engine)
    with beside():
        text = ["/check/examples/lighthouse.txt"] if embedded else []
        said = run(engine.inside("python", "/check/scripts/image_client.py", *text), within=EMBEDDED_S)
    print("  " + said.strip().replace("\n", "\n  "))
    names, times = zip(*((name, float(at)) for name, at in map(str.split, said.splitlines())), strict=True)
    assert (names[0], names[-1]) == ("summary.created", "summary.completed"), names
    bullets = [at for name, at in zip(names, times, strict=True) if name == "bullet"]
    assert len(bullets) >= 2, "fewer than two bullets"
    assert bullets[-1] - bullets[0] > 0.2, "the bullets came together"


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _fake_model(engine: Engine) -> Iterator[None]:
    """It ends with the container."""
    command = ["python", "-m", "benchmarks.fake_upstream", "--port", str(MODEL_PORT), "--pace", str(TOKENS_PER_S)]
    with subprocess.Popen(engine.inside(*command), stdout=subprocess.PIPE) as model:
        try:
            assert model.stdout is not None
            assert model.stdout.readline().startswith(b"http"), "the fake model does not start"
            yield
        finally:
            model.terminate()
            model.wait(COMMAND_S)


if __name__ == "__main__":
    sys.exit(main())
