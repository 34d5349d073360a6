"""Compose, kubernetes and the local stack: valid by their schemas, safe by default, and of one mind about settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.documents.settings_page import CLASSES, is_secret
from deploy.local import keys
from deploy.local.demo import PREFIXES
from deploy.local.environment import FOLDER, shared_settings
from shared.contracts.topics import PARTITIONS, SERVICES, TOPICS, group
from shared.runtime.kafka import STOP_WITHIN_S
from shared.runtime.settings import RuntimeSettings, variable_of
from tests.support import intake

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
KUSTOMIZATION = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
FILES = sorted(path for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS = [(path.name, body) for path in FILES for body in yaml.safe_load_all(path.read_text())]
PODS = [body for _, body in OBJECTS if body["kind"] in ("Deployment", "Job")]
RELAY_WITHIN_S = 5.0
VERSIONS = ("1.31", "1.37")
SECRETS = {
    "intake": keys.INTAKE_ONLY | keys.EVERYONE,
    **dict.fromkeys(("classifier", "actions", "reporting"), keys.EVERYONE),
}


def named(kind: str, name: str) -> dict[str, Any]:
    return next(body for _, body in OBJECTS if body["kind"] == kind and body["metadata"]["name"] == name)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "body"), OBJECTS, ids=[f"{body['kind']}-{body['metadata']['name']}" for _, body in OBJECTS]
)
def test_a_manifest_is_valid_for_kubernetes(name, body, version):
    """Held strictly against the schemas of an older and a newer kubernetes: an unknown field is an error."""
    kubernetes_validate.validate(body, version, strict=True)


@pytest.mark.parametrize("body", PODS, ids=lambda body: body["metadata"]["name"])
def test_a_pod_is_safe_by_default(body):
    """No root, no writable file system, no privilege, no token of the cluster, bounded memory."""
    pod, inside = body["spec"]["template"]["spec"], container(body)

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert inside["securityContext"]["readOnlyRootFilesystem"]
    assert inside["securityContext"]["allowPrivilegeEscalation"] is False
    assert inside["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert inside["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_never_down_to_nobody(service):
    """Two processes, one of which may go at a time; never more than there are partitions."""
    deployment, scaler = named("Deployment", service), named("HorizontalPodAutoscaler", service)
    budget = named("PodDisruptionBudget", service)

    assert deployment["spec"]["replicas"] >= 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert budget["spec"]["minAvailable"] == 1
    assert scaler["spec"]["maxReplicas"] <= PARTITIONS
    selectors = [deployment["spec"]["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]]
    assert selectors == [named("Service", service)["spec"]["selector"]] * 2


@pytest.mark.parametrize("service", SERVICES)
def test_a_stop_becomes_a_kill_only_after_the_drain_time(service):
    """What is in hand is finished first, in compose and in kubernetes."""
    drain_s = float(shared_settings(service)["NEARMISS_GRACEFUL_TIMEOUT_S"]) + RELAY_WITHIN_S + STOP_WITHIN_S

    assert int(COMPOSE[service]["stop_grace_period"].removesuffix("s")) > drain_s
    assert named("Deployment", service)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > drain_s


def of_compose(service: str) -> tuple[set[str], set[str]]:
    """Variables that compose sets itself, and those among them that come from outside by name."""
    variables = COMPOSE[service]["environment"]
    return set(variables), {name for name, value in variables.items() if str(value).startswith("${")}


def of_kubernetes(service: str) -> tuple[set[str], set[str]]:
    """Variables that kubernetes sets itself, and those among them that are references to secrets."""
    inside = container(named("Deployment", service))
    literals = {one["name"]: one["literals"] for one in KUSTOMIZATION["configMapGenerator"]}
    used = [one["configMapRef"]["name"] for one in inside["envFrom"]]
    generated = [line for name in used for line in literals.get(name, ())]
    variables = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in inside["env"]}
    assert all(reference["key"] == name for name, reference in variables.items())
    return {line.split("=")[0] for line in generated} | set(variables), set(variables)


@pytest.mark.parametrize("service", SERVICES)
def test_all_deployments_give_a_service_what_it_needs_and_nothing_unknown(service):
    """Every variable is a setting of that service, shared files included, and no two places set the same one."""
    kind: type[RuntimeSettings] = CLASSES[service]
    known = {variable_of(kind, field) for field in kind.model_fields}
    shared = set(shared_settings(service)) - {"SERVICE"}

    assert shared <= known
    for own, by_name in (of_compose(service), of_kubernetes(service)):
        assert own <= known, own - known
        assert not own & shared, "set in two places"
        assert {"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"} <= own
        assert SECRETS[service] <= by_name


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_no_secret_of_another(service):
    """Only intake can sign a token or open the vault."""
    for own, _ in (of_compose(service), of_kubernetes(service)):
        assert own & (keys.INTAKE_ONLY | keys.EVERYONE) == SECRETS[service]


@pytest.mark.parametrize("service", SERVICES)
def test_what_compose_gives_is_enough_to_build_the_service(service):
    """With the required secrets alone: what was left out arrives as an empty variable, and is as good as not there."""
    secrets = {"NEARMISS_TOKEN_PUBLIC_KEY": intake.PUBLIC_PEM, "NEARMISS_TOKEN_PRIVATE_KEY": intake.PRIVATE_PEM,
               "NEARMISS_VAULT_KEK": intake.KEY, "NEARMISS_PSEUDONYM_KEY": intake.KEY}  # fmt: skip
    given = shared_settings(service)
    for name, value in COMPOSE[service]["environment"].items():
        reference = re.fullmatch(r"\$\{(\w+)(:-(.*)|:\?.*)?\}", str(value))
        given[name] = secrets.get(reference[1], reference[3] or "") if reference else str(value)
    code = f"import services.{service}.app as a; a.create_app()"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NEARMISS_")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean | given, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_no_secret_stands_in_a_shared_file():
    """What is in deploy/settings is public."""
    secret = {
        variable_of(kind, name) for kind in CLASSES.values() for name, f in kind.model_fields.items() if is_secret(f)
    }
    for path in FOLDER.glob("*.env"):
        names = {line.split("=")[0] for line in path.read_text().splitlines() if "=" in line}
        assert not names & secret, path.name


@pytest.mark.parametrize("service", SERVICES)
def test_all_three_read_the_same_files(service):
    """Compose by env_file, kubernetes by a generated config map, the local stack by itself."""
    generated = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["configMapGenerator"]
    maps = {one["name"]: one["envs"] for one in generated}
    used = [one["configMapRef"]["name"] for one in container(named("Deployment", service))["envFrom"]]

    assert COMPOSE[service]["env_file"] == ["deploy/settings/every.env", f"deploy/settings/{service}.env"]
    assert maps["every"] == ["every.env"]
    assert maps[service] == [f"{service}.env"]
    assert used[:3] == ["every", service, "addresses"]
    assert shared_settings(service)["NEARMISS_ROOT_PATH"] == PREFIXES[service]
    assert shared_settings(service)["SERVICE"] == service


def test_the_front_door_is_routed_alike_everywhere():
    """One Caddyfile; each deployment names the four addresses and hides nothing behind another port."""
    wanted = set(re.findall(r"\{\$(\w+)", (ROOT / "deploy" / "front" / "Caddyfile").read_text()))
    given = {one["name"]: one["value"] for one in container(named("Deployment", "front"))["env"]}

    assert wanted <= set(given)
    assert wanted == set(COMPOSE["front"]["environment"])
    for service in SERVICES:
        assert given[f"{service.upper()}_ADDRESS"] == COMPOSE["front"]["environment"][f"{service.upper()}_ADDRESS"]


def test_every_file_of_the_kustomization_exists_and_every_manifest_is_in_it():
    """A manifest that is not listed is never applied."""
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]

    assert all((KUBERNETES / name).exists() for name in listed)
    assert {path.name for path in FILES} <= set(listed)


def test_scaling_by_lag_names_groups_and_topics_that_exist():
    """A misspelt group has no lag and is never scaled."""
    topics = {topic.name: topic.consumers for topic in TOPICS}
    for body in yaml.safe_load_all((KUBERNETES / "components" / "keda" / "scaledobjects.yaml").read_text()):
        service = body["spec"]["scaleTargetRef"]["name"]
        assert body["spec"]["maxReplicaCount"] == PARTITIONS
        for trigger in body["spec"]["triggers"]:
            assert trigger["metadata"]["consumerGroup"] == group(service)
            assert service in topics[trigger["metadata"]["topic"]]


@pytest.mark.skipif(shutil.which("kustomize") is None, reason="kustomize is not on PATH")
def test_kustomize_builds_it():
    """The whole, as a cluster would get it."""
    run = subprocess.run(["kustomize", "build", str(KUBERNETES)], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    for body in yaml.safe_load_all(run.stdout):
        kubernetes_validate.validate(body, VERSIONS[-1], strict=True)


def test_compose_starts_again_drops_rights_and_shows_nothing_to_the_world():
    """Everything restarts, our own run without rights, published ports are this machine's alone."""
    for name, service in COMPOSE.items():
        assert service["restart"] in ("unless-stopped", "on-failure"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    for name in SERVICES:
        assert COMPOSE[name]["read_only"]
        assert COMPOSE[name]["cap_drop"] == ["ALL"]


def test_the_image_is_small_safe_and_tells_its_health():
    """Built in stages that stay behind, every install by hash, a numeric user that is not root, a health check."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    *_, last = text.split("FROM ")

    assert "pip" not in last
    assert len(re.findall("pip install", text)) == len(re.findall("--require-hashes", text)) == 2
    assert re.search(r"^USER 10001:10001$", text, re.M)
    assert "/health/live" in text.split("HEALTHCHECK")[1]


def test_every_image_of_others_is_named_by_its_full_version():
    """What ran yesterday runs tomorrow: no name that somebody else may point at another build of another version."""
    texts = [(ROOT / "deploy" / "Dockerfile").read_text(), (ROOT / "docker-compose.yml").read_text()]
    texts += [path.read_text() for path in FILES]
    named = {name for text in texts for name in re.findall(r"^(?:FROM|\s+image:) (\S+)", text, re.M)}
    others = {name for name in named if not name.startswith("near-miss-learning")}

    assert len(others) >= 6
    assert [name for name in others if not re.search(r":v?\d+\.\d+\.\d+", name)] == []


def test_the_image_gets_the_pages_styles_from_what_its_build_may_see(tmp_path):
    """Without them no service with pages starts; git does not have them, so a stage of the image fetches them."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    let_through = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.M)
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+)", text, re.M) for name in line.split()[:-1]]
    for name in let_through:
        if name.startswith("deploy/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    code = "import deploy.local.styles as s; print(s.TARGET.relative_to(s.PROJECT))"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert f"COPY --from=styles /build/{run.stdout.strip()} shared/web/static/" in text
    assert all(any(seen.startswith(name) for seen in let_through) for name in copied), copied


def test_what_the_image_holds_is_enough_to_build_every_service(tmp_path):
    """Only services and shared are copied: nothing at run time reaches for deploy or tests."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("services", "shared"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    code = "import " + ", ".join(f"services.{name}.app" for name in SERVICES) + ", shared.runtime.provision"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
