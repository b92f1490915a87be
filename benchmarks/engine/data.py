"""The bars all engines are measured on: random walks, the same every time.

Prices are in eighths, as shares were once quoted, so sums of them are exact in floating point: whatever way an engine
takes its means, it sees the same crosses and the same ties.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.peers.common import Bars

_MINUTE_NS = 60_000_000_000
_DAY_NS = 1440 * _MINUTE_NS
_MINUTES_A_SESSION = 390
_FIRST_DAY = np.datetime64("2005-01-03")


def minutes(n_rows: int = 1_000_000) -> Bars:
    """One symbol, sessions of 390 minutes from 14:30 UTC, on weekdays."""
    n_days = -(-n_rows // _MINUTES_A_SESSION)
    days = np.busday_offset(_FIRST_DAY, np.arange(n_days)).astype(np.int64) * _DAY_NS
    open_ns = (days[:, None] + (14 * 60 + 30 + np.arange(_MINUTES_A_SESSION)) * _MINUTE_NS).ravel()[:n_rows]
    return _walks(open_ns, open_ns + _MINUTE_NS, 1, 0.0005)


def days(n_rows: int = 2_520, n_symbols: int = 309) -> Bars:
    """Ten years of daily bars."""
    open_ns = np.busday_offset(_FIRST_DAY, np.arange(n_rows)).astype(np.int64) * _DAY_NS
    return _walks(open_ns, open_ns + _DAY_NS, n_symbols, 0.01)


def save(folder: Path) -> None:
    """Both, as the engines' scripts read them."""
    for name, bars in (("minutes", minutes()), ("days", days())):
        np.savez(folder / f"{name}.npz", **bars._asdict())


def _walks(open_ns: np.typing.NDArray[np.int64], close_ns: np.typing.NDArray[np.int64], n: int, sd: float) -> Bars:
    random = np.random.default_rng(20)
    shape = (len(open_ns), n)
    moves, gaps = random.normal(0, sd, shape), random.normal(0, sd / 4, shape)
    close = np.cumsum(moves + gaps, axis=0)
    open_ = close - moves
    high = np.maximum(open_, close) + np.abs(random.normal(0, sd / 2, shape))
    low = np.minimum(open_, close) - np.abs(random.normal(0, sd / 2, shape))
    volume = random.integers(1_000, 100_000, shape).astype(np.float64)
    open_, high, low, close = (np.round(8_000 * np.exp(walk)) / 8 for walk in (open_, high, low, close))
    return Bars(open_ns, close_ns, open_, high, low, close, volume)


if __name__ == "__main__":
    import sys

    save(Path(sys.argv[1]))
