"""What the chart renders to, as values."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from typing import Any

import yaml

from tools.chart import CHART
from tools.helm import helm

RELEASE = "scizor"
CI = ("minimal", "external-db", "production")
"""The files of ci/, each a kind of installation."""
KINDS = ("", *CI)
"""Those, and the chart as it comes."""

Manifest = dict[str, Any]


def run_helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, timeout=60, check=False)


@cache
def rendered(kind: str = "", values: str = "") -> tuple[Manifest, ...]:
    """Every object of an installation; `values`: YAML over those of the kind."""
    done = template(kind, values)
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.load_all(done.stdout, yaml.CSafeLoader) if one)


def refusal(values: str, kind: str = "") -> str:
    """What Helm says of values it does not take."""
    done = template(kind, values)
    assert done.returncode != 0, "was taken"
    return done.stderr


def template(kind: str, values: str) -> subprocess.CompletedProcess[str]:
    files = [str(CHART / "ci" / f"{kind}-values.yaml")] if kind else []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(values)
        file.flush()
        given = [word for path in (*files, file.name) for word in ("--values", path)]
        return run_helm("template", RELEASE, str(CHART), "--namespace", "trade", *given)


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] in kinds]


def component(manifest: Manifest) -> str:
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])


def pods(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """The pod template of each component."""
    found: dict[str, Manifest] = {}
    for one in of_kind(manifests, "Deployment", "StatefulSet", "Job"):
        found[component(one)] = one["spec"]["template"]
    for one in of_kind(manifests, "CronJob"):
        found[component(one)] = one["spec"]["jobTemplate"]["spec"]["template"]
    return found


def container(pod: Manifest) -> Manifest:
    (only,) = pod["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def environment(pod: Manifest) -> dict[str, str]:
    """Variables that are told in the manifest; those of secrets are not."""
    return {one["name"]: one["value"] for one in container(pod).get("env", []) if "value" in one}
