"""Strategies of files, run by the command in a program of their own, with the real engine and bars of a file."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from scizor.client.cli import run

GOOD = """
    from scizor.strategy import Bars, Int, VectorStrategy, indicators as ta
    from sizing import evenly


    class Mine(VectorStrategy):
        '''Holds a symbol while its fast mean is above its slow one.'''

        fast = Int(5, 1, 100, "Window of the fast mean, bars")
        slow = Int(20, 2, 100, "Window of the slow mean, bars")
        fast_mean = ta.sma("close", window=fast)
        slow_mean = ta.sma("close", window=slow)

        def targets(self, bars: Bars):
            print("the strategy's own words")
            return evenly(self.fast_mean.matrix > self.slow_mean.matrix)
"""
BESIDE_IT = """
    def evenly(held):
        return held / held.shape[1]
"""
RAISING = """
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            if ctx.session.isoformat() == "2020-03-02":
                raise KeyError("lost")
"""
ENDLESS = """
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            if ctx.session.isoformat() == "2020-03-02":
                while True:
                    pass
"""
PEEKING = """
    import numpy as np
    from scizor.strategy import VectorStrategy


    class Mine(VectorStrategy):
        def targets(self, bars):
            return (np.roll(bars.close, -1, axis=0) > bars.close) * 1.0 / bars.n_symbols
"""
MISSPELT = """
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            ctx.bye(ctx.symbols[0], 1)
"""
BROKEN = """
    class Mine(
"""


@pytest.fixture
def bars(tmp_path: Path) -> str:
    path = tmp_path / "bars.csv"
    days = np.busday_offset("2020-01-02", np.arange(300), roll="forward")
    lines = ["symbol,date,open,high,low,close,volume"]
    for symbol, phase in (("A", 0.0), ("B", 1.0)):
        closes = 100 + 20 * np.sin(np.arange(300) / 9 + phase)
        lines += [
            f"{symbol},{day},{close},{close + 1},{close - 1},{close},1000"
            for day, close in zip(days, closes, strict=True)
        ]
    path.write_text("\n".join(lines))
    return str(path)


def written(folder: Path, text: str) -> str:
    (folder / "sizing.py").write_text(dedent(BESIDE_IT))
    path = folder / "mine.py"
    path.write_text(dedent(text).lstrip())
    return str(path)


def test_a_strategy_of_a_file_is_run_on_bars_of_a_file(
    tmp_path: Path, bars: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--bars", bars, "--set", "slow=30", "--benchmark", "B", "--symbols", "A", "--commission", "0.01:1"]
    assert run(["backtest", "run", written(tmp_path, GOOD), *words, "--json"]) == 0
    said = capfd.readouterr()
    document = json.loads(said.out)
    assert "the strategy's own words" in said.err
    assert document["backtest"]["strategyId"] == "mine"
    assert document["backtest"]["parameters"] == {"fast": 5.0, "slow": 30.0}
    assert document["backtest"]["symbols"] == ["A"]
    metrics = {metric["name"]: metric for metric in document["results"]["metrics"]}
    assert metrics["sharpe"]["ciLow"] < metrics["sharpe"]["value"] < metrics["sharpe"]["ciHigh"]
    assert "value" in metrics["beta"]
    assert len(document["equity"]["equity"]) == 300
    assert len(document["trades"]) == int(document["results"]["trades"]) > 3
    assert document["results"]["costs"]["commission"] <= -2 * len(document["trades"])


def test_its_picture_has_the_trades_and_what_it_is_held_against(
    tmp_path: Path, bars: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", "run", written(tmp_path, GOOD), "--bars", bars, "--plot"]) == 0
    shown = capfd.readouterr().out
    assert "▲" in shown
    assert "buy and hold" in shown
    assert "drawdown" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RAISING, "mine.py:7 at 2020-03-02: KeyError: 'lost'"),
        (ENDLESS, "mine.py:"),
        (BROKEN, "mine.py:1: SyntaxError"),
    ],
    ids=["raising", "endless", "broken"],
)
def test_what_goes_wrong_is_told_with_its_line_and_bar(
    tmp_path: Path, bars: str, capfd: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    assert run(["backtest", "run", written(tmp_path, text), "--bars", bars, "--deadline", "1"]) == 1
    error = capfd.readouterr().err
    assert said in error
    if text is ENDLESS:
        assert "at 2020-03-02" in error
        assert "no end within 1 s" in error


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (PEEKING, ["decides", "close of later rows"]),
        (MISSPELT, ["mine.py:6: ctx has no bye: did you mean buy?"]),
        (BROKEN, ["mine.py:1: SyntaxError"]),
    ],
    ids=["peeking", "misspelt", "broken"],
)
def test_a_mistake_is_found_without_bars_and_without_services(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, found: list[str]
) -> None:
    assert run(["backtest", "check", written(tmp_path, text)]) == 1
    shown = capfd.readouterr().out
    assert all(words in shown for words in found), shown


def test_a_good_strategy_passes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, GOOD)
    assert run(["backtest", "check", file]) == 0
    said = capfd.readouterr()
    assert said.out == f"{file}: nothing found\n"
    assert said.err == "the strategy's own words\n", "what it says when it is run again is not told"
