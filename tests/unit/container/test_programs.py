"""What a container runs, by the word it is given."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from scizor.services.container import __main__ as entry
from scizor.services.container.health import QUESTIONS, main
from scizor.services.container.roles import ROLES, WORKER_PORT, NotRunnable, program

ENVIRONMENT = {"SCIZOR_BIND_HOST": "0.0.0.0", "SCIZOR_COMPUTE": "tcp://dask:8786", "DATABASE_URL": "postgresql://db/x"}  # noqa: S104


@pytest.mark.parametrize("role", ROLES)
def test_every_program_is_there(role: str) -> None:
    command, environment = program([role], ENVIRONMENT)
    assert environment.items() >= ENVIRONMENT.items()
    if command[1] == "-m":
        assert command[0] == sys.executable
        assert find_spec(command[2])
    else:
        assert command == [str(Path(sys.executable).with_name("scizor")), "collect", "daily", "--json"]


def test_further_words_are_the_programs_own() -> None:
    assert program(["collect", "--exchange", "ASX"], {})[0][-2:] == ["--exchange", "ASX"]


def test_a_worker_is_a_backtest_service() -> None:
    assert program(["worker"], {}) == program(["backtest"], {})


def test_a_cluster_listens_where_it_is_told_to() -> None:
    scheduler, _ = program(["dask-scheduler"], {**ENVIRONMENT, "SCIZOR_CLUSTER_PORT": "9000"})
    assert scheduler[scheduler.index("--host") :] == ["--host", "0.0.0.0", "--port", "9000"]  # noqa: S104
    assert "0.0.0.0:8787" in scheduler
    worker, environment = program(["dask-worker"], ENVIRONMENT)
    assert "tcp://dask:8786" in worker
    assert worker[worker.index("--worker-port") + 1] == str(WORKER_PORT)
    assert environment["OMP_NUM_THREADS"] == "1", "as many workers as cores fill them"


def test_what_cannot_be_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotRunnable, match="SCIZOR_COMPUTE"):
        program(["dask-worker"], {})
    for words, said in (([], "nothing is no program"), (["marketdate"], "marketdate is no program")):
        with pytest.raises(SystemExit, match="2"):
            entry.main(words)
        told = capsys.readouterr().err
        assert said in told
        assert all(role in told for role in ROLES)


def test_every_program_that_stays_can_be_asked_how_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert QUESTIONS.keys() == ROLES.keys() - {"migrate", "collect", "health"}
    assert main(["migrate"]) == 2
    assert "name one of marketdata" in capsys.readouterr().err


def test_one_that_does_not_answer_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_IBSIM_PORT", "1")
    assert main(["ibsim"]) == 1


def test_a_setting_that_breaks_a_rule_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCIZOR_TRADING_PORT", "many")
    assert main(["trading"]) == 2
    assert "SCIZOR_TRADING_PORT" in capsys.readouterr().err
