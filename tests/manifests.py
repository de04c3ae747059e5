"""The manifests as a cluster would get them: rendered by `kubectl kustomize`, as objects."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MANIFESTS = Path(__file__).parent.parent / "manifests"
OVERLAYS = ("local", "production")

Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Manifest, ...]:
    """All objects of an overlay."""
    kubectl = Path(sys.executable).parent / "kubectl"
    done = subprocess.run(
        [kubectl, "kustomize", MANIFESTS / "overlays" / overlay], capture_output=True, text=True, timeout=60, check=True
    )
    return tuple(yaml.safe_load_all(done.stdout))


def one(overlay: str, kind: str) -> Manifest:
    """The only one of its kind."""
    [found] = [each for each in rendered(overlay) if each["kind"] == kind]
    return found


def pod(overlay: str) -> Manifest:
    spec: Manifest = one(overlay, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(overlay: str) -> Manifest:
    [found] = pod(overlay)["containers"]
    assert isinstance(found, dict)
    return found


def ports(overlay: str) -> dict[str, int]:
    """Of the container, by name."""
    return {each["name"]: each["containerPort"] for each in container(overlay)["ports"]}


def environment(overlay: str) -> dict[str, str]:
    """The container's: the ConfigMap's, and what it has by itself. A secret's value is where it stands: `name/key`."""
    found: dict[str, str] = dict(one(overlay, "ConfigMap")["data"])
    for each in container(overlay).get("env", []):
        if "value" in each:
            found[each["name"]] = each["value"]
        else:
            reference = each["valueFrom"]["secretKeyRef"]
            found[each["name"]] = f"{reference['name']}/{reference['key']}"
    return found


def mebibytes(quantity: str) -> int:
    assert quantity.endswith("Mi")
    return int(quantity.removesuffix("Mi"))
