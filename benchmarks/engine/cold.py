"""From an empty process to the first result: GOOG's daily bars, an SMA cross, compiled code on disk already."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

_ROUNDS = 5
_DEADLINE_S = 300
_MARK_S, _AIM_S = 2.0, 1.0
_SCIZOR = Path(sys.executable).parent / "scizor"

_LIBRARY = """
import sys
import numpy as np
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Settings
from scizor.strategy import get
from scizor.strategy.run import run
columns = np.genfromtxt(sys.argv[1], delimiter=",", names=True, dtype=None, encoding="utf-8")
prices = {name: columns[name].astype(float) for name in ("open", "high", "low", "close", "volume")}
bars = Series(columns["date"].astype("datetime64[D]"), **prices)
found = run(get("sma_cross")(fast=10, slow=30), Panel.align({"GOOG": bars}), Settings())
print(found.metric("sharpe").value)
"""

_STRATEGY = """
from scizor.strategy import Bars, FloatArray, VectorStrategy, indicators as ta


class Cross(VectorStrategy):
    \"\"\"Holds while the fast mean is above the slow one.\"\"\"

    fast_mean = ta.sma("close", window=10)
    slow_mean = ta.sma("close", window=30)

    def targets(self, bars: Bars) -> FloatArray:
        return (self.fast_mean.matrix > self.slow_mean.matrix) * 1.0
"""


def lines() -> Iterator[str]:
    """A table, in Markdown."""
    yield "### From an empty process to the first result"
    yield ""
    yield "GOOG, 2,148 daily bars of a CSV file; compiled code is on disk, as after the first run ever."
    yield ""
    yield "| | seconds | asked |"
    yield "|---|---:|---|"
    with tempfile.TemporaryDirectory(prefix="scizor-bench-") as folder:
        bars, strategy = Path(folder) / "goog.csv", Path(folder) / "cross.py"
        _write(bars)
        strategy.write_text(_STRATEGY)
        command = [_SCIZOR, "backtest", "run", strategy, "--symbols", "GOOG", "--bars", bars, "--json"]
        for name, program in (
            ("`scizor backtest run cross.py`", command),
            ("library", [sys.executable, "-c", _LIBRARY, bars]),
        ):
            seconds = _seconds(program)
            met = "aim" if seconds <= _AIM_S else "mark" if seconds <= _MARK_S else "MISSED"
            yield f"| {name} | {seconds:.2f} | {_MARK_S:g}, aim {_AIM_S:g}: {met} |"
    yield ""


def _write(path: Path) -> None:
    from bokeh_sampledata.stocks import GOOG  # noqa: PLC0415 - it reads five files when it is imported

    names = ("date", "open", "high", "low", "close", "volume")
    columns = dict(GOOG)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["symbol", *names])
        writer.writerows(("GOOG", *row) for row in zip(*(columns[name] for name in names), strict=True))


def _seconds(program: list[object]) -> float:
    taken = []
    for _ in range(_ROUNDS + 1):
        started = time.perf_counter()
        subprocess.run([*map(str, program)], check=True, capture_output=True, timeout=_DEADLINE_S)
        taken.append(time.perf_counter() - started)
    return median(taken[1:])
