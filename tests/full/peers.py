"""Other people's engines, each in an environment of its own: `backtesting` is AGPL and never a dependency here.

`scripts/<name>.py` runs there; bars go over as arrays in a file, and so does what comes of them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.peers.environments import python_of
from scizor.engine.panel import Panel, Series

COLUMNS = ("open", "high", "low", "close", "volume")
_ROOT = Path(__file__).parents[2]
_RUN_SECONDS = 300

Arrays = dict[str, NDArray[np.float64]]


def run(name: str, script: str, bars: Series | None, *arguments: object) -> Arrays:
    """What `scripts/<script>.py` writes to its first argument, in the environment of the peer `name`."""
    with tempfile.TemporaryDirectory() as folder:
        answer, given = Path(folder) / "answer.npz", Path(folder) / "bars.npz"
        if bars is not None:
            columns = {one: getattr(bars, one) for one in COLUMNS}
            np.savez(given, days=bars.sessions.astype(np.int64), **columns)
        # Their own warnings (progress bars, an open trade at the end) are not ours to judge.
        program = [python_of(name), "-W", "ignore", "-m", f"tests.full.scripts.{script}", answer, given, *arguments]
        done = subprocess.run(
            [*map(str, program)], cwd=_ROOT, timeout=_RUN_SECONDS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        with np.load(answer) as found:
            return dict(found)


@cache
def google() -> Series:
    """GOOG as the `backtesting` package ships it: 2,148 daily bars from 2004-08-19 to 2013-03-01."""
    found = run("backtesting", "google", None)
    return series(found["days"], found)


def panel(bars: Series) -> Panel:
    return Panel.align({"GOOG": bars})


def since(bars: Series, day: str) -> Series:
    """The bars from a day on."""
    kept = bars.sessions >= np.datetime64(day)
    return series(bars.sessions[kept], {one: getattr(bars, one)[kept] for one in COLUMNS})


def series(days: ArrayLike, columns: Mapping[str, Any]) -> Series:
    open_, high, low, close, volume = (np.array(columns[one], np.float64) for one in COLUMNS)
    return Series(np.array(days, "datetime64[D]"), open_, high, low, close, volume)
