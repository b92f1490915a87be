"""Envoy's configuration as the chart renders it, judged by Envoy."""

from __future__ import annotations

import base64
import copy
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from scizor.services.edge.config import EdgeSettings, command, render
from tests.chart.rendering import KINDS, Manifest, container, of_kind, pods, rendered
from tools.chart import CHART

KUBERNETES_HOLDS = 1024 * 1024


class Anchored(yaml.SafeLoader):
    """Takes an anchor's name for the newest of it, as YAML has it; PyYAML by itself takes a second one for an error."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(self.peek_event().anchor, None)  # type: ignore[no-untyped-call]  # PyYAML has no types for it
        return super().compose_node(parent, index)


def listeners(config: Manifest) -> list[Manifest]:
    found = config["static_resources"]["listeners"]
    assert isinstance(found, list)
    return found


def loaded(text: str) -> Manifest:
    found = yaml.load(text, Anchored)  # noqa: S506 - a safe one
    assert isinstance(found, dict)
    return found


@cache
def envoy(kind: str = "") -> Manifest:
    return loaded(configuration(kind)["data"]["envoy.yaml"])


def configuration(kind: str = "", values: str = "") -> Manifest:
    (found,) = of_kind(rendered(kind, values), "ConfigMap")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_envoy_takes_what_is_rendered(kind: str, tmp_path: Path) -> None:
    found = configuration(kind)
    (tmp_path / "tls").mkdir()
    for name, text in found["data"].items():
        here = text.replace("/etc/envoy-tls", str(tmp_path / "tls")).replace("/etc/envoy/", f"{tmp_path}/")
        (tmp_path / name).write_text(here)
    for name, encoded in found["binaryData"].items():
        (tmp_path / name).write_bytes(base64.b64decode(encoded))
    judged = subprocess.run(
        [*command(tmp_path / "envoy.yaml"), "--mode", "validate"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert judged.returncode == 0, judged.stderr


def test_it_is_the_edge_of_one_machine_but_for_addresses_and_transport() -> None:
    found = copy.deepcopy(envoy())
    assert found.pop("node")
    for listener in listeners(found):
        (chain,) = listener["filter_chains"]
        assert chain.pop("transport_socket")["name"] == "envoy.transport_sockets.raw_buffer"
    plain = EdgeSettings(
        host="0.0.0.0",  # noqa: S104 - what it is in a pod
        marketdata="scizor-marketdata:50051",
        backtest="scizor-backtest:50052",
        trading="scizor-trading:50053",
        descriptor=Path("/etc/envoy/descriptor.binpb"),
        json_fields=Path("/etc/envoy/json_fields.lua"),
    )
    assert found == loaded(render(plain))


def test_every_listener_speaks_tls_once_a_certificate_is_named() -> None:
    for listener in listeners(envoy("production")):
        (chain,) = listener["filter_chains"]
        context = chain["transport_socket"]["typed_config"]["common_tls_context"]
        assert context["tls_params"] == {"tls_minimum_protocol_version": "TLSv1_2"}
        assert context["alpn_protocols"] == ["h2", "http/1.1"]
    secret = yaml.safe_load(configuration("production")["data"]["tls.yaml"])["resources"][0]
    paths = [one["filename"] for one in secret["tls_certificate"].values()]
    mounts = {one["name"]: one["mountPath"] for one in container(pods(rendered("production"))["envoy"])["volumeMounts"]}
    assert sorted(paths) == [f"{mounts['tls']}/tls.crt", f"{mounts['tls']}/tls.key"]


def test_envoy_is_started_as_on_one_machine_and_listens_where_it_is_called() -> None:
    pod = pods(rendered("", "envoy: {concurrency: 1}"))["envoy"]
    runs = container(pod)
    assert runs["args"] == command("/etc/envoy/envoy.yaml")[1:]
    ports = {one["name"]: one["address"]["socket_address"]["port_value"] for one in listeners(envoy())}
    ports["edge"] = ports.pop("all")
    assert {one["name"]: one["containerPort"] for one in runs["ports"]} == ports
    (service,) = [one for one in of_kind(rendered(), "Service") if one["metadata"]["name"] == "scizor-envoy"]
    targets = {one["name"]: one["targetPort"] for one in service["spec"]["ports"]}
    assert targets == {"http": "edge", "grpc": "edge"} | {name: name for name in ports if name != "edge"}
    assert (CHART / "files/envoy.yaml").read_text().count("port_value: 9901") == 1


def test_a_change_of_its_configuration_starts_envoy_anew_and_another_does_not() -> None:
    def checksum(values: str) -> str:
        pod = pods(rendered("", values))["envoy"]
        return str(pod["metadata"]["annotations"]["checksum/config"])

    assert checksum("") != checksum("marketdata: {port: 6001}")
    assert checksum("") == checksum("backtest: {replicas: 3}")


def test_its_configuration_fits_into_what_kubernetes_holds() -> None:
    found = configuration("production")
    size = sum(map(len, found["data"].values())) + sum(map(len, found["binaryData"].values()))
    assert size < KUBERNETES_HOLDS / 2


def test_origins_may_hold_what_yaml_would_take_for_its_own() -> None:
    text = configuration("", yaml.safe_dump({"envoy": {"corsOrigins": "https://it's[.]a{2}"}}))["data"]["envoy.yaml"]
    assert "https://it's[.]a{2}" in str(loaded(text))
