"""What all engines' scripts share: the bars, the rules of the work, the clock, the line of JSON they answer with.

`python -m benchmarks.peers.<engine> FOLDER WORK` runs in that engine's own environment, where numpy is all there is.

The rules: hold a symbol while the mean of its last 10 closes is strictly above that of its last 20, long or flat,
decided at the close, filled at the next open, whole shares, a commission of 0.1 bps (small, so that an account outlives
27,000 trades). `sma`, `sweep`: all of the equity; `portfolio`: 1/309 of it for each symbol, out of one account;
`orders`: 100 shares.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FAST, SLOW = 10, 20
CASH = 1e7
FEE = 1e-5
SHARES = 100
FASTS, SLOWS = range(2, 28), range(28, 63)
PAIRS = tuple((fast, slow) for fast in FASTS for slow in SLOWS)

_MIN_REPEATS, _MAX_REPEATS, _ENOUGH_SECONDS = 3, 9, 2.5


class Bars(NamedTuple):
    """Float64 matrices (n_rows, n_symbols); `open_ns`, `close_ns`: int64 UTC, shape (n_rows,)."""

    open_ns: NDArray[np.int64]
    close_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def head(self, n_rows: int) -> Bars:
        times, columns = (self.open_ns, self.close_ns), self[2:]
        open_ns, close_ns = (one[:n_rows] for one in times)
        return Bars(open_ns, close_ns, *(one[:n_rows] for one in columns))

    def only(self, symbol: int) -> Bars:
        """One symbol's columns, one-dimensional and contiguous."""
        return Bars(self.open_ns, self.close_ns, *(np.ascontiguousarray(column[:, symbol]) for column in self[2:]))


class Outcome(NamedTuple):
    """`trades`: closed round trips, -1 where there are none to count; `final_equity`: NaN where it is not asked."""

    trades: int
    final_equity: float


Run = Callable[[], Outcome]


class Work(NamedTuple):
    """`prepare` brings bars into the engine's own form, outside of the clock.

    `rows`, `pairs`: fewer of them, for engines that would take minutes.
    """

    prepare: Callable[[Bars], Run]
    rows: int | None = None
    pairs: int = len(PAIRS)


# The file of bars each work is done on.
DATA = {
    "sma": "minutes",
    "sma_no_metrics": "minutes",
    "callback": "minutes",
    "orders": "minutes",
    "sweep": "days",
    "portfolio": "days",
}


def answer(works: Mapping[str, Work]) -> None:
    """Do the work that is asked for on the command line, warm, and print the median.

    FOLDER WORK [ROWS]: with ROWS one run of the first so many of them.
    """
    folder, name, *rows = sys.argv[1:]
    work = works[name]
    if rows:
        work = work._replace(rows=int(rows[0]))
    run, n_bars = _ready(work, load(Path(folder) / f"{DATA[name]}.npz"))
    started = time.perf_counter()
    outcome = run()
    seconds = time.perf_counter() - started
    peak_mb = _peak_mb()
    if not rows:
        seconds = _repeat(run)
    units = work.pairs if name == "sweep" else n_bars
    sys.stdout.write(json.dumps({"units": units, "seconds": seconds, "peak_mb": peak_mb, **outcome._asdict()}) + "\n")


def _ready(work: Work, bars: Bars) -> tuple[Run, int]:
    # The bars are let go of on return: what is kept of them is the engine's own doing.
    bars = bars if work.rows is None else bars.head(work.rows)
    return work.prepare(bars), bars.close.size


def load(path: Path) -> Bars:
    with np.load(path) as stored:
        return Bars(**stored)


def _peak_mb() -> float:
    """The most this program held. `getrusage` would tell of what its process was before it too."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _repeat(run: Run) -> float:
    taken: list[float] = []
    while len(taken) < _MIN_REPEATS or (len(taken) < _MAX_REPEATS and sum(taken) < _ENOUGH_SECONDS):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return median(taken)
