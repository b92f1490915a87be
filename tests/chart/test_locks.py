"""What pods may not do, and whom they may call."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.rendering import KINDS, Manifest, component, container, environment, of_kind, pods, rendered

EDGES = {
    "marketdata": {"database", "gateway"},
    "backtest": {"database", "dask-scheduler"},
    "worker": {"database", "dask-scheduler"},
    "trading": {"database", "gateway", "marketdata"},
    "dask-scheduler": {"dask-worker"},
    "dask-worker": {"dask-scheduler", "dask-worker"},
    "envoy": {"marketdata", "backtest", "trading"},
    "migrate": {"database"},
    "collect": {"marketdata"},
}
"""Who calls whom, of the whole installation."""
OUTSIDE = {"database": 5432, "gateway": 4001}
COMPONENT = "app.kubernetes.io/component"
PORTS = {"marketdata": 50051, "backtest": 50052, "trading": 50053, "dask-scheduler": 8786, "dask-worker": 8788}


@pytest.mark.parametrize("kind", KINDS)
def test_every_pod_is_held_to_the_restricted_standard(kind: str) -> None:
    for name, pod in pods(rendered(kind)).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == (999 if name == "postgresql" else 10001)
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "initContainers"}
        assert {frozenset(volume) - {"name"} for volume in spec["volumes"]} <= {
            frozenset({"emptyDir"}),
            frozenset({"configMap"}),
            frozenset({"secret"}),
        }
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container(pod)["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_program_has_an_account_of_its_own_without_a_token(kind: str) -> None:
    accounts = of_kind(rendered(kind), "ServiceAccount")
    assert all(one["automountServiceAccountToken"] is False for one in accounts)
    used = {pod["spec"]["serviceAccountName"] for pod in pods(rendered(kind)).values()}
    assert used == {one["metadata"]["name"] for one in accounts}
    assert len(used) == len(pods(rendered(kind)))
    assert of_kind(rendered(kind), "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding") == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_told_in_a_manifest(kind: str) -> None:
    manifests = rendered(kind)
    assert of_kind(manifests, "Secret") == []
    for pod in pods(manifests).values():
        for one in container(pod).get("env", []):
            if re.search("PASSWORD|SECRET|TOKEN", one["name"]):
                assert one.keys() == {"name", "valueFrom"}
        address = environment(pod).get("DATABASE_URL", "")
        assert not re.search("//[^/]*:[^/]*@", address)


def test_the_database_is_told_by_whose_secret_it_is() -> None:
    def told(kind: str) -> dict[str, Any]:
        return {one["name"]: one for one in container(pods(rendered(kind))["backtest"])["env"]}

    secret = {"secretKeyRef": {"name": "scizor-database", "key": "url"}}
    assert told("external-db")["DATABASE_URL"]["valueFrom"] == secret
    assert told("")["DATABASE_URL"]["value"] == "postgresql://scizor@scizor-postgresql:5432/scizor"
    assert told("")["PGPASSWORD"] == {
        "name": "PGPASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "scizor-postgresql", "key": "password"}},
    }


def test_only_who_keeps_rows_is_told_of_the_database() -> None:
    told = {
        name
        for name, pod in pods(rendered("production")).items()
        if "DATABASE_URL" in {one["name"] for one in container(pod).get("env", [])}
    }
    assert told == {name for name, called in EDGES.items() if "database" in called}


def owners(selector: Manifest) -> list[str]:
    """Whose pods they are, of one program or of several."""
    (several,) = selector.get("matchExpressions", [{"values": [selector["matchLabels"].get(COMPONENT)]}])
    assert several.get("operator", "In") == "In"
    return list(several["values"])


def policies(kind: str = "production", values: str = "") -> list[Manifest]:
    return of_kind(rendered(kind, values), "NetworkPolicy")


def owner(selector: Manifest) -> str:
    return str(selector["matchLabels"][COMPONENT])


def test_nothing_may_call_or_be_called_unless_something_says_so() -> None:
    (nothing,) = [one for one in policies() if one["spec"].keys() == {"podSelector", "policyTypes"}]
    assert nothing["spec"]["policyTypes"] == ["Ingress", "Egress"]
    selector = nothing["spec"]["podSelector"]["matchLabels"]
    for pod in pods(rendered("production")).values():
        assert selector.items() <= pod["metadata"]["labels"].items()


def named(policy: Manifest) -> str:
    return str(policy["metadata"]["name"]).removeprefix("scizor-")


def test_the_ways_that_are_open_are_those_that_are_used() -> None:
    leaving = {(owner(one["spec"]["podSelector"]), rule_target(one)) for one in policies() if leaves(one)}
    assert leaving == {(caller, called) for caller, all_called in EDGES.items() for called in all_called}
    arriving = {
        (owner(rule["from"][0]["podSelector"]), owner(one["spec"]["podSelector"]))
        for one in policies()
        for rule in one["spec"].get("ingress", [])
        if named(one) not in {"to-envoy", "to-metrics"}
    }
    assert arriving == {(caller, called) for caller, called in leaving if called not in OUTSIDE}


def leaves(policy: Manifest) -> bool:
    return "egress" in policy["spec"] and named(policy) != "to-names"


def rule_target(policy: Manifest) -> str:
    """Whom one policy lets out to; and that it is the port where that one listens."""
    (rule,) = policy["spec"]["egress"]
    (port,) = rule["ports"]
    (peer,) = rule["to"]
    if "podSelector" in peer:
        called = owner(peer["podSelector"])
        assert port == {"port": PORTS[called], "protocol": "TCP"}
    else:
        called = named(policy).partition("-to-")[2]
        assert port == {"port": OUTSIDE[called], "protocol": "TCP"}
    return called


def test_every_port_that_is_open_is_one_that_is_listened_to() -> None:
    for kind in KINDS:
        listening = {
            name: {one["containerPort"] for one in container(pod).get("ports", [])}
            for name, pod in pods(rendered(kind)).items()
        }
        for policy in policies(kind):
            for rule in policy["spec"].get("ingress", []):
                ports = {one["port"] for one in rule["ports"]}
                for name in owners(policy["spec"]["podSelector"]):
                    assert ports <= listening[name], named(policy)


def test_names_are_asked_for_by_whoever_calls_and_by_nobody_else() -> None:
    (names,) = [one for one in policies() if named(one) == "to-names"]
    (rule,) = names["spec"]["podSelector"]["matchExpressions"]
    assert set(rule["values"]) == EDGES.keys()
    assert names["spec"]["egress"][0]["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]


def test_workers_of_dask_reach_their_cluster_and_names_and_nothing_else() -> None:
    reached = {
        rule_target(one) for one in policies() if leaves(one) and owner(one["spec"]["podSelector"]) == "dask-worker"
    }
    assert reached == {"dask-scheduler", "dask-worker"}


def test_a_database_and_a_gateway_of_the_release_are_reached_by_those_who_use_them() -> None:
    for kind in ("", "minimal"):
        arriving = [one for one in policies(kind) if named(one).startswith("postgresql-from-")]
        callers = {name for name, called in EDGES.items() if "database" in called} & pods(rendered(kind)).keys()
        assert {named(one).removeprefix("postgresql-from-") for one in arriving} == callers
        assert not [one for one in policies(kind) if named(one).endswith(("-to-database", "-to-gateway"))]


def test_what_lies_elsewhere_is_reached_at_its_port_and_where_it_is_said_to_be() -> None:
    values = yaml.safe_dump(
        {
            "backtest": {"compute": "tcp://dask.example.com:9786"},
            "trading": {"settings": {"marketdata": "prices.example.com:6051"}},
            "networkPolicy": {"computeTo": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]},
        }
    )
    found = {named(one): one["spec"].get("egress") for one in policies("external-db", values)}
    assert found["backtest-to-compute"] == [
        {"ports": [{"port": 9786, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}
    ]
    assert found["trading-to-quotes"] == [{"ports": [{"port": 6051, "protocol": "TCP"}]}]


def test_policies_of_the_migration_are_there_when_it_runs() -> None:
    for one in policies(""):
        if component(one) == "migrate":
            assert one["metadata"]["annotations"]["helm.sh/hook-weight"] == "-5"


def test_who_may_call_the_edge_may_be_said() -> None:
    (edge,) = [one for one in policies() if named(one) == "to-envoy"]
    (rule,) = edge["spec"]["ingress"]
    assert [one["port"] for one in rule["ports"]] == [8001, 8080, 8000, 8002]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}]


def test_policies_may_be_left_to_others() -> None:
    assert policies("", "networkPolicy: {enabled: false}") == []
