"""The manifests, held against Kubernetes' own schemas and against the service that they run."""

import re
from dataclasses import fields
from fnmatch import fnmatch
from functools import reduce
from typing import Any

import kubernetes_validate
import pytest

from streamsum.runs.limits import allowance
from streamsum.runs.redis_log.times import Times
from streamsum.serve import LAST_WORDS_S
from streamsum.settings import Settings
from streamsum.telemetry.otel import FLUSH_S
from streamsum.web.endpoints import ROUTES
from tests.dockerfile import instructions, words_of
from tests.manifests import MANIFESTS, OVERLAYS, container, environment, mebibytes, one, pod, ports, rendered
from tests.scripted import ScriptedUpstream
from tests.servers import served
from tests.test_memory import A_SOURCE_TAKES

# The oldest with preStop's `sleep`, and the newest that there are schemas of.
KUBERNETES = ("1.30", "1.37")
# What clients never need: the Ingress must not show it.
PRIVATE = {"/healthz", "/readyz", "/metrics"}
# What an installation makes by hand, and the manifests only name.
SECRETS = {
    "openai-secrets/apiKey": "sk-none",
    "streamsum-redis/url": "rediss://:password@redis.example.com:6379/0",
}
OPERATIONS = (MANIFESTS.parent / "docs/operations.md").read_text()
VARIABLES = {each.metadata["variable"] for each in fields(Settings) if "variable" in each.metadata}

# Where in its `spec` each kind says which pods it is about.
SELECTORS = {
    "Deployment": ("selector", "matchLabels"),
    "Service": ("selector",),
    "PodDisruptionBudget": ("selector", "matchLabels"),
    "NetworkPolicy": ("podSelector", "matchLabels"),
}

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
    """Whoever selects pods does so by labels that they have: one without a selector would be about none, or all."""
    labels = one(overlay, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    for each in rendered(overlay):
        if (where := SELECTORS.get(each["kind"])) is not None:
            selector = reduce(dict.__getitem__, where, each["spec"])
            assert selector, each["kind"]
            assert selector.items() <= labels, each["kind"]


@overlays
def test_pods_are_spread_over_nodes_and_zones(overlay: str) -> None:
    """Pods of one version, of this app; where they cannot be, they run all the same."""
    labels = one(overlay, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    constraints = pod(overlay)["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in constraints} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    for each in constraints:
        assert (each["maxSkew"], each["whenUnsatisfiable"]) == (1, "ScheduleAnyway")
        assert each["matchLabelKeys"] == ["pod-template-hash"]
        assert each["labelSelector"]["matchLabels"]
        assert each["labelSelector"]["matchLabels"].items() <= labels


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


def test_how_many_replicas_there_are_is_said_once() -> None:
    """By the HPA, from two on, or each deployment would scale down to what the manifest says; locally it is one."""
    deployment, hpa = (one("production", kind)["spec"] for kind in ("Deployment", "HorizontalPodAutoscaler"))
    assert "replicas" not in deployment
    assert 2 == hpa["minReplicas"] < hpa["maxReplicas"]
    target = one("production", "Deployment")
    wanted = {"apiVersion": target["apiVersion"], "kind": target["kind"], "name": target["metadata"]["name"]}
    assert hpa["scaleTargetRef"] == wanted
    assert one("local", "Deployment")["spec"]["replicas"] == 1
    assert not {"HorizontalPodAutoscaler", "PodDisruptionBudget"} & {each["kind"] for each in rendered("local")}


def test_the_hpa_goes_by_what_the_pods_ask_for() -> None:
    """CPU, which runs out first, as a share of a request that is there; one process uses one core."""
    [metric] = one("production", "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert (metric["resource"]["name"], metric["resource"]["target"]["type"]) == ("cpu", "Utilization")
    assert 0 < metric["resource"]["target"]["averageUtilization"] < 100
    assert container("production")["resources"]["requests"]["cpu"] == "1"


def test_evictions_leave_most_of_them_running() -> None:
    """One at a time."""
    assert one("production", "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


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
    """Though Redis and the collector of traces be away: each wait on the way out, one after the other."""
    known_s = container(overlay)["lifecycle"]["preStop"]["sleep"]["seconds"]
    unready_s = container(overlay)["readinessProbe"]["periodSeconds"]
    assert known_s > unready_s
    redis = Times()
    waits_s = (
        known_s,
        settings_of(overlay).drain_s,
        redis.hold_s,  # the last append, while Redis is away
        redis.answer_s,  # what a summary has cost
        redis.answer_s,  # handing over
        LAST_WORDS_S,  # of the port
        LAST_WORDS_S,  # of the metrics' listener
        allowance.LAST_WORDS_S,  # what keys have spent
        FLUSH_S,  # the last spans
        redis.answer_s,  # giving the lease back
    )
    assert sum(waits_s) < pod(overlay)["terminationGracePeriodSeconds"]
    behind_s = sum(waits_s) - known_s
    [docker_s] = re.findall(r"`docker stop --time (\d+)`", OPERATIONS)
    assert behind_s < int(docker_s)


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
    sources = settings.source_bytes / 2**20 * A_SOURCE_TAKES
    model = 370 if settings.upstream == "embedded" else 0
    needed = process + model + streams + sources + settings.keep_bytes / 2**20
    assert mebibytes(container(overlay)["resources"]["limits"]["memory"]) >= needed * 1.5


@overlays
def test_a_process_takes_no_more_streams_than_a_core_serves(overlay: str) -> None:
    """By the table in benchmarks/README.md: the lag is fine at 100, and is not at 200."""
    assert 100 <= settings_of(overlay).max_streams <= 150


@overlays
def test_the_network_policy_names_ports_that_are_there(overlay: str) -> None:
    """In: by name, to one of the container's. Out: never to where a node keeps its credentials."""
    spec = one(overlay, "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == set(ports(overlay))
    blocks = [peer["ipBlock"] for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert "169.254.0.0/16" in next(block["except"] for block in blocks if block["cidr"] == "0.0.0.0/0")


@overlays
def test_names_can_be_looked_up_wherever_they_are_answered(overlay: str) -> None:
    """In the cluster's own namespace, and on the node, where a cache may be; there, nothing but names."""
    rules = one(overlay, "NetworkPolicy")["spec"]["egress"]
    [names] = [rule for rule in rules if {"port": 53, "protocol": "UDP"} in rule["ports"]]
    assert names["ports"] == [{"port": 53, "protocol": each} for each in ("UDP", "TCP")]
    namespace, node = names["to"]
    assert namespace["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}
    assert node == {"ipBlock": {"cidr": "169.254.20.10/32"}}


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


def test_the_ingress_neither_buffers_nor_cuts_nor_repeats() -> None:
    """It waits longer than a summary may take, takes larger bodies than the service does, which says so better, and
    asks for nothing twice.
    """
    settings = settings_of("production")
    annotations = one("production", "Ingress")["metadata"]["annotations"]
    for family, off, body in (
        ("nginx.org/", "false", "client-max-body-size"),
        ("nginx.ingress.kubernetes.io/", "off", "proxy-body-size"),
    ):
        assert annotations[family + "proxy-buffering"] == off
        assert annotations[family + "proxy-next-upstream"] == "off"
        assert int(annotations[family + "proxy-read-timeout"].removesuffix("s")) > settings.total_s
        assert int(annotations[family + body].removesuffix("m")) * 2**20 > settings.max_body_bytes


def test_the_ingress_says_what_it_cannot_keep_out_of_logs() -> None:
    """An annotation stops one log of one controller; the other three are for who owns the controllers."""
    annotations = one("production", "Ingress")["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/enable-access-log"] == "false"
    text = (MANIFESTS / "overlays/production/ingress.yaml").read_text()
    for told in (text, OPERATIONS):
        assert "error-log-level: emerg" in told
        assert "log-format" in told


def test_the_secrets_that_must_be_made_are_listed_where_one_looks() -> None:
    """The production overlay's first lines name each, with its key."""
    text = (MANIFESTS / "overlays/production/kustomization.yaml").read_text()
    told = {tuple(found) for found in re.findall(r"^#   ([a-z-]+)\s+([\w.]+)", text, re.MULTILINE)}
    wanted = {tuple(value.split("/")) for value in environment("production").values() if value in SECRETS}
    wanted |= {("streamsum-keys", "keys.toml"), ("streamsum-secret", "secret"), ("streamsum-tls", "tls.crt")}
    assert told == wanted
