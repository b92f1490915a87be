"""The array shapes of the engine, named once.

A *matrix* is (n_rows, n_symbols) float64 with NaN where a symbol has no bar; a *column* is (n,) float64. Records are
numpy structured arrays, one row an entry, so that kernels write them and callers read columns (`fills["price"]`).
Rows and symbols are indices into the run's `Panel`; prices are in quote currency, money in the account's.
"""

from __future__ import annotations

from typing import Any

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


# Numbers no wider than they need be: a run of a million bars writes tens of thousands of these. No byte is padding, so
# that equal records are equal bytes.
_WORD, _HALF, _BYTE = "i4", "i2", "i1"

# One row a fill, in the order they were booked. side: +1 bought, -1 sold. `reference`: the price before slippage and
# rounding; `commission`, `slippage` (what it and rounding cost) and `fx_cost` (what the conversion cost) in the
# account's currency.
FILL = np.dtype(
    [
        ("row", _WORD),
        ("symbol", _WORD),
        ("order", _WORD),  # the order's number, 0 for none
        ("side", _BYTE),
        ("cause", _BYTE),  # FillCause
        ("phase", _HALF),  # 0 at the open, 1 within the bar, 2 at the close
        ("quantity", "f8"),
        ("price", "f8"),
        ("reference", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),
        ("fx_cost", "f8"),
        ("rate", "f8"),  # the account's currency for one of the symbol's
    ],
    align=True,
)

# One row a closed round trip, in the order of their exits: from flat to flat. direction: +1 long, -1 short. Prices in
# quote currency, money in the account's. `gross_pnl` is before commissions and conversion costs, and without dividends.
TRADE = np.dtype(
    [
        ("symbol", _WORD),
        ("entry_row", _WORD),
        ("exit_row", _WORD),
        ("entry_order", _WORD),
        ("exit_order", _WORD),  # the last of them
        ("direction", _BYTE),
        ("exit_cause", _BYTE),  # FillCause of the last exit
        ("entry_phase", _BYTE),
        ("exit_phase", _BYTE),
        ("quantity", "f8"),
        ("entry_price", "f8"),
        ("exit_price", "f8"),
        ("gross_pnl", "f8"),
        ("commission", "f8"),
        ("fx_cost", "f8"),
        ("dividends", "f8"),
        ("net_pnl", "f8"),  # gross_pnl + dividends - commission - fx_cost
        ("return_fraction", "f8"),  # of the entry's value
    ],
    align=True,
)

# One row an order, in the order they were placed; numbers count from 1. NaN: not said. `quantity`: NaN for an order by
# weight until its first open. `value`, `commission`: of what is filled, quote currency. What follows `expire_ns` is the
# engine's own, as is `entered`.
ORDER = np.dtype(
    [
        ("number", _WORD),
        ("symbol", _WORD),
        ("placed_row", _WORD),
        ("ended_row", _WORD),  # -1 while it lives
        ("parent", _WORD),  # the number of its bracket's entry, 0 for none
        ("group", _WORD),  # OCO, 0 for none
        ("side", _BYTE),
        ("type", _BYTE),  # OrderType
        ("tif", _BYTE),  # TimeInForce
        ("state", _BYTE),  # OrderState
        ("end", _BYTE),  # OrderEnd
        ("cause", _BYTE),  # FillCause
        ("triggered", "?"),
        ("entered", "?"),  # whether it takes part in the bar its symbol is in
        ("quantity", "f8"),
        ("filled", "f8"),
        ("value", "f8"),
        ("commission", "f8"),
        ("limit", "f8"),
        ("trigger", "f8"),  # the stop or the touch
        ("trail_amount", "f8"),
        ("trail_fraction", "f8"),
        ("extreme", "f8"),  # the best price a TRAILING order has seen
        ("weight", "f8"),  # of an order by weight
        ("expire_ns", "i8"),
        ("n_exits", _WORD),  # a bracket's entry: its exits have the numbers after its own
        ("idle_row", _WORD),  # in this row's bar nothing more is there for it
        ("earlier", _WORD),  # its neighbours in the list of its symbol's living orders
        ("later", _WORD),
        ("sibling", "i8"),  # the next in the ring of its group
        ("share_cost", "f8"),  # of its bill
        ("wanted", "f8"),  # an order by weight: the position it is to reach
        ("carried", "f8"),  # a bracket's entry: what its exits are to close
    ],
    align=True,
)

# What happened, one row each, in that order: see EventKind. `fill`: the index of a FILLED event's, else -1; `value`:
# shares, money or a ratio, as the kind says.
EVENT = np.dtype(
    [
        ("row", _WORD),
        ("symbol", _WORD),  # -1 for the account's own
        ("order", _WORD),  # 0 for none
        ("fill", _WORD),
        ("kind", "i8"),
        ("value", "f8"),
    ],
    align=True,
)
