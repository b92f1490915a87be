"""What a finished run left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.arrays import BoolArray, Records


@dataclass(frozen=True, slots=True)
class CostLines:
    """Where equity went that prices did not move, account currency; each as an amount that raises equity.

    Commissions, slippage, borrow fees, debit interest and conversions are negative or zero, `credit_interest` positive.
    """

    commission: float
    slippage: float
    fx: float
    borrow: float
    debit_interest: float
    credit_interest: float
    dividends: float


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Bars whose outcome hung on the way the price went. `best`, `worst`: by how much the account would differ, summed.

    `n_touch_fills`: limits that filled though the price only touched them.
    """

    n_bars: int
    best: float
    worst: float
    n_touch_fills: int


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Rows and symbols are indices into the run's `Panel`; rows before `first_row` saw no trading.

    `equity`, `cash`, `long_value`, `short_value`: account currency at each close, shape (n_rows,), short_value <= 0;
    equity = cash + long_value + short_value + dividends due. `in_market`: whether any position was held during the row.
    `fills`, `trades`, `orders`: records, see `engine.arrays`. `positions`: signed shares at the end, (n_symbols,).
    `n_cut`: fills cut to what the account could pay. `n_rejected`: orders refused. `n_zero_volume_fills`: fills in bars
    without volume. `n_margin_calls`: closes below the maintenance margin. `n_open_orders`: orders (decisions among
    them) that met no further open. `ruined_row`: the row at whose close equity was not above zero: everything was
    closed there and trading stopped; None for a solvent run.
    """

    equity: FloatArray
    cash: FloatArray
    long_value: FloatArray
    short_value: FloatArray
    in_market: BoolArray
    fills: Records
    trades: Records
    orders: Records
    positions: FloatArray
    costs: CostLines
    ambiguity: Ambiguity
    first_row: int
    n_cut: int
    n_rejected: int
    n_zero_volume_fills: int
    n_margin_calls: int
    n_open_orders: int
    ruined_row: int | None

    @property
    def ruined(self) -> bool:
        """Whether the account was wiped out."""
        return self.ruined_row is not None

    @property
    def gross_exposure(self) -> FloatArray:
        """(longs + |shorts|) / equity at each close; 0 where equity is not positive."""
        gross = self.long_value - self.short_value
        return np.divide(gross, self.equity, out=np.zeros_like(gross), where=self.equity > 0)
