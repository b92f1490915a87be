"""The supervisor with real processes: small stand-ins for the services, and the real embedded PostgreSQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.home import make_home
from scizor.adapters.sql.embedded.processes import is_alive
from scizor.domain.errors import FailedPrecondition, InvalidInput
from scizor.services.local import control
from scizor.services.local.control import StopOutcome, current_state, stop_running
from scizor.services.local.ports import demand_free
from scizor.services.local.probes import grpc_serves
from scizor.services.local.settings import LocalSettings, load_settings
from scizor.services.local.state import ChildPhase, ChildRecord, Phase, ProcessRecord, StackState, write_state

PATIENCE_S = 40.0

STAND_IN = """
import http.server, signal, sys
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "broken" in sys.argv: sys.exit("the stand-in is broken")
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""

SUPERVISE = """
import asyncio, sys
from functools import partial
from pathlib import Path
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.domain.errors import ScizorError
from scizor.services.local.probes import http_says_ok
from scizor.services.local.specs import ChildSpec, JobSpec, Plan, RestartPolicy
from scizor.services.local.supervisor import Supervisor
home, stand_in, job, mode, *ports = sys.argv[1:]
ports = dict(zip(("SCIZOR_ONE_PORT", "SCIZOR_TWO_PORT", "SCIZOR_EDGE_PORT"), map(int, ports)))
def child(name, port, *words):
    argv = [sys.executable, "-S", "-c", stand_in, str(port), *words]
    return ChildSpec(name, argv, {}, partial(http_says_ok, port, "/"), port, stop_grace_s=PATIENCE)
one, two, edge = ports.values()
plan = Plan(
    home=Path(home),
    ports=ports,
    database=EmbeddedPostgres(Path(home)),
    jobs=(JobSpec("migrate", [sys.executable, "-S", "-c", job], {}),),
    tiers=((child("one", one), child("two", two, mode)), (child("edge", edge),)),
    restarts=RestartPolicy(failures=3, first_delay_s=0.05),
)
try:
    sys.exit(asyncio.run(Supervisor(plan).run()))
except ScizorError as error:
    sys.exit(error.message)
""".replace("PATIENCE", str(PATIENCE_S))


@dataclass(frozen=True)
class Stack:
    """One home, and the supervisor processes a test starts on it."""

    home: Path
    ports: Sequence[int]

    def start(self, *, job: str = "", mode: str = "") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(self.home), STAND_IN, job, mode, *map(str, self.ports)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stderr=subprocess.PIPE,
            text=True,
        )

    def state(self) -> StackState:
        return current_state(self.home) or StackState()

    def reaches(self, phase: Phase) -> bool:
        return Deadline(PATIENCE_S).until(lambda: self.state().phase is phase)

    def child(self, name: str) -> ChildRecord:
        return next((child for child in self.state().children if child.name == name), ChildRecord())

    def pids(self) -> list[int]:
        return [child.pid for child in self.state().children if child.pid]


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def finish(supervisor: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, str]:
    for sent in signals:
        supervisor.send_signal(sent)
    _, said = supervisor.communicate(timeout=PATIENCE_S)
    return supervisor.returncode, said


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scizor-") as path:
        Path(path).chmod(0o755)
        yield Path(path) / "home"


@pytest.fixture
def stack(module_home: Path) -> Iterator[Stack]:
    yield Stack(module_home, free_ports(3))
    stop_running(module_home)
    (module_home / "run" / "state.json").unlink(missing_ok=True)


def test_everything_becomes_ready_and_sigterm_ends_it_without_a_trace(stack: Stack) -> None:
    supervisor = stack.start()
    assert stack.reaches(Phase.READY)
    assert [(child.name, child.state) for child in stack.state().children] == [
        (name, ChildPhase.READY) for name in ("postgres", "one", "two", "edge")
    ]
    assert EmbeddedPostgres(stack.home).is_running()
    pids = stack.pids()
    assert {psutil.Process(pid).ppid() for pid in pids} == {supervisor.pid}
    assert finish(supervisor, signal.SIGTERM)[0] == 0
    assert not any(is_alive(pid) for pid in pids)
    assert stack.state().phase is Phase.STOPPED


@pytest.mark.parametrize("name", ["two", "postgres"])
def test_a_killed_child_is_started_again(stack: Stack, name: str) -> None:
    supervisor = stack.start()
    assert stack.reaches(Phase.READY)
    killed = stack.child(name).pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    assert Deadline(PATIENCE_S).until(lambda: stack.child(name).restarts == 1)
    assert stack.reaches(Phase.READY)
    assert stack.child(name).pid not in (killed, None)
    assert finish(supervisor, signal.SIGINT)[0] == 0


def test_kill_9_of_the_supervisor_takes_every_child_with_it_and_the_next_one_starts(stack: Stack) -> None:
    supervisor = stack.start()
    assert stack.reaches(Phase.READY)
    pids = stack.pids()
    finish(supervisor, signal.SIGKILL)
    assert stack.state().phase is Phase.LOST
    assert Deadline(PATIENCE_S).until(lambda: not any(is_alive(pid) for pid in pids))
    again = stack.start()
    assert stack.reaches(Phase.READY)
    assert finish(again, signal.SIGTERM)[0] == 0


def test_what_a_killed_supervisor_leaves_is_cleared_from_outside(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_LEFTOVER_GRACE_S", 0.2)
    supervisor = stack.start(mode="stubborn")
    assert stack.reaches(Phase.READY)
    left = stack.child("two").pid
    finish(supervisor, signal.SIGKILL)
    assert left
    assert is_alive(left)
    assert stop_running(stack.home) is StopOutcome.CLEARED
    assert not is_alive(left)
    assert stack.state().phase is Phase.STOPPED
    assert stop_running(stack.home) is StopOutcome.NOT_RUNNING


def test_a_running_stack_is_stopped_from_outside(stack: Stack) -> None:
    supervisor = stack.start()
    assert stack.reaches(Phase.READY)
    pids = stack.pids()
    with supervisor:
        assert stop_running(stack.home) is StopOutcome.STOPPED
    assert supervisor.returncode == 0
    assert not any(is_alive(pid) for pid in pids)


def test_a_second_signal_does_not_wait_for_a_stubborn_child(stack: Stack) -> None:
    supervisor = stack.start(mode="stubborn")
    assert stack.reaches(Phase.READY)
    stubborn = stack.child("two").pid
    supervisor.send_signal(signal.SIGINT)
    assert stack.reaches(Phase.STOPPING)
    began = Deadline(PATIENCE_S / 2)
    assert finish(supervisor, signal.SIGINT)[0] == 0
    assert began.left_s
    assert stubborn
    assert not is_alive(stubborn)


def test_a_signal_in_the_middle_of_the_first_start_leaves_nothing(open_folder: Path) -> None:
    home = open_folder / "home"
    stack = Stack(home, free_ports(3))
    supervisor = stack.start()
    assert Deadline(PATIENCE_S).until(lambda: any(home.glob(".pgdata-*")))
    assert finish(supervisor, signal.SIGTERM)[0] == 0
    assert EmbeddedPostgres(home).pid is None
    assert stack.state().phase is Phase.STOPPED


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(stack: Stack) -> None:
    first = stack.start()
    assert stack.reaches(Phase.READY)
    status, said = finish(stack.start())
    assert status == 1
    assert f"already running (pid {first.pid})" in said
    assert stack.state().phase is Phase.READY
    assert finish(first, signal.SIGTERM)[0] == 0


def test_every_taken_port_is_reported_with_its_setting_and_owner(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", stack.ports[0])), socket.create_server(("127.0.0.1", stack.ports[2])):
        assert finish(stack.start())[0] == 1
    message = stack.state().message
    assert stack.state().phase is Phase.FAILED
    assert f"port {stack.ports[0]} is taken by" in message
    assert f"(pid {os.getpid()}); set SCIZOR_ONE_PORT" in message
    assert "set SCIZOR_EDGE_PORT" in message
    assert "SCIZOR_TWO_PORT" not in message
    assert not EmbeddedPostgres(stack.home).is_running()


def test_a_child_that_cannot_be_kept_running_ends_the_stack_with_its_last_words(stack: Stack) -> None:
    assert finish(stack.start(mode="broken"))[0] == 1
    assert "two failed 3 times" in stack.state().message
    assert "the stand-in is broken" in stack.state().message
    assert not EmbeddedPostgres(stack.home).is_running()
    assert not stack.pids()


def test_a_failed_job_ends_the_stack_with_its_last_words(stack: Stack) -> None:
    assert finish(stack.start(job="raise SystemExit('no such table')"))[0] == 1
    assert "migrate ended with status 1" in stack.state().message
    assert "no such table" in stack.state().message
    assert stack.child("one").restarts == 0


def test_a_database_that_somebody_left_running_becomes_a_child(stack: Stack) -> None:
    left = EmbeddedPostgres(stack.home)
    left.start()
    supervisor = stack.start()
    assert stack.reaches(Phase.READY)
    assert left.pid is not None
    assert psutil.Process(left.pid).ppid() == supervisor.pid
    assert finish(supervisor, signal.SIGTERM)[0] == 0


def test_a_process_that_got_the_number_of_another_is_not_mistaken_for_it(open_folder: Path) -> None:
    mine = psutil.Process()
    assert ProcessRecord(mine.pid, mine.create_time()).is_alive()
    assert not ProcessRecord(mine.pid, mine.create_time() - 60).is_alive()
    make_home(open_folder)
    write_state(open_folder, StackState(mine.pid, mine.create_time() - 60, Phase.READY))
    assert stop_running(open_folder) is StopOutcome.NOT_RUNNING


async def test_the_grpc_probe_believes_only_a_server_that_says_it_serves() -> None:
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        await servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        assert not await grpc_serves(port)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        assert await grpc_serves(port)
    finally:
        await server.stop(None)
    assert not await grpc_serves(port)


def test_free_ports_are_accepted() -> None:
    demand_free({"SCIZOR_ONE_PORT": free_ports(1)[0]})
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(FailedPrecondition):
        demand_free({"SCIZOR_ONE_PORT": taken.getsockname()[1]})


def test_settings_name_the_variable_that_breaks_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_EDGE_PORT", "80800")
    with pytest.raises(InvalidInput, match="SCIZOR_EDGE_PORT: Input should be less than or equal to 65535"):
        load_settings()
    monkeypatch.setenv("SCIZOR_EDGE_PORT", "8000")
    with pytest.raises(InvalidInput, match="SCIZOR_MARKETDATA_REST_PORT and SCIZOR_EDGE_PORT are both 8000"):
        load_settings()
    assert all(field.description for field in LocalSettings.model_fields.values())
