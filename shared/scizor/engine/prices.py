"""Prices over a union calendar: what every strategy and every simulation reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import DateArray


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One symbol's bars. `sessions`: datetime64[D], rising, shape (n,); the prices: quote currency, shape (n,)."""

    sessions: DateArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Bars of `symbols` (columns) over `sessions` (rows): float64 (n_sessions, n_symbols), NaN where there is no bar.

    Raises InvalidInput when shapes disagree, sessions do not rise, or a bar is neither whole (four positive finite
    prices) nor wholly missing.
    """

    symbols: tuple[str, ...]
    sessions: DateArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.sessions), len(self.symbols))
        if 0 in shape:
            raise InvalidInput.of_field("prices", "at least one session and one symbol are needed")
        if len(set(self.symbols)) != len(self.symbols):
            raise InvalidInput.of_field("prices.symbols", "each symbol may be named once")
        if self.sessions.dtype != np.dtype("datetime64[D]") or not bool(np.all(np.diff(self.sessions).astype(int) > 0)):
            raise InvalidInput.of_field("prices.sessions", "must be datetime64[D] and strictly rising")
        matrices = {f"prices.{name}": getattr(self, name) for name in ("open", "high", "low", "close")}
        for field, matrix in matrices.items():
            _check_matrix(field, matrix, shape)
        missing = np.isnan(self.close)
        for field, matrix in matrices.items():
            if not np.array_equal(np.isnan(matrix), missing):
                raise InvalidInput.of_field(field, "a bar has all four prices or none")

    @property
    def n_sessions(self) -> int:
        """Rows: sessions on which at least one symbol may have a bar."""
        return len(self.sessions)

    @property
    def n_symbols(self) -> int:
        """Columns."""
        return len(self.symbols)

    @classmethod
    def align(cls, series: Mapping[str, Series]) -> Prices:
        """Lay each symbol's bars on the union of all their sessions, in the mapping's order."""
        if not series:
            raise InvalidInput.of_field("prices", "at least one session and one symbol are needed")
        sessions = np.unique(np.concatenate([one.sessions for one in series.values()])).astype("datetime64[D]")
        columns = {name: np.full((len(sessions), len(series)), np.nan) for name in ("open", "high", "low", "close")}
        for index, one in enumerate(series.values()):
            rows = np.searchsorted(sessions, one.sessions)
            for name, matrix in columns.items():
                matrix[rows, index] = getattr(one, name)
        return cls(tuple(series), sessions, columns["open"], columns["high"], columns["low"], columns["close"])


def _check_matrix(field: str, matrix: FloatArray, shape: tuple[int, int]) -> None:
    if matrix.dtype != np.float64 or matrix.shape != shape:
        raise InvalidInput.of_field(field, f"must be float64 of shape {shape}")
    # One pass each: a NaN compares false, so only real prices outside (0, inf) are caught.
    if bool(np.any(matrix <= 0.0)) or bool(np.any(matrix == np.inf)):
        raise InvalidInput.of_field(field, "every price must be positive and finite")
