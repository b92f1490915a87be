"""Bars of many symbols on rows that are ordered by real time: what strategies see and simulations run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import DateArray, kernel_array
from scizor.engine.rows import HALF_A_BAR, NO_PRICE, bars_nb, rows_nb

TimeArray = NDArray[np.int64]

_NS_PER_DAY = 86_400_000_000_000
_COLUMNS = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One symbol's bars, shape (n,): prices in quote currency, volume in shares (None: unknown).

    `sessions`: datetime64[D], not falling. `open_ns`, `close_ns`: when each bar begins and ends, int64 UTC; None for
    bars of whole days, which then begin and end with their UTC date.
    """

    sessions: DateArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None = None
    open_ns: TimeArray | None = None
    close_ns: TimeArray | None = None

    @property
    def slots(self) -> TimeArray:
        """When each bar ends and begins, shape (n, 2): what a row is known by."""
        opens = self.sessions.astype("datetime64[D]").astype(np.int64) * _NS_PER_DAY
        open_ns = opens if self.open_ns is None else self.open_ns
        close_ns = opens + _NS_PER_DAY if self.close_ns is None else self.close_ns
        return np.stack([close_ns, open_ns], axis=1)


@dataclass(frozen=True, eq=False)
class Panel:
    """Bars of `symbols` (columns) over rows: float64 matrices (n_rows, n_symbols), NaN where there is no bar.

    Row r is one bar slot [open_ns[r], close_ns[r]) of the session `sessions[r]`; rows are sorted by close, then open,
    and no two share both. `volume` is in shares, NaN where unknown. The arrays are the panel's from then on: nobody may
    write to them.

    `missing`: whether any bar is. `in_order`: whether each row opens when the row before has closed. `daily`: whether
    each row is a session later than that before.

    Raises InvalidInput when shapes disagree, rows are out of order, or a bar is neither whole (four positive finite
    prices) nor wholly missing.
    """

    symbols: tuple[str, ...]
    sessions: DateArray
    open_ns: TimeArray
    close_ns: TimeArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    missing: bool = field(init=False)
    in_order: bool = field(init=False)
    daily: bool = field(init=False)

    def __post_init__(self) -> None:
        shape = (len(self.sessions), len(self.symbols))
        if 0 in shape:
            raise InvalidInput.of_field("panel", "at least one row and one symbol are needed")
        if len(set(self.symbols)) != len(self.symbols):
            raise InvalidInput.of_field("panel.symbols", "each symbol may be named once")
        for name in (*_COLUMNS, "volume"):
            matrix = getattr(self, name)
            if matrix.dtype != np.float64 or matrix.shape != shape:
                raise InvalidInput.of_field(f"panel.{name}", f"must be float64 of shape {shape}")
            object.__setattr__(self, name, kernel_array(matrix))
        in_order, daily = _check_rows(self)
        for name, value in (("in_order", in_order), ("daily", daily), ("missing", _check_bars(self))):
            object.__setattr__(self, name, value)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over times, prices and volumes, 64 hex digits: the same bars, the same digest, on any platform."""
        digest = sha256(f"{self.n_rows} {self.n_symbols}\n".encode())
        for times in (self.sessions.view(np.int64), self.open_ns, self.close_ns):
            digest.update(np.ascontiguousarray(times.astype("<i8", copy=False)).data)
        for matrix in (self.open, self.high, self.low, self.close, self.volume):
            update_digest(digest, matrix)
        return digest.hexdigest()

    @cached_property
    def session_ends(self) -> TimeArray:
        """The last row of each stretch of rows of one session."""
        sessions = self.sessions.view(np.int64)
        return np.append(np.flatnonzero(sessions[1:] != sessions[:-1]), self.n_rows - 1)

    @property
    def n_rows(self) -> int:
        """Bar slots in which at least one symbol may have a bar."""
        return len(self.sessions)

    @property
    def n_symbols(self) -> int:
        """Columns."""
        return len(self.symbols)

    @classmethod
    def align(cls, series: Mapping[str, Series]) -> Panel:
        """Lay each symbol's bars on the union of all their slots, in the mapping's order.

        Raises InvalidInput for a symbol whose columns disagree, with two bars of one slot or out of order, and for one
        slot that belongs to two sessions.
        """
        if not series:
            raise InvalidInput.of_field("panel", "at least one row and one symbol are needed")
        for symbol, one in series.items():
            _check_series(symbol, one)
        slots, sessions = _rows_of(series)
        columns = {name: np.full((len(slots), len(series)), np.nan) for name in (*_COLUMNS, "volume")}
        for index, one in enumerate(series.values()):
            rows = _places(slots, one.slots)
            for name in _COLUMNS:
                columns[name][rows, index] = getattr(one, name)
            if one.volume is not None:
                columns["volume"][rows, index] = one.volume
        return cls(tuple(series), sessions, slots[:, 1].copy(), slots[:, 0].copy(), **columns)


def _rows_of(series: Mapping[str, Series]) -> tuple[TimeArray, DateArray]:
    slots = np.concatenate([one.slots for one in series.values()])
    sessions = np.concatenate([one.sessions for one in series.values()]).astype("datetime64[D]")
    order = np.lexsort((slots[:, 1], slots[:, 0]))
    slots, sessions = slots[order], sessions[order]
    first = np.ones(len(slots), np.bool_)
    first[1:] = np.any(slots[1:] != slots[:-1], axis=1)
    unlike = ~first[1:] & (sessions[1:] != sessions[:-1])
    if bool(unlike.any()):
        at = int(np.argmax(unlike))
        owners = np.repeat(list(series), [len(one.sessions) for one in series.values()])[order]
        begins, ends = (np.datetime64(int(time_ns), "ns").astype("datetime64[s]") for time_ns in slots[at, ::-1])
        told = f"{begins} to {ends} UTC is of the session {sessions[at + 1]}, that of {owners[at]} of {sessions[at]}"
        raise InvalidInput.of_field(f"panel.{owners[at + 1]}", f"its bar from {told}: one slot, one session")
    return slots[first], sessions[first]


def _places(slots: TimeArray, wanted: TimeArray) -> TimeArray:
    # Slots are unique pairs in order, so their place is that of the pair seen as one key.
    keys = np.rec.fromarrays(slots.T)
    return np.searchsorted(keys, np.rec.fromarrays(wanted.T)).astype(np.int64)


def _check_series(symbol: str, one: Series) -> None:
    shape = (len(one.sessions),)
    for column in (*_COLUMNS, "volume", "open_ns", "close_ns"):
        values = getattr(one, column)
        if values is not None and np.shape(values) != shape:
            rule = f"must have shape {shape}, as sessions have, not {np.shape(values)}"
            raise InvalidInput.of_field(f"panel.{symbol}.{column}", rule)
    if bool(np.any(np.isnat(one.sessions))):
        raise InvalidInput.of_field(f"panel.{symbol}.sessions", "every bar has a date, none may be NaT")
    _check_order(symbol, one)


def _check_order(symbol: str, one: Series) -> None:
    slots = one.slots
    closes, opens = np.diff(slots[:, 0]), np.diff(slots[:, 1])
    if bool(np.any(closes < 0)) or bool(np.any((closes == 0) & (opens <= 0))):
        at = int(np.argmax((closes < 0) | ((closes == 0) & (opens <= 0)))) + 1
        rule = f"the bar of {one.sessions[at]} repeats or precedes the one before it: one bar a slot, oldest first"
        raise InvalidInput.of_field(f"panel.{symbol}", rule)
    falls = np.diff(one.sessions.astype("datetime64[D]")).astype(np.int64) < 0
    if bool(np.any(falls)):
        at = int(np.argmax(falls))
        rule = f"must not fall, but {one.sessions[at + 1]} comes after {one.sessions[at]}"
        raise InvalidInput.of_field(f"panel.{symbol}.sessions", rule)


def _check_rows(panel: Panel) -> tuple[bool, bool]:
    """Whether each row opens when the row before has closed, and whether each is a session of its own."""
    if panel.sessions.dtype != np.dtype("datetime64[D]"):
        raise InvalidInput.of_field("panel.sessions", "must be datetime64[D]")
    for name in ("open_ns", "close_ns"):
        times = getattr(panel, name)
        if times.dtype != np.int64 or times.shape != (panel.n_rows,):
            raise InvalidInput.of_field(f"panel.{name}", f"must be int64 of shape {(panel.n_rows,)}")
    for name in ("sessions", "open_ns", "close_ns"):
        object.__setattr__(panel, name, np.require(getattr(panel, name), None, ["C", "W"]))
    empty, unsorted, in_order, daily = rows_nb(panel.sessions.view(np.int64), panel.open_ns, panel.close_ns)
    if empty >= 0:
        raise InvalidInput.of_field("panel.close_ns", "a bar must end after it begins")
    if unsorted >= 0:
        raise InvalidInput.of_field("panel.close_ns", "rows must be sorted by close, then open, each slot once")
    return in_order, daily


def _check_bars(panel: Panel) -> bool:
    """Whether any bar is missing."""
    wrong, column, missing = bars_nb(*(getattr(panel, name).ravel() for name in _COLUMNS))
    if wrong == NO_PRICE:
        raise InvalidInput.of_field(f"panel.{_COLUMNS[column]}", "every price must be positive and finite")
    if wrong == HALF_A_BAR:
        raise InvalidInput.of_field(f"panel.{_COLUMNS[column]}", "a bar has all four prices or none")
    return bool(missing)


def update_digest(digest: Any, matrix: FloatArray) -> None:
    """Add numbers; a missing one is one bit pattern, whichever NaN it came as."""
    rows = max(1, (1 << 16) // max(1, matrix[:1].size))  # in pieces: a large matrix is not copied whole
    for first in range(0, len(matrix), rows):
        piece = matrix[first : first + rows]
        digest.update(np.ascontiguousarray(np.where(np.isnan(piece), np.nan, piece).astype("<f8", copy=False)).data)
