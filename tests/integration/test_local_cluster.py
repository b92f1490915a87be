"""The Dask cluster that a stack may bring with it, under a supervisor that runs nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.processes import is_alive
from scizor.domain.errors import FailedPrecondition
from scizor.services.local import cluster
from scizor.services.local.cluster import cluster_of
from scizor.services.local.plan import plan_of
from scizor.services.local.settings import LocalSettings
from scizor.services.local.state import Phase
from tests.integration.test_supervisor import PATIENCE_S, Stack, free_ports

ONLY_A_CLUSTER = """
import asyncio, os, sys
from pathlib import Path
from scizor.services.local.cluster import cluster_of
from scizor.services.local.settings import load_settings
from scizor.services.local.specs import Plan
from scizor.services.local.supervisor import Supervisor
settings = load_settings(cluster_workers=2)
plan = Plan(settings.home, settings.ports(), None, (), cluster_of(settings, os.environ))
sys.exit(asyncio.run(Supervisor(plan).run()))
"""


def test_a_cluster_is_kept_running_and_leaves_nothing_when_its_supervisor_is_killed(open_folder: Path) -> None:
    pytest.importorskip("distributed")
    names = LocalSettings(home=open_folder, cluster_workers=2).ports()
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    environment = os.environ | ports | {"PYTHONPATH": os.pathsep.join(sys.path), "SCIZOR_HOME": str(open_folder)}
    stack = Stack(open_folder, [])
    with subprocess.Popen([sys.executable, "-c", ONLY_A_CLUSTER], env=environment) as supervisor:
        try:
            assert stack.reaches(Phase.READY)
            assert [child.name for child in stack.state().children] == ["scheduler", "worker-1", "worker-2"]
            before, killed = stack.pids(), stack.child("worker-2").pid
            assert killed
            assert all(listens_here_alone(pid) for pid in before)
            os.kill(killed, signal.SIGKILL)
            assert Deadline(PATIENCE_S).until(lambda: stack.child("worker-2").restarts == 1)
            assert stack.reaches(Phase.READY)
            after = stack.pids()
            assert after[:2] == before[:2]
        finally:
            supervisor.kill()
    assert Deadline(PATIENCE_S).until(lambda: not any(is_alive(pid) for pid in after))


def listens_here_alone(pid: int) -> bool:
    listening = [one for one in psutil.Process(pid).net_connections() if one.status == psutil.CONN_LISTEN]
    return bool(listening) and all(one.laddr.ip == "127.0.0.1" for one in listening)


def test_a_cluster_is_part_of_the_plan_only_where_it_is_wanted(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LocalSettings(home=open_folder, cluster_workers=2, cluster_port=8800)
    assert "SCIZOR_COMPUTE" not in LocalSettings(home=open_folder).environment()
    assert settings.environment()["SCIZOR_COMPUTE"] == "tcp://127.0.0.1:8800"
    given = {"DATABASE_URL": "postgresql://me:secret@db/x", "PATH": "/bin"}
    tiers = [[spec.name for spec in tier] for tier in plan_of(settings, given).tiers]
    assert tiers == [["scheduler"], ["worker-1", "worker-2"], ["ibsim", "marketdata", "backtest", "trading"], ["edge"]]
    (scheduler,), _ = cluster_of(settings, given)
    assert scheduler.env["PATH"] == "/bin"
    assert "DATABASE_URL" not in scheduler.env, "who computes need not know where things are kept"
    assert all(spec.env["GRPC_ENABLE_FORK_SUPPORT"] == "0" for tier in plan_of(settings, {}).tiers[2:] for spec in tier)
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    assert cluster_of(LocalSettings(home=open_folder), given) == ()
    with pytest.raises(FailedPrecondition, match=r"pip install '\.\[cluster\]'"):
        cluster_of(settings, given)
