"""What the chart takes and what it refuses, and that what a machine wrote of it is current."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.chart.rendering import KINDS, refusal, rendered, run_helm
from tools.chart import CHART, drift
from tools.chart_readme import documented
from tools.chart_schema import SETTINGS, camel, setting_names

# The oldest that the chart takes, one in the middle, and the newest that is known.
VERSIONS = ("1.30", "1.34", "1.37")
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_one_that_kubernetes_knows_to_the_last_field(version: str) -> None:
    every = {json.dumps(manifest): manifest for kind in KINDS for manifest in rendered(kind)}
    for manifest in every.values():
        if manifest["kind"] == "ServiceMonitor":  # an operator's kind, held to its own words in test_metrics.py
            continue
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_chart_refuses_a_kubernetes_that_lacks_what_it_uses() -> None:
    done = run_helm("template", "scizor", str(CHART), "--kube-version", "1.29.0")
    assert "incompatible with Kubernetes" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_no_object_is_there_twice(kind: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered(kind)]
    assert len(names) == len(set(names))


def test_names_fit_whatever_the_release_is_called() -> None:
    done = run_helm(
        "template", "a" * 53, str(CHART), "--values", str(CHART / "ci/production-values.yaml"), "--namespace", "trade"
    )
    manifests = [one for one in yaml.safe_load_all(done.stdout) if one]
    # Names of the network have 63 characters, and what makes pods adds some of its own.
    longest = {"CronJob": 52, "StatefulSet": 52, "Service": 63, "Job": 63, "Deployment": 63}
    assert [
        one["metadata"]["name"] for one in manifests if len(one["metadata"]["name"]) > longest.get(one["kind"], 253)
    ] == []


def paths(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Every object of the schema, by its path."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    found = {path: schema} if schema.get("type") == "object" else {}
    for name, inner in schema.get("properties", {}).items():
        found |= paths(inner, f"{path}.{name}".strip("."))
    return found


def test_an_object_takes_what_is_named_or_is_kubernetes_own() -> None:
    open_ones = {path for path, schema in paths(SCHEMA).items() if "additionalProperties" not in schema}
    assert {path.rpartition(".")[2] for path in open_ones} == {"affinity", "global"}


def test_the_schema_knows_every_value_and_no_other() -> None:
    def known(value: Any, schema: dict[str, Any], path: str) -> list[str]:
        if "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
        properties = schema.get("properties")
        if properties is None or not isinstance(value, dict):
            return []
        if path == "worker.settings":  # what differs from another's
            return []
        wanted = {name for name, inner in properties.items() if not inner.get("deprecated")} - {"global"}
        wrong = [f"{path}.{name}" for name in wanted ^ set(value)]
        return wrong + [
            one
            for name in wanted & set(value)
            for one in known(value[name], properties[name], f"{path}.{name}".strip("."))
        ]

    assert [path for path in known(VALUES, SCHEMA, "") if not path.endswith((".requests", ".limits"))] == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ("backtets: {}", "'backtets' not allowed"),
        ("backtest: {replica: 3}", "'replica' not allowed"),
        ("backtest: {settings: {maxJob: 3}}", "'maxJob' not allowed"),
        ("envoy: {tls: {existingsecret: mine}}", "'existingsecret' not allowed"),
        ("ingress: {grpc: {hosts: [a]}}", "'hosts' not allowed"),
        ("networkPolicy: {edgeFrom: [{podSelectr: {}}]}", "'podSelectr' not allowed"),
        ("backtest: {replicas: two}", "/backtest/replicas"),
        ("marketdata: {settings: {settleMinutes: 2000}}", "maximum: got 2,000, want 1,440"),
        ("ibsim: {settings: {fillAt: middle}}", "/ibsim/settings/fillAt"),
        ("metrics: {serviceMonitor: {interval: often}}", "/metrics/serviceMonitor/interval"),
        ("image: {digest: latest}", "/image/digest"),
        ("collect: {schedules: [{name: x}]}", "missing properties"),
    ],
)
def test_what_is_mistyped_is_refused_and_named(values: str, named: str) -> None:
    assert named in refusal(values)


REMOVED = yaml.safe_load((CHART / "files/removed.yaml").read_text())


@pytest.mark.parametrize("path", REMOVED)
def test_a_value_that_is_gone_says_what_to_do_instead(path: str) -> None:
    values: Any = None
    for name in reversed(path.split(".")):
        values = {name: values or {"enabled": True}}
    assert f"there is no value {path}: {REMOVED[path]}" in refusal(json.dumps(values))


def test_values_that_contradict_each_other_are_refused() -> None:
    assert "there is one cluster" in refusal("{dask: {enabled: true}, backtest: {compute: 'tcp://dask:8786'}}")
    assert "set metrics.enabled" in refusal("metrics: {serviceMonitor: {enabled: true}}")
    assert "set ingress.grpc.host" in refusal("ingress: {grpc: {enabled: true}}")


def test_every_value_says_what_it_is_where_its_name_does_not() -> None:
    plain = {
        *("port", "replicas", "autoscaling", "resources", "requests", "limits", "env", "podAnnotations", "scheduling"),
        *("image", "enabled", "annotations", "className", "host", "tlsSecret", "tmpSize", "preStopSeconds"),
        *("terminationGracePeriodSeconds", "timeoutSeconds", "attempts", "maxConnections"),
        *("http", "grpc", "marketdata", "backtest", "trading"),
    }
    silent = {path for path, _, remark in documented((CHART / "values.yaml").read_text()) if not remark}
    assert [path for path in silent if path.rpartition(".")[2] not in plain] == []


def test_settings_are_described_as_the_services_do() -> None:
    remarks = {path: remark for path, _, remark in documented((CHART / "values.yaml").read_text())}
    for name, model in SETTINGS.items():
        for field in setting_names(model):
            assert remarks[f"{name}.settings.{camel(field)}"].startswith(str(model.model_fields[field].description))


def test_what_a_machine_wrote_is_current() -> None:
    assert drift() == []


def test_the_chart_is_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == chart["version"] == project["version"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_notes_tell_how_to_call_it_and_what_is_for_trials_only(kind: str) -> None:
    values = ["--values", str(CHART / "ci" / f"{kind}-values.yaml")] if kind else []
    done = run_helm("install", "scizor", str(CHART), "--dry-run=client", "--namespace", "trade", *values)
    notes = done.stdout.partition("NOTES:")[2]
    assert "port-forward service/scizor-envoy 8080:http" in notes
    assert ("the broker is simulated" in notes) == (kind in {"", "minimal"})
    assert ("nobody makes backups" in notes) == (kind in {"", "minimal"})
    assert ("has no TLS" in notes) == (kind != "production")
