"""What pods run, where they are called and what they are told, held against the programs themselves."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from scizor.backtest.v1 import backtest_service_pb2
from scizor.marketdata.v1 import market_data_service_pb2
from scizor.rpc.settings import ServerSettings
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.container.roles import ROLES, WORKER_PORT
from scizor.services.ibsim.settings import IbsimSettings
from scizor.services.local.settings import LocalSettings
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.trading.settings import TradingSettings
from tests.chart.rendering import (
    KINDS,
    Manifest,
    component,
    container,
    environment,
    of_kind,
    pods,
    rendered,
)
from tools.chart import CHART
from tools.chart_schema import SETTINGS, camel, setting_names

SERVICES: dict[str, tuple[type[BaseSettings], str]] = {
    "marketdata": (
        MarketDataSettings,
        market_data_service_pb2.DESCRIPTOR.services_by_name["MarketDataService"].full_name,
    ),
    "backtest": (BacktestSettings, backtest_service_pb2.DESCRIPTOR.services_by_name["BacktestService"].full_name),
    "worker": (BacktestSettings, backtest_service_pb2.DESCRIPTOR.services_by_name["BacktestService"].full_name),
    "trading": (TradingSettings, ""),  # one that stands by must not hold up a roll-out
}
# What closes after calls have ended: MarketData has most of it.
CALLBACKS = 4
CLOSE_S = 1.0


def settings_in(pod: Manifest, model: type[BaseSettings], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The settings as the program in that pod would read them."""
    for name in [name for name in os.environ if name.startswith(("SCIZOR_", "IBKR_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in environment(pod).items():
        monkeypatch.setenv(name, value)
    return model()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_where_it_is_probed_and_called(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = rendered(kind, "marketdata: {port: 6001}\nbacktest: {port: 6002}\ntrading: {port: 6003}")
    if name not in (found := pods(manifests)):
        return
    pod, (model, service) = found[name], SERVICES[name]
    settings = settings_in(pod, model, monkeypatch)
    runs = container(pod)
    assert settings.bind_host == "0.0.0.0"  # noqa: S104 - what it must be in a pod
    assert runs["startupProbe"]["grpc"] == {"port": settings.port} | ({"service": service} if service else {})
    assert runs["readinessProbe"]["grpc"] == runs["startupProbe"]["grpc"]
    assert runs["livenessProbe"]["grpc"] == {"port": settings.port}
    ports = {} if name == "worker" else {"grpc": (settings.port, "kubernetes.io/h2c")}
    if settings.metrics_port:
        ports["metrics"] = (settings.metrics_port, "http")
    assert (settings.metrics_port != 0) == (kind == "production")
    assert runs.get("ports", []) == [{"name": port, "containerPort": number} for port, (number, _) in ports.items()]
    named = [one for one in of_kind(manifests, "Service") if component(one) == name]
    assert len(named) == bool(ports)
    for called in named:
        assert called["spec"]["clusterIP"] == "None"
        assert called["spec"]["ports"] == [
            {"name": port, "port": number, "targetPort": port, "appProtocol": protocol}
            for port, (number, protocol) in ports.items()
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_selected_is_there_and_is_one_kind_of_pod(kind: str) -> None:
    manifests = rendered(kind)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(manifests).items()}
    selectors: dict[str, tuple[str, Manifest]] = {}
    for one in of_kind(manifests, "Service"):
        selectors[f"Service {one['metadata']['name']}"] = (component(one), one["spec"]["selector"])
    for one in of_kind(manifests, "Deployment", "StatefulSet", "PodDisruptionBudget"):
        name = f"{one['kind']} {one['metadata']['name']}"
        selectors[name] = (component(one), one["spec"]["selector"]["matchLabels"])
    for where, (name, selector) in selectors.items():
        assert [each for each, has in labels.items() if selector.items() <= has.items()] == [name], where
    for one in of_kind(manifests, "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]["name"]
        (scaled,) = [each for each in of_kind(manifests, "Deployment") if each["metadata"]["name"] == target]
        assert "replicas" not in scaled["spec"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_image_knows_every_word_it_is_given(kind: str) -> None:
    for name, pod in pods(rendered(kind)).items():
        if name not in {"envoy", "postgresql"}:
            assert container(pod)["args"][0] == name
            assert name in ROLES


def test_only_scalers_scale_and_only_what_may() -> None:
    manifests = rendered("production")
    budgets = {component(one) for one in of_kind(manifests, "PodDisruptionBudget")}
    assert {component(one) for one in of_kind(manifests, "HorizontalPodAutoscaler")} | {"trading"} == budgets
    for one in of_kind(manifests, "Deployment"):
        only = component(one) in {"marketdata", "dask-scheduler"}
        assert one["spec"]["strategy"]["type"] == ("Recreate" if only else "RollingUpdate")
        assert ("topologySpreadConstraints" in one["spec"]["template"]["spec"]) == (not only)
        if only:
            assert one["spec"]["replicas"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_has_the_time_its_program_takes_to_stop(kind: str) -> None:
    server = ServerSettings(port=0)
    needed = server.drain_delay_s + server.grace_s + CLOSE_S + CALLBACKS * server.grace_s
    for name in SERVICES.keys() & pods(rendered(kind)).keys():
        pod = pods(rendered(kind))[name]
        hook = container(pod).get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
        assert pod["spec"]["terminationGracePeriodSeconds"] >= hook["sleep"]["seconds"] + needed


def _other_than(default: Any) -> Any:
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    return {
        "now": "2024-03-14T09:30:00-04:00@60",
        "quote": "last",
    }.get(str(default), "/var/lib/scizor/chosen")


SPECIAL = {"restartWindow": "23:45-00:45 America/New_York", "maxParticipation": 0.5, "marketdata": "prices:50051"}
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_a_service_reaches_it_from_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SETTINGS[name]
    fields = setting_names(model)
    defaults = VALUES[name]["settings"]
    assert [camel(field) for field in fields] == sorted(defaults, key=[camel(field) for field in fields].index)
    chosen = {key: SPECIAL.get(key, _other_than(default)) for key, default in defaults.items()}
    pod = pods(rendered("", yaml.safe_dump({name: {"settings": chosen}})))[name]
    settings = settings_in(pod, model, monkeypatch)
    usual = settings_in(pods(rendered())[name], model, monkeypatch)
    assert [field for field in fields if getattr(settings, field) == getattr(usual, field)] == []


def test_a_service_is_told_what_it_would_choose_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_chart = {"bind_host", "home", "database_url", "max_jobs", "workers", "ibkr_host", "marketdata"}
    for name, model in SETTINGS.items():
        settings = settings_in(pods(rendered())[name], model, monkeypatch)
        alone = {field: info.default for field, info in model.model_fields.items() if field not in of_the_chart}
        assert {field: getattr(settings, field) for field in alone} == alone


COMMON = """
bindHost: 127.0.0.1
logLevel: DEBUG
home: /srv/scizor
gateway: {host: tws.example.com, port: 7496, clientId: 99}
marketdata: {port: 6001}
backtest: {port: 6002}
trading: {port: 6003, settings: {clientId: 98}}
dask: {enabled: true, scheduler: {port: 6786, httpPort: 6787}}
metrics: {enabled: true, port: 6464}
"""
EXPECTED = {
    "SCIZOR_BIND_HOST": "127.0.0.1",
    "SCIZOR_LOG_LEVEL": "DEBUG",
    "SCIZOR_HOME": "/srv/scizor",
    "SCIZOR_ADDRESS": "scizor-marketdata:6001",
    "SCIZOR_COMPUTE": "tcp://scizor-dask-scheduler:6786",
    "SCIZOR_CLUSTER_PORT": "6786",
    "SCIZOR_CLUSTER_HTTP_PORT": "6787",
    "SCIZOR_MARKETDATA_PORT": "6001",
    "SCIZOR_BACKTEST_PORT": "6002",
    "SCIZOR_TRADING_PORT": "6003",
    "SCIZOR_TRADING_MARKETDATA": "scizor-marketdata:6001",
    "SCIZOR_MARKETDATA_METRICS_PORT": "6464",
    "SCIZOR_BACKTEST_METRICS_PORT": "6464",
    "SCIZOR_TRADING_METRICS_PORT": "6464",
    "IBKR_HOST": "tws.example.com",
    "IBKR_PORT": "7496",
    "IBKR_CLIENT_ID": "99",
}
OF_ONE_MACHINE = {
    # Ports of Envoy's Service are values of their own, and how many workers there are is a number of replicas.
    *("SCIZOR_EDGE_PORT", "SCIZOR_MARKETDATA_REST_PORT", "SCIZOR_BACKTEST_REST_PORT", "SCIZOR_TRADING_REST_PORT"),
    *("SCIZOR_EDGE_ADMIN_PORT", "SCIZOR_CLUSTER_WORKERS"),
}


def test_every_variable_of_the_example_is_reached() -> None:
    example = set(re.findall(r"^# ([A-Z_]+)=", (CHART.parents[1] / ".env.example").read_text(), re.MULTILINE))
    told: dict[str, set[str]] = {}
    for pod in pods(rendered("", COMMON)).values():
        for name, value in environment(pod).items():
            told.setdefault(name, set()).add(value)
    assert {name: told.get(name) for name in EXPECTED} == {name: {value} for name, value in EXPECTED.items()}
    of_services = {
        f"{model.model_config.get('env_prefix', '')}{field.upper()}"
        for model in SETTINGS.values()
        for field in (*setting_names(model), "port")
    }
    assert example - EXPECTED.keys() - of_services - {"DATABASE_URL"} == OF_ONE_MACHINE


def test_workers_are_told_what_backtest_is_but_for_what_is_theirs() -> None:
    found = pods(rendered("", "{worker: {replicas: 1, settings: {maxJobs: 7}}, backtest: {settings: {leaseS: 33}}}"))
    service, worker = environment(found["backtest"]), environment(found["worker"])
    assert (service["SCIZOR_BACKTEST_LEASE_S"], worker["SCIZOR_BACKTEST_LEASE_S"]) == ("33", "33")
    assert {name for name in service if service[name] != worker[name]} == {"SCIZOR_BACKTEST_MAX_JOBS"}


def test_large_numbers_stay_numbers() -> None:
    assert environment(pods(rendered())["marketdata"])["SCIZOR_MARKETDATA_IMPORT_MAX_ROWS"] == "5000000"


def test_dask_listens_where_its_programs_do() -> None:
    found = pods(rendered("production"))
    scheduler, worker = container(found["dask-scheduler"]), container(found["dask-worker"])
    local = {name: field.default for name, field in LocalSettings.model_fields.items()}
    assert {one["name"]: one["containerPort"] for one in scheduler["ports"]} == {
        "dask": local["cluster_port"],
        "http": local["cluster_http_port"],
    }
    assert scheduler["readinessProbe"]["httpGet"] == {"path": "/health", "port": local["cluster_http_port"]}
    assert [one["containerPort"] for one in worker["ports"]] == [WORKER_PORT]


def test_the_simulated_gateway_is_there_while_no_other_is_named() -> None:
    assert "ibsim" in pods(rendered())
    assert "ibsim" not in pods(rendered("external-db"))
    ibsim = IbsimSettings.model_fields["port"].default
    assert environment(pods(rendered())["trading"])["IBKR_HOST"] == "scizor-ibsim"
    assert environment(pods(rendered())["trading"])["IBKR_PORT"] == str(ibsim)


def test_a_migration_runs_before_new_programs_and_after_a_database_of_the_chart() -> None:
    hooks = {}
    for kind in ("", "external-db"):
        made = [one for one in rendered(kind) if component(one) == "migrate"]
        (hooks[kind],) = {one["metadata"]["annotations"]["helm.sh/hook"] for one in made}
        order = {one["kind"]: int(one["metadata"]["annotations"].get("helm.sh/hook-weight", 0)) for one in made}
        assert max(order, key=order.__getitem__) == "Job"
    assert hooks == {"": "post-install,pre-upgrade", "external-db": "pre-install,pre-upgrade"}


def test_collection_has_a_job_for_each_close_in_its_own_time_zone() -> None:
    jobs = of_kind(rendered("production"), "CronJob")
    assert {one["spec"]["timeZone"] for one in jobs} == {"America/New_York", "Australia/Sydney"}
    arguments = [container(one["spec"]["jobTemplate"]["spec"]["template"])["args"] for one in jobs]
    assert sorted(arguments) == [["collect", "--exchange", "ASX"], ["collect", "--exchange", "NYSE"]]


def test_the_readme_of_the_chart_names_files_that_are_there() -> None:
    assert {path.stem.removesuffix("-values") for path in Path(CHART / "ci").iterdir()} == set(KINDS) - {""}
