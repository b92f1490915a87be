"""Who is scraped, where, and by whom."""

from __future__ import annotations

import pytest

from tests.chart.rendering import KINDS, Manifest, component, container, of_kind, pods, rendered

MEASURED = {"marketdata", "backtest", "worker", "trading"}
PORT = 9464


def policy(values: str = "") -> Manifest:
    found = [one for one in of_kind(rendered("production", values), "NetworkPolicy") if component(one) == "to-metrics"]
    (only,) = found
    return only


def test_a_monitor_is_what_the_operator_takes_and_finds_one_service_each() -> None:
    """No tool here knows the operator's kinds: these are all the fields that are used, as its CRD (v0.84) has them."""
    manifests = rendered("production")
    services = {component(one): one for one in of_kind(manifests, "Service")}
    monitors = of_kind(manifests, "ServiceMonitor")
    assert {component(one) for one in monitors} == MEASURED
    for monitor in monitors:
        name = component(monitor)
        assert monitor.keys() == {"apiVersion", "kind", "metadata", "spec"}
        assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["metadata"]["namespace"] == "trade"
        selector = monitor["spec"]["selector"]["matchLabels"]
        assert monitor["spec"] == {
            "jobLabel": "app.kubernetes.io/component",
            "selector": {"matchLabels": selector},
            "endpoints": [{"port": "metrics", "path": "/metrics", "interval": "30s"}],
        }
        chosen = [who for who, one in services.items() if selector.items() <= one["metadata"]["labels"].items()]
        assert chosen == [name]
        (port,) = [one for one in services[name]["spec"]["ports"] if one["name"] == "metrics"]
        listening = {one["name"]: one["containerPort"] for one in container(pods(manifests)[name])["ports"]}
        assert port["targetPort"] == "metrics"
        assert port["port"] == listening["metrics"] == PORT


def test_who_scrapes_reaches_the_port_of_metrics_and_no_other() -> None:
    spec = policy()["spec"]
    (expression,) = spec["podSelector"]["matchExpressions"]
    assert set(expression["values"]) == MEASURED
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": PORT, "protocol": "TCP"}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    (moved,) = policy("{metrics: {port: 7000}, networkPolicy: {metricsFrom: []}}")["spec"]["ingress"]
    assert moved == {"ports": [{"port": 7000, "protocol": "TCP"}]}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"production"}))
def test_there_is_nothing_of_it_unless_asked_for(kind: str) -> None:
    manifests = rendered(kind)
    assert of_kind(manifests, "ServiceMonitor") == []
    assert "to-metrics" not in {component(one) for one in manifests}
    for one in of_kind(manifests, "Service"):
        assert "metrics" not in {port["name"] for port in one["spec"]["ports"]}


def test_pages_without_a_monitor_are_for_whoever_scrapes_otherwise() -> None:
    manifests = rendered("", "metrics: {enabled: true}")
    assert of_kind(manifests, "ServiceMonitor") == []
    with_port = [
        component(one)
        for one in of_kind(manifests, "Service")
        if "metrics" in {port["name"] for port in one["spec"]["ports"]}
    ]
    assert set(with_port) == MEASURED - {"worker"}  # there is none by default
