"""benchmarks/peers/environments: made once from pinned files; what cannot be had is said."""

import json
import re
import sys
from pathlib import Path

import pytest

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.environments import SERVICES, Address, Missing, Nginx, making

LOCKS = sorted(SERVICES.glob("*/requirements.txt"))
ADDRESS = Address(port=1, model_port=2)


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    """And again when a file changes that it was made from."""
    source, made = tmp_path / "requirements.txt", list[Path]()
    folder = tmp_path / "envs" / "peer"
    for text in ("one", "one", "two", "two"):
        source.write_text(text)
        making.make(folder, [source], made.append)
    assert made == [folder, folder]


def test_one_that_was_not_finished_is_made_anew(tmp_path: Path) -> None:
    """Whatever is left of it is thrown away."""
    source, folder = tmp_path / "requirements.txt", tmp_path / "peer"
    source.write_text("one")

    def fail(_folder: Path) -> None:
        (folder / "half").touch()
        raise Missing("no index")

    with pytest.raises(Missing):
        making.make(folder, [source], fail)
    left = list[bool]()
    making.make(folder, [source], lambda made: left.append((made / "half").exists()))
    assert left == [False]


def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    """The end of what it wrote; and a program that is not there is the same."""
    with pytest.raises(Missing, match="no such package"):
        making.run([sys.executable, "-c", "raise SystemExit('no such package')"], tmp_path)
    with pytest.raises(Missing, match="FileNotFoundError"):
        making.run([str(tmp_path / "nothing")], tmp_path)


def test_no_nginx_is_said(tmp_path: Path) -> None:
    """With what to do about it; the others go on without."""
    with pytest.raises(Missing, match="apt-get install nginx-light"):
        Nginx(path=str(tmp_path)).prepare()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_locks_pin_by_hash_and_name_no_index(lock: Path) -> None:
    """Every package has a version and a hash; no address of any host."""
    text = lock.read_text()
    packages = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert packages
    assert all(re.match(r"[\w.-]+(\[[\w,-]+\])?==", each) and "--hash=sha256:" in each for each in packages)
    assert "://" not in text


def test_the_lock_of_node_pins_by_hash_and_names_no_registry() -> None:
    """npm finds the packages where it is told to look."""
    text = (SERVICES / "vercel" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("integrity" in each for name, each in packages.items() if name)
    assert "resolved" not in text
    assert "://" not in text


@pytest.mark.parametrize(
    "peer", [peer for peer in PEERS if not isinstance(peer.environment, Nginx)], ids=lambda p: p.name
)
def test_every_peer_says_its_versions(peer: Peer) -> None:
    """Those that matter, from the files that pin them. nginx says its own, where there is one."""
    assert all(re.fullmatch(r"[\d.]+", version) for version in peer.environment.versions().values())
