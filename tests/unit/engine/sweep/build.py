"""Panels for sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.panel import Panel

_NS_PER_DAY = 86_400_000_000_000
_NS_PER_HOUR = 3_600_000_000_000


def panel_of(closes: FloatArray) -> Panel:
    """Daily bars that open half way from the close before; NaN where there is none. `closes`: a matrix."""
    n_rows, n_symbols = closes.shape
    opens: FloatArray = np.round(closes * (1 + 0.01 * np.sin(np.arange(n_rows)))[:, None], 2)
    sessions = np.datetime64("2015-01-01") + np.arange(n_rows)
    days = sessions.astype(np.int64) * _NS_PER_DAY
    volume = np.where(np.isnan(closes), np.nan, 1e6)
    return Panel(
        symbols=tuple(f"S{index}" for index in range(n_symbols)),
        sessions=sessions,
        open_ns=days,
        close_ns=days + _NS_PER_DAY,
        open=opens,
        high=np.maximum(opens, closes) + 0.5,
        low=np.minimum(opens, closes) * 0.99,
        close=closes,
        volume=volume,
    )


def intraday_panel_of(closes: FloatArray, bars_a_session: int) -> Panel:
    """As `panel_of`, several bars a session, each an hour."""
    daily = panel_of(closes)
    at = np.arange(daily.n_rows)
    sessions = np.datetime64("2015-01-01") + at // bars_a_session
    open_ns = sessions.astype(np.int64) * _NS_PER_DAY + at % bars_a_session * _NS_PER_HOUR
    return replace(daily, sessions=sessions, open_ns=open_ns, close_ns=open_ns + _NS_PER_HOUR)


def random_closes(n_rows: int, n_symbols: int, *, seed: int, missing: float = 0.0) -> FloatArray:
    """Prices in cents that wander around 50."""
    rng = np.random.default_rng(seed)
    closes: FloatArray = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.01, (n_rows, n_symbols)), axis=0)), 2)
    closes[rng.random(closes.shape) < missing] = np.nan
    return closes
