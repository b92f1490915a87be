"""Figures over a window of sessions that moves along, NaN for the first window - 1 returns. Shapes: (n_returns,)."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine._jit import njit
from scizor.engine.arrays import kernel_array

_NO_VARIANCE = 1e-12


def rolling_volatility(returns: FloatArray, window_sessions: int, periods_per_year: float = 252.0) -> FloatArray:
    """Annualised standard deviation, ddof 1."""
    _, deviation = _mean_and_deviation(returns, window_sessions)
    return deviation * math.sqrt(periods_per_year)


def rolling_sharpe(
    returns: FloatArray, window_sessions: int, periods_per_year: float = 252.0, risk_free: float = 0.0
) -> FloatArray:
    """Mean excess return over its deviation, annualised as under TRADING_DAY_252; NaN without movement."""
    mean, deviation = _mean_and_deviation(returns, window_sessions)
    moved = np.where(deviation > 0.0, deviation, np.nan)
    return (mean - risk_free / periods_per_year) / moved * math.sqrt(periods_per_year)


def rolling_beta(returns: FloatArray, benchmark: FloatArray, window_sessions: int) -> FloatArray:
    """Covariance with the benchmark's returns over their variance; NaN where these did not move or are missing.

    Raises InvalidInput for another number of benchmark returns.
    """
    if benchmark.shape != returns.shape:
        raise InvalidInput.of_field("benchmark", f"must have shape {returns.shape}")
    _check(window_sessions)
    rolled = np.full(len(returns), np.nan)
    if window_sessions <= len(returns):
        ours, theirs = (sliding_window_view(one, window_sessions) for one in (returns, benchmark))
        x, y = (one - one.mean(axis=1, keepdims=True) for one in (ours, theirs))
        squares = np.sum(y**2, axis=1)
        moved = np.where(squares > _NO_VARIANCE * np.sum(theirs**2, axis=1), squares, np.nan)
        rolled[window_sessions - 1 :] = np.sum(x * y, axis=1) / moved
    return rolled


def rolling_drawdown(returns: FloatArray, window_sessions: int) -> FloatArray:
    """The deepest fall within the window, the value before its first return included; a fraction <= 0."""
    _check(window_sessions)
    return _rolling_drawdown_nb(kernel_array(returns), window_sessions)


def _mean_and_deviation(returns: FloatArray, window_sessions: int) -> tuple[FloatArray, FloatArray]:
    _check(window_sessions)
    mean, deviation = np.full(len(returns), np.nan), np.full(len(returns), np.nan)
    if window_sessions <= len(returns):
        windows = sliding_window_view(returns, window_sessions)
        mean[window_sessions - 1 :] = windows.mean(axis=1)
        spread = windows.std(axis=1, ddof=1)
        deviation[window_sessions - 1 :] = np.where(spread > 1e-13 * np.abs(windows).max(axis=1), spread, 0.0)
    return mean, deviation


def _check(window_sessions: int) -> None:
    if window_sessions < 2:
        raise InvalidInput.of_field("window_sessions", "must be at least 2")


@njit
def _rolling_drawdown_nb(returns: FloatArray, window: int) -> FloatArray:
    rolled = np.full(len(returns), np.nan)
    for end in range(window - 1, len(returns)):
        value, peak, least = 1.0, 1.0, 1.0
        for place in range(end - window + 1, end + 1):
            value *= 1.0 + returns[place]
            peak = max(peak, value)
            if value < least * peak:
                least = value / peak
        rolled[end] = least - 1.0
    return rolled
