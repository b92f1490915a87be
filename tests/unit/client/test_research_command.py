"""The commands for a strategy's file, whose program is played by a few lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scizor.client.cli import research, run

ANSWERS = """
import sys
import numpy as np
from scizor.codec.frames import Frame, read_frame, write_frame
out = sys.stdout.buffer
write_frame(out, Frame({"ready": True}))
question = read_frame(sys.stdin.buffer)
"""
RUNS = """
asked = question.document["backtest"] | {"strategyId": "mine"}
values = np.array([100.0, 110.0, 99.0])
curve = {"session_date": np.array([20200102, 20200103, 20200106], np.int32), "equity": values, "cash": values,
         "drawdown": np.array([0.0, 0.0, -0.1]), "exposure": values * 0, "time_ns": np.arange(3), "held": values}
metric = {"name": "sharpe", "value": 1.25, "ciLow": 0.5, "ciHigh": 2.0, "unit": "ratio"}
trade = {"number": "1", "symbol": "A", "entrySession": "2020-01-03", "exitSession": "2020-01-06"}
results = {"metrics": [metric], "currency": "USD"}
write_frame(out, Frame({"backtest": asked, "results": results, "trades": [trade]}, curve))
"""
FAILS = """
write_frame(out, Frame({"error": {"reason": "FIELD_INVALID", "message": "mine.py:7 at 2020-01-03: it raised"}}))
"""
FINDS = """
write_frame(out, Frame({"findings": [{"kind": "name", "line": 7, "message": "ctx has no bye"}], "passed": ""}))
"""
ENDS = """
import os
os._exit(7)
"""
IS_KILLED = """
import os, signal
os.kill(os.getpid(), signal.SIGSEGV)
"""
LOOPS = """
while True:
    pass
"""


@pytest.fixture
def strategy(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text("")
    return str(path)


@pytest.fixture
def bars(tmp_path: Path) -> str:
    path = tmp_path / "bars.csv"
    path.write_text("")
    return str(path)


def program(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(research, "PROGRAM", (sys.executable, "-c", ANSWERS + text))


def test_a_files_run_is_shown_as_a_services(
    monkeypatch: pytest.MonkeyPatch, strategy: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program(monkeypatch, RUNS)
    assert run(["backtest", "run", strategy, "--bars", bars, "--symbols", "A", "--plot"]) == 0
    shown = capsys.readouterr().out
    assert "sharpe" in shown
    assert "0.500 to 2.000" in shown
    assert "▲" in shown
    assert "-10.0%" in shown


def test_a_files_run_for_machines_is_one_document(
    monkeypatch: pytest.MonkeyPatch, strategy: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program(monkeypatch, RUNS)
    assert run(["backtest", "run", strategy, "--bars", bars, "--set", "fast=3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["equity"]["equity"] == [100.0, 110.0, 99.0]
    assert document["trades"][0]["entrySession"] == "2020-01-03"
    assert document["backtest"]["parameters"] == {"fast": 3.0}


def test_a_strategys_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, strategy: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program(monkeypatch, FAILS)
    assert run(["backtest", "run", strategy, "--bars", bars]) == 1
    assert capsys.readouterr().err == "scizor: mine.py:7 at 2020-01-03: it raised\n"


def test_a_finding_is_a_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program(monkeypatch, FINDS)
    assert run(["backtest", "check", strategy]) == 1
    assert capsys.readouterr().out == f"{strategy}:7: ctx has no bye\n"


def test_what_nothing_else_can_end_is_killed(
    monkeypatch: pytest.MonkeyPatch, strategy: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program(monkeypatch, LOOPS)
    monkeypatch.setattr(research, "_GRACE_S", 0.1)
    assert run(["backtest", "run", strategy, "--bars", bars, "--deadline", "0.1"]) == 1
    assert "no end within 0.1 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENDS, "mine.py: the program ended with exit status 7 while the strategy ran"),
        (IS_KILLED, "mine.py: the program was ended by signal 11 (Segmentation fault) while the strategy ran"),
    ],
    ids=["exit", "signal"],
)
def test_a_program_that_ends_without_an_answer_is_told_with_its_status(
    monkeypatch: pytest.MonkeyPatch, strategy: str, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    program(monkeypatch, text)
    assert run(["backtest", "check", strategy]) == 1
    assert said in capsys.readouterr().err


def test_without_the_engine_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(research, "_PACKAGES", ("a_package_that_is_not_there",))
    assert run(["backtest", "run", strategy, "--symbols", "A"]) == 1
    assert "pip install '.[server]' in the source folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", "none.py", "--symbols", "A"], "none.py: there is no such file"),
        (["run", "sma_cross", "--symbols", "A", "--bars", "x.csv"], "--bars is for a strategy of a file"),
        (["run", "sma_cross"], "at least one symbol"),
        (["run", "mine.py", "--bars", "x.csv", "--symbols", ",,"], "'--symbols': give at least one symbol"),
        (["run", "mine.py", "--bars", "x.csv", "--symbols", ""], "'--symbols': give at least one symbol"),
        (["check", "mine.py", "--symbols", " , "], "'--symbols': give at least one symbol"),
        (["run", "mine.py", "--bars", "x.csv", "--currency", "EURO"], "'--currency': must be an ISO 4217 code"),
        (["run", "sma_cross", "--symbols", "A", "--currency", "XYZ"], "'--currency': must be an ISO 4217 code"),
        (["check", "sma_cross"], "check is for a strategy of a file"),
    ],
)
def test_what_makes_no_sense_is_refused_with_status_2(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", *words]) == 2
    assert named in capsys.readouterr().err
