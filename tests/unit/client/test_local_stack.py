"""The supervisor from outside, played by a program of a few lines."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from scizor.client.cli import demo, local, services
from scizor.client.cli.local import Stack
from scizor.client.cli.story import Story
from scizor.client.cli.usage import CommandFailed
from tests.unit.client.scripted import MarketData

READY = """
import json, os, pathlib, signal, sys
run = pathlib.Path(os.environ["SCIZOR_HOME"], "run")
run.mkdir(parents=True)
child = {"name": "edge", "state": "ready", "pid": 7, "port": 8080, "restarts": 0, "created_s": 1.5}
state = {"phase": "ready", "message": "", "pid": os.getpid(), "created_s": 2.5, "children": [child]}
(run / "new").write_text(json.dumps(state))
(run / "new").replace(run / "state.json")
signal.pause()
"""
TELLING = """
import os, pathlib, sys
told = " ".join(sys.argv[1:]) + ", fork support " + os.environ["GRPC_ENABLE_FORK_SUPPORT"]
pathlib.Path(os.environ["SCIZOR_HOME"], "told").write_text(told)
"""
SLOW = """
import os, pathlib, signal
pathlib.Path(os.environ["SCIZOR_HOME"], "pid").write_text(str(os.getpid()))
signal.pause()
"""
REFUSING = """
import sys
print('{"event": "stack_failed"}', file=sys.stderr)
sys.exit("ports that are needed are not free:\\n  port 8080 is taken")
"""


def supervisor(monkeypatch: pytest.MonkeyPatch, home: Path, program: str) -> None:
    monkeypatch.setenv("SCIZOR_HOME", str(home))
    monkeypatch.setattr(local, "SUPERVISOR", (sys.executable, "-c", program))


def test_a_detached_stack_is_returned_when_it_is_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    supervisor(monkeypatch, tmp_path, READY)
    stack = local.start_detached()
    assert stack.pid is not None
    try:
        assert stack.ready
        assert os.getsid(stack.pid) == stack.pid
        assert [(child.name, child.port) for child in stack.children] == [("edge", 8080)]
    finally:
        os.kill(stack.pid, signal.SIGTERM)
        os.waitpid(stack.pid, 0)


def test_the_workers_asked_for_reach_the_supervisor_and_grpc_leaves_its_forks_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    supervisor(monkeypatch, tmp_path, TELLING + READY)
    stack = local.start_detached(workers=3)
    assert stack.pid is not None
    os.kill(stack.pid, signal.SIGTERM)
    os.waitpid(stack.pid, 0)
    assert (tmp_path / "told").read_text() == "up --log-to-home --workers 3, fork support 0"


def test_a_stack_that_runs_with_other_workers_is_not_taken_for_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    children = tuple(local.Child(name, "ready") for name in ("scheduler", "worker-1", "worker-2"))
    monkeypatch.setattr(local, "running", lambda: Stack("ready", children=children))
    with pytest.raises(CommandFailed, match="it runs with 2 workers of a cluster; `scizor down` stops it"):
        services.up(detach=True, workers=3)


def test_a_stack_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    supervisor(monkeypatch, tmp_path, REFUSING)
    with pytest.raises(CommandFailed, match=r"not free:\n  port 8080 is taken$"):
        local.start_detached()


def test_a_stack_that_is_not_ready_in_time_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    supervisor(monkeypatch, tmp_path, SLOW)
    monkeypatch.setattr(local, "_START_DEADLINE_S", 1.0)
    with pytest.raises(CommandFailed, match="not ready within"):
        local.start_detached()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_nothing_was_ever_started() -> None:
    assert Stack.of(None) == Stack(phase="stopped")


def test_the_missing_server_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_SERVER_PACKAGES", ("json", "no_such_package_here"))
    with pytest.raises(CommandFailed, match=r"pip install '\.\[server\]'"):
        local.demand_server()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SCIZOR_HOME": "/srv/scizor", "XDG_DATA_HOME": "/data"}, "/srv/scizor"),
        ({"XDG_DATA_HOME": "/data"}, "/data/scizor"),
        ({"XDG_DATA_HOME": "relative"}, "/home/quant/.local/share/scizor"),
    ],
)
def test_the_home_is_the_one_the_services_choose(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/quant")
    assert str(local.home(environment)) == expected


@pytest.mark.parametrize(
    ("address", "starts"),
    [("127.0.0.1:{own}", True), ("localhost:{own}", True), ("127.0.0.1:{other}", False), ("elsewhere:{own}", False)],
)
def test_a_demo_starts_what_its_address_lacks_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, address: str, starts: bool
) -> None:
    with socket.socket() as own, socket.socket() as other:  # bound, and nobody listens: whoever calls is refused
        ports = {}
        for name, bound in (("own", own), ("other", other)):
            bound.bind(("127.0.0.1", 0))
            ports[name] = bound.getsockname()[1]
        monkeypatch.setenv("SCIZOR_EDGE_PORT", str(ports["own"]))
        monkeypatch.setenv("SCIZOR_ADDRESS", address.format(**ports))
        monkeypatch.setattr(local, "demand_server", lambda: None)
        monkeypatch.setattr(local, "running", lambda: None)
        monkeypatch.setattr(local, "start_detached", lambda: Stack("ready"))
        assert demo.start(Story(silent=True)) is starts


def test_a_demo_takes_what_answers_at_its_address_as_it_is(
    market_data: MarketData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIZOR_EDGE_PORT", os.environ["SCIZOR_ADDRESS"].rpartition(":")[2])
    monkeypatch.setattr(local, "start_detached", lambda: pytest.fail("it was there already"))
    assert not demo.start(Story(silent=True))
