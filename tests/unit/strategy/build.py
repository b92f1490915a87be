"""Panels for strategies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.panel import Panel

NAN = float("nan")
_DAY_NS = 86_400_000_000_000


def panel_of(closes: Sequence[Sequence[float]], *, symbols: Sequence[str] = (), bar_ns: int = _DAY_NS) -> Panel:
    """Bars that open at their close and reach one above and half below; a row a day, or `bar_ns` from 1970 on."""
    close = np.array(closes, np.float64)
    return _panel(close, close, symbols, bar_ns, 1)


def random_panel(
    n_rows: int, n_symbols: int, seed: int, *, gaps: float = 0.0, bar_ns: int = _DAY_NS, bars_a_day: int = 1
) -> Panel:
    """A random walk rounded to cents, the same every time; a part `gaps` of the bars is missing."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, (n_rows, n_symbols)), axis=0)), 2)
    close[random.random(close.shape) < gaps] = np.nan
    # Each opens at about where it closes, off its own close.
    open_ = np.round(close * np.exp(random.normal(0, 0.01, close.shape)), 2)
    return _panel(open_, close, (), bar_ns, bars_a_day)


def first_rows(panel: Panel, n_rows: int) -> Panel:
    """The panel as it was when its first rows were all there were."""
    columns = {name: getattr(panel, name)[:n_rows] for name in ("open", "high", "low", "close", "volume")}
    slots = panel.sessions[:n_rows], panel.open_ns[:n_rows], panel.close_ns[:n_rows]
    return Panel(panel.symbols, *slots, **columns)


def _panel(open_: FloatArray, close: FloatArray, symbols: Sequence[str], bar_ns: int, bars_a_day: int) -> Panel:
    n_rows, n_symbols = close.shape
    days, bars = np.divmod(np.arange(n_rows), bars_a_day)
    open_ns = (days * _DAY_NS + bars * bar_ns).astype(np.int64)
    names = tuple(symbols) or tuple(f"S{index}" for index in range(n_symbols))
    highs, lows = np.maximum(open_, close) + 1.0, np.minimum(open_, close) - 0.5
    sessions = days.astype("datetime64[D]") if bars_a_day > 1 else (open_ns // _DAY_NS).astype("datetime64[D]")
    volume = np.where(np.isnan(close), np.nan, 1e6)
    return Panel(names, sessions, open_ns, open_ns + bar_ns, open_, highs, lows, close, volume)
