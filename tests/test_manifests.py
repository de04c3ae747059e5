"""The manifests, held against Kubernetes' own schemas and against the service that they run."""

import re
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatch
from typing import Any

import kubernetes_validate
import pytest

from streamsum.runs.limits import allowance
from streamsum.serve import LAST_WORDS_S
from streamsum.settings import Settings
from streamsum.web.endpoints import ROUTES
from tests.dockerfile import instructions, words_of
from tests.manifests import MANIFESTS, OVERLAYS, container, environment, mebibytes, one, pod, ports, rendered
from tests.scripted import ScriptedUpstream
from tests.servers import served

# The oldest with preStop's `sleep`, and the newest that there are schemas of.
KUBERNETES = ("1.30", "1.37")
# What clients never need: the Ingress must not show it.
PRIVATE = {"/healthz", "/readyz", "/metrics"}
# What an installation makes by hand, and the manifests only name.
SECRETS = {
    "openai-secrets/apiKey": "sk-none",
    "streamsum-redis/url": "rediss://:password@redis.example.com:6379/0",
}
VARIABLES = {each.metadata["variable"] for each in fields(Settings) if "variable" in each.metadata}

overlays = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.mark.parametrize("version", KUBERNETES)
@overlays
def test_every_object_is_what_kubernetes_knows(overlay: str, version: str) -> None:
    """No unknown field, in the oldest version and in the newest."""
    for each in rendered(overlay):
        kubernetes_validate.validate(each, version, strict=True)


@overlays
def test_everything_is_in_its_own_name_space(overlay: str) -> None:
    """Which admits restricted pods only."""
    namespace = one(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [each for each in rendered(overlay) if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {namespace["metadata"]["name"]}


@overlays
def test_the_selectors_find_the_pods(overlay: str) -> None:
    """Each by labels that the pods have."""
    labels = one(overlay, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    found = [selector for each in rendered(overlay) if each["kind"] != "NetworkPolicy" for selector in selectors(each)]
    found.append(one(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    assert len(found) >= 3
    assert all(selector and selector.items() <= labels for selector in found)


def selectors(manifest: Any) -> Iterator[dict[str, str]]:
    """All `selector` and `labelSelector`, in either form, however deep."""
    for key, value in manifest.items() if isinstance(manifest, dict) else enumerate(manifest):
        if key in ("selector", "labelSelector"):
            yield value.get("matchLabels", value)
        elif isinstance(value, dict | list):
            yield from selectors(value)


@overlays
def test_the_environment_is_made_of_real_settings(overlay: str) -> None:
    """A name that the service does not read would be a wish that nobody hears."""
    assert environment(overlay).keys() - VARIABLES == set()


@overlays
def test_kubernetes_adds_no_variables_of_its_own(overlay: str) -> None:
    """For a Service called streamsum they would begin as our settings do."""
    assert pod(overlay)["enableServiceLinks"] is False


@overlays
def test_the_service_would_start_on_them(overlay: str) -> None:
    """With keys, or by the operator's word without; and never by a guessed model."""
    settings = settings_of(overlay)
    given = environment(overlay)
    assert ("STREAMSUM_KEYS_FILE" in given) != settings.no_keys
    assert settings.upstream in ("openai", "embedded")
    assert (settings.api_key is None) == (settings.upstream == "embedded")


def settings_of(overlay: str) -> Settings:
    """What the service reads there, but for the files of its secrets."""
    given = {name: SECRETS.get(value, value) for name, value in environment(overlay).items()}
    return Settings.read({name: value for name, value in given.items() if not name.endswith("_FILE")})


@overlays
def test_several_replicas_share_an_event_log_and_a_secret(overlay: str) -> None:
    """Or a reader who comes back to another one finds nothing."""
    replicas = max(
        each["spec"].get("replicas", each["spec"].get("maxReplicas", 0))
        for each in rendered(overlay)
        if each["kind"] in ("Deployment", "HorizontalPodAutoscaler")
    )
    given = environment(overlay)
    shares = given.get("STREAMSUM_EVENT_LOG") == "streamsum-redis/url" and "STREAMSUM_SECRET_FILE" in given
    assert (replicas > 1) == shares


@overlays
def test_files_that_settings_name_are_mounted_from_secrets(overlay: str) -> None:
    """As whole directories: a `subPath` would never see a change. The pod's group may read them."""
    mounts = {each["mountPath"]: each for each in container(overlay)["volumeMounts"]}
    volumes = {each["name"]: each for each in pod(overlay)["volumes"]}
    for name, file in environment(overlay).items():
        if name.endswith("_FILE"):
            mount = mounts[file.rpartition("/")[0]]
            assert mount["readOnly"] is True
            assert "subPath" not in mount
            assert volumes[mount["name"]]["secret"]["defaultMode"] == 0o440
            assert pod(overlay)["securityContext"]["fsGroup"] > 0


@overlays
async def test_the_probes_are_answered(overlay: str) -> None:
    """By whatever name a node calls a pod."""
    paths = {
        name: container(overlay)[name]["httpGet"]["path"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    given = {name: value for name, value in environment(overlay).items() if name == "STREAMSUM_TRUSTED_HOSTS"}
    settings = Settings.read(given | {"STREAMSUM_NO_KEYS": "1"})
    async with served(ScriptedUpstream(), settings=settings) as at:
        for path in set(paths.values()):
            response = await at.client.get(path, headers={"Host": "10.1.2.3:8080"})
            assert response.status_code == 200


@overlays
def test_the_ports_are_those_that_the_service_listens_on(overlay: str) -> None:
    """From the image's command to the Service's port."""
    assert ports(overlay)["http"] == int(words_of("CMD")[-1]) == int(instructions("EXPOSE")[0])
    [port] = one(overlay, "Service")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (80, "http")
    named = {each["httpGet"]["port"] for name, each in container(overlay).items() if name.endswith("Probe")}
    assert named == {"http"}


@overlays
def test_the_metrics_are_scraped_where_they_are(overlay: str) -> None:
    """And cannot be reached by way of the Service."""
    port = ports(overlay)["metrics"]
    assert environment(overlay)["STREAMSUM_METRICS_ADDR"].rpartition(":")[2] == str(port)
    annotations = one(overlay, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port)


@overlays
def test_a_pod_has_longer_to_go_than_it_takes(overlay: str) -> None:
    """Until the proxies know, until the summaries have ended, until the last frames are out."""
    known_s = container(overlay)["lifecycle"]["preStop"]["sleep"]["seconds"]
    unready_s = container(overlay)["readinessProbe"]["periodSeconds"]
    assert known_s > unready_s
    last_words_s = LAST_WORDS_S + allowance.LAST_WORDS_S
    assert known_s + settings_of(overlay).drain_s + last_words_s < pod(overlay)["terminationGracePeriodSeconds"]


@overlays
def test_the_pod_is_as_restricted_as_it_can_be(overlay: str) -> None:
    """The image's user, no root, no capabilities, no token, nothing to write to but /tmp."""
    spec, security = pod(overlay), pod(overlay)["securityContext"]
    user, group = map(int, instructions("USER")[0].split(":"))
    assert (security["runAsUser"], security["runAsGroup"]) == (user, group)
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert one(overlay, "ServiceAccount")["automountServiceAccountToken"] is False
    assert container(overlay)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [each["mountPath"] for each in container(overlay)["volumeMounts"] if not each.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108 - in memory, and its own


@overlays
def test_the_memory_is_enough_for_what_the_settings_allow(overlay: str) -> None:
    """By the figures of docs/operations.md, all at its worst at once."""
    settings = settings_of(overlay)
    process = 74
    streams = settings.max_streams * 160 / 1024  # each with a client that never reads: tests/test_memory.py
    held = (settings.source_bytes + settings.keep_bytes) / 2**20
    needed = process + streams + held
    assert mebibytes(container(overlay)["resources"]["limits"]["memory"]) >= needed * 1.5


@overlays
def test_the_network_policy_names_ports_that_are_there(overlay: str) -> None:
    """In: by name, to one of the container's. Out: never to where a node keeps its credentials."""
    spec = one(overlay, "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == set(ports(overlay))
    blocks = [peer["ipBlock"] for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert "169.254.0.0/16" in next(block["except"] for block in blocks if block["cidr"] == "0.0.0.0/0")


def test_the_ingress_shows_what_clients_use_and_nothing_else() -> None:
    """Every route but those for machines; no path that is none."""
    listed = {each["path"]: each["pathType"] for each in ingress_paths()}
    public = {route.path for route in ROUTES} - PRIVATE
    assert {path for path in public if not any(matches(path, *entry) for entry in listed.items())} == set()
    assert not [path for path in PRIVATE if any(matches(path, *entry) for entry in listed.items())]
    assert [path for path in listed if not any(fnmatch(route, f"{path}*") for route in public)] == []


def matches(path: str, listed: str, kind: str) -> bool:
    """As Ingress does: a prefix is one of whole path segments."""
    return path == listed or (kind == "Prefix" and path.startswith(listed.rstrip("/") + "/"))


def ingress_paths() -> list[dict[str, Any]]:
    [rule] = one("production", "Ingress")["spec"]["rules"]
    paths: list[dict[str, Any]] = rule["http"]["paths"]
    return paths


def test_the_ingress_leads_to_the_service_by_a_name_that_is_trusted() -> None:
    """Over TLS."""
    ingress, service = one("production", "Ingress")["spec"], one("production", "Service")
    assert ingress["rules"][0]["host"] == environment("production")["STREAMSUM_TRUSTED_HOSTS"]
    assert ingress["tls"][0]["hosts"] == [ingress["rules"][0]["host"]]
    [backend] = {str(each["backend"]["service"]) for each in ingress_paths()}
    assert backend == str({"name": service["metadata"]["name"], "port": {"name": service["spec"]["ports"][0]["name"]}})


def test_the_ingress_neither_buffers_nor_cuts_nor_logs() -> None:
    """It waits longer than a summary may take, and takes larger bodies than the service does, which says so better."""
    settings = settings_of("production")
    annotations = one("production", "Ingress")["metadata"]["annotations"]
    for family, off, body in (
        ("nginx.org/", "false", "client-max-body-size"),
        ("nginx.ingress.kubernetes.io/", "off", "proxy-body-size"),
    ):
        assert annotations[family + "proxy-buffering"] == off
        assert int(annotations[family + "proxy-read-timeout"].removesuffix("s")) > settings.total_s
        assert int(annotations[family + body].removesuffix("m")) * 2**20 > settings.max_body_bytes
    assert annotations["nginx.ingress.kubernetes.io/enable-access-log"] == "false"


def test_the_secrets_that_must_be_made_are_listed_where_one_looks() -> None:
    """The production overlay's first lines name each, with its key."""
    text = (MANIFESTS / "overlays/production/kustomization.yaml").read_text()
    told = {tuple(found) for found in re.findall(r"^#   ([a-z-]+)\s+([\w.]+)", text, re.MULTILINE)}
    wanted = {tuple(value.split("/")) for value in environment("production").values() if value in SECRETS}
    wanted |= {("streamsum-keys", "keys.toml"), ("streamsum-secret", "secret"), ("streamsum-tls", "tls.crt")}
    assert told == wanted
