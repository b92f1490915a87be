"""Other people's engines, in an environment of their own: `backtesting` is AGPL and never a dependency of this project.

The environment is made once, in `build/peers-venv`; what it computes comes over as arrays in a file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scizor.engine import Prices, Series

_VENV = Path(__file__).parents[2] / "build" / "peers-venv"
_PACKAGE = "backtesting==0.6.6"
_INSTALL_SECONDS = 600
_RUN_SECONDS = 120

_DUMP_GOOG = """
import sys
import numpy as np
from backtesting.test import GOOG
columns = {name.lower(): GOOG[name].to_numpy(np.float64) for name in ("Open", "High", "Low", "Close")}
np.savez(sys.argv[1], sessions=GOOG.index.to_numpy().astype("datetime64[D]").astype(np.int64), **columns)
"""

_RUN_SMA_CROSS = """
import sys
import numpy as np
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA

class AlwaysIn(Strategy):
    def init(self):
        self.fast = self.I(SMA, self.data.Close, int(sys.argv[2]))
        self.slow = self.I(SMA, self.data.Close, int(sys.argv[3]))
    def next(self):
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy()
        elif crossover(self.slow, self.fast):
            self.position.close()
            self.sell()

commission, finalize = float(sys.argv[4]), sys.argv[5] == "True"
run = Backtest(GOOG, AlwaysIn, cash=10_000, commission=commission, finalize_trades=finalize).run()
trades = run["_trades"]
columns = {name: trades[name].to_numpy(np.float64) for name in (
    "Size", "EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "PnL", "Commission", "ReturnPct")}
np.savez(sys.argv[1], equity=run["_equity_curve"]["Equity"].to_numpy(np.float64), **columns)
"""

Arrays = dict[str, NDArray[np.float64]]


def google_prices() -> Prices:
    """GOOG as the `backtesting` package ships it: 2,148 daily bars from 2004-08-19 to 2013-03-01."""
    columns = _run(_DUMP_GOOG)
    sessions = columns.pop("sessions").astype("datetime64[D]")
    return Prices.align({"GOOG": Series(sessions, **columns)})


def sma_cross_run(fast: int, slow: int, commission_rate: float, *, close_open_at_end: bool) -> Arrays:
    """That package's own run of an always-in SMA cross on its GOOG: `equity`, and its trades' columns."""
    return _run(_RUN_SMA_CROSS, str(fast), str(slow), str(commission_rate), str(close_open_at_end))


def _run(program: str, *arguments: str) -> Arrays:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.npz"
        # Its own warnings (progress bars, an open trade at the end) are not ours to judge.
        command = [str(_python()), "-W", "ignore", "-c", program, str(path), *arguments]
        subprocess.run(command, check=True, timeout=_RUN_SECONDS, capture_output=True)
        with np.load(path) as answer:
            return dict(answer)


def _python() -> Path:
    python, installed = _VENV / "bin" / "python", _VENV / f".installed-{_PACKAGE}"
    if not installed.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(_VENV)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _PACKAGE],
        ):
            subprocess.run(command, check=True, timeout=_INSTALL_SECONDS)
        installed.touch()
    return python
