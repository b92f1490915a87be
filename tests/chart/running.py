"""The chart's programs on this machine, by what its manifests say: arguments, environment, Envoy's configuration.

What a cluster would do is done by hand: names become addresses, the secret becomes the database of the tests, and two
replicas, which would have the same port at two addresses, have two ports at one; so have the pages of metrics.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import yaml

from scizor.services.edge.config import command
from tests.chart.rendering import Manifest, container, environment, of_kind, pods, rendered
from tests.conftest import dsn_of, run_on_server
from tests.e2e.stack import Stack, free_ports, until

_LISTENERS = {  # what Envoy's ports are in its pod, and here
    8080: "SCIZOR_EDGE_PORT",
    8000: "SCIZOR_MARKETDATA_REST_PORT",
    8001: "SCIZOR_BACKTEST_REST_PORT",
    8002: "SCIZOR_TRADING_REST_PORT",
    9901: "SCIZOR_EDGE_ADMIN_PORT",
}
_TWICE = {"backtest": "SCIZOR_BACKTEST_PORT", "trading": "SCIZOR_TRADING_PORT"}  # two replicas, and their port
_ANSWERED = ("/api/health", "/api/backtests?page_size=1", "/api/orders?page_size=1")
_LOCAL = "127.0.0.1"


@dataclass
class Installation(Stack):
    """An installation of the chart with two replicas of backtest and of trading."""

    database_url: str = ""
    clock: str = "now"
    second_ports: dict[str, int] = field(default_factory=lambda: dict(zip(_TWICE, free_ports(2), strict=True)))
    replicas: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)
    pages: dict[str, list[str]] = field(default_factory=dict)
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def environment(self) -> dict[str, str]:
        """What commands that call it see."""
        return super().environment | {"SCIZOR_ADDRESS": self.edge}

    def start(self) -> None:
        """Migrate, start every pod, and wait until all answer."""
        found = pods(manifests := rendered("", yaml.safe_dump(self._values())))
        migrated = self._program(found["migrate"])
        assert migrated.wait(60) == 0, self.log
        for name in ("ibsim", "marketdata"):
            self._program(found[name])
        for name, setting in _TWICE.items():
            second = {setting: str(self.second_ports[name])}
            self.replicas[name] = [self._program(found[name], **more) for more in ({}, second)]
        self._envoy(manifests)
        until(self._answers, lambda: f"the edge answers\n{self.log}")

    def stop(self) -> None:
        """End what runs."""
        self._running.close()

    @property
    def log(self) -> str:
        """What all have said."""
        return (self.home / "log").read_text()

    def _values(self) -> Manifest:
        port = self.ports
        return {
            "bindHost": _LOCAL,
            "home": str(self.home),
            "marketdata": {"port": port["SCIZOR_MARKETDATA_PORT"]},
            "backtest": {"port": port["SCIZOR_BACKTEST_PORT"], "replicas": 2, "settings": {"leaseS": 3}},
            "trading": {"port": port["SCIZOR_TRADING_PORT"], "replicas": 2},
            "metrics": {"enabled": True},
            "ibsim": {"port": port["SCIZOR_IBSIM_PORT"], "settings": {"clock": self.clock}},
        }

    def _program(self, pod: Manifest, **more: str) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "NUMBA_CACHE_DIR") if name in os.environ}
        told = {name: _resolved(value) for name, value in environment(pod).items()}
        for name in told:
            if name.endswith("_METRICS_PORT"):
                (port,) = free_ports(1)
                told[name] = str(port)
                self.pages.setdefault(container(pod)["args"][0], []).append(f"http://{_LOCAL}:{port}/metrics")
        variables = {**kept, "HOME": str(self.home), "GRPC_ENABLE_FORK_SUPPORT": "0", **told, **more}
        words = [sys.executable, "-m", "scizor.services.container", *container(pod)["args"]]
        return self._started(words, variables | {"DATABASE_URL": self.database_url})

    def _envoy(self, manifests: tuple[Manifest, ...]) -> None:
        (config,) = of_kind(manifests, "ConfigMap")
        text = config["data"]["envoy.yaml"]
        for name, setting in _TWICE.items():
            one, other = (_endpoint(name, port) for port in (self.ports[setting], self.second_ports[name]))
            text = text.replace(one, f"{one}, {other}")
        for there, name in _LISTENERS.items():
            text = text.replace(f"port_value: {there}}}", f"port_value: {self.ports[name]}}}")
        (self.home / "envoy.yaml").write_text(_resolved(text).replace("/etc/envoy/", f"{self.home}/"))
        (self.home / "json_fields.lua").write_text(config["data"]["json_fields.lua"])
        (self.home / "descriptor.binpb").write_bytes(base64.b64decode(config["binaryData"]["descriptor.binpb"]))
        self._started(command(self.home / "envoy.yaml"), {})

    def _started(self, words: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.home / "log").open("ab") as log:
            program = subprocess.Popen(words, env=variables, stdout=log, stderr=log, cwd=self.home)
        self._running.callback(_ended, program)
        return program

    def _answers(self) -> bool:
        try:
            return all(httpx.get(self.rest() + path, timeout=5).status_code == 200 for path in _ANSWERED)
        except httpx.TransportError:
            return False


@asynccontextmanager
async def installed(postgres_dsn: str, name: str, clock: str = "now") -> AsyncIterator[Installation]:
    """One that runs on a database of its own; nothing is left of either."""
    database = f"scizor_{name}_{os.getpid()}"
    await run_on_server(postgres_dsn, f"CREATE DATABASE {database} TEMPLATE template0")
    installation = Installation(database_url=dsn_of(postgres_dsn, database), clock=clock)
    try:
        await asyncio.to_thread(installation.start)
        yield installation
    finally:
        await asyncio.to_thread(installation.stop)
        await run_on_server(postgres_dsn, f"DROP DATABASE {database} WITH (FORCE)")
    until(lambda: not installation.processes(), "every process has ended")
    installation.remove()


def _endpoint(name: str, port: int) -> str:
    return f"{{endpoint: {{address: {{socket_address: {{address: scizor-{name}, port_value: {port}}}}}}}}}"


def _resolved(text: str) -> str:
    for name in ("marketdata", "backtest", "trading", "ibsim"):
        text = text.replace(f"scizor-{name}", _LOCAL)
    return text


def _ended(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(30)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(30)
