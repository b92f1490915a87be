"""The array shapes of the engine, named once.

A *matrix* is (n_sessions, n_symbols) float64 with NaN where a symbol has no bar; a *column* is (n,) float64. Records
are numpy structured arrays, one row an entry, so that kernels write them and callers read columns (`fills["price"]`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray

IndexArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
DateArray = NDArray[np.datetime64]
Records = NDArray[Any]


def kernel_array(array: FloatArray) -> FloatArray:
    """The array as kernels take it: C order, writable. Other kinds are other types: a copy beats a compilation."""
    return np.require(array, np.float64, ["C", "W"])


# One row: the account between two sessions.
ACCOUNT = np.dtype(
    [
        ("cash", "f8"),
        ("ruined_session", "i8"),  # -1 while solvent
        ("n_fills", "i8"),
        ("n_trades", "i8"),
        ("n_cut", "i8"),
        ("n_pending", "i8"),
        ("n_open", "i8"),
    ]
)

# One row a symbol: its position, its standing decision, and the round trip under way.
BOOK = np.dtype(
    [
        ("position", "f8"),
        ("last_close", "f8"),
        ("target", "f8"),  # the last weight decided
        ("pending", "?"),
        ("wanted", "f8"),  # while pending: a quantity (AT_DECISION) or a weight (AT_FILL)
        ("entry_session", "i8"),
        ("entry_quantity", "f8"),
        ("entry_value", "f8"),
        ("exit_value", "f8"),
        ("commission", "f8"),
    ]
)

# One row a fill, in the order they were booked. side: +1 bought, -1 sold; slippage: what it cost against the reference.
FILL = np.dtype(
    [
        ("session", "i8"),
        ("symbol", "i8"),
        ("side", "i8"),
        ("quantity", "f8"),
        ("price", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),
    ]
)

# One row a closed round trip, in the order of their exits. direction: +1 long, -1 short.
TRADE = np.dtype(
    [
        ("symbol", "i8"),
        ("direction", "i8"),
        ("entry_session", "i8"),
        ("exit_session", "i8"),
        ("quantity", "f8"),
        ("entry_price", "f8"),
        ("exit_price", "f8"),
        ("gross_pnl", "f8"),
        ("commission", "f8"),
        ("net_pnl", "f8"),
        ("return_fraction", "f8"),
        ("open_at_end", "?"),
    ]
)


class Path(NamedTuple):
    """One value a session, marked at its close: shape (n_sessions,). equity = cash + long_value + short_value."""

    equity: FloatArray
    cash: FloatArray
    long_value: FloatArray
    short_value: FloatArray
    in_market: BoolArray


class State(NamedTuple):
    """Everything a run carries from one session to the next, and everything it has written so far."""

    account: Records
    book: Records
    path: Path
    fills: Records
    trades: Records
