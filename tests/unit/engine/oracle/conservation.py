"""Value is neither made nor lost: what every result must satisfy, whatever the strategy, without a second engine."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.result import Result
from tests.unit.engine.oracle.cases import Case
from tests.unit.engine.oracle.compare import CENT


def assert_conserved(case: Case, result: Result, due: FloatArray) -> None:
    """Each close: cash, positions and dividends due are equity; the end: what trades and cost lines brought."""
    np.testing.assert_allclose(result.cash + result.long_value + result.short_value + due, result.equity, atol=CENT)
    if not result.positions.any():
        costs = result.costs
        interest = costs.borrow + costs.debit_interest + costs.credit_interest
        # Dividends count at their ex-date's rate in a trade, and as cash at that of their pay date.
        foreign = any(one.currency for one in case.market.listings.values())
        if not (foreign and any(case.market.actions.values())):
            earned = float(np.sum(result.trades["net_pnl"])) + interest
            np.testing.assert_allclose(result.equity[-1] - case.settings.initial_cash, earned, atol=CENT)


def assert_booked_bar_by_bar(case: Case, result: Result) -> None:
    """Without corporate actions and interest, cash and positions at every close are the fills' until then, summed."""
    panel, fills = case.market.panel, result.fills
    at_open = fills["phase"] == 0
    instants = np.where(at_open, panel.open_ns[fills["row"]], panel.close_ns[fills["row"]])
    when = list(zip(instants.tolist(), at_open.tolist(), fills["row"].tolist(), strict=True))
    paid = fills["side"] * fills["quantity"] * fills["price"] * fills["rate"] + fills["commission"] + fills["fx_cost"]
    closes = np.full(panel.n_symbols, np.nan)
    for row in range(panel.n_rows):
        until = np.array([one <= (panel.close_ns[row], False, row) for one in when], np.bool_)
        closes = np.where(np.isnan(panel.close[row]), closes, panel.close[row])
        held = np.zeros(panel.n_symbols)
        np.add.at(held, fills["symbol"][until], (fills["side"] * fills["quantity"])[until])
        rates = [_rate(case, symbol, row) for symbol in panel.symbols]
        worth = np.nansum(np.where(held == 0, 0.0, held * closes * rates))
        cash = case.settings.initial_cash - np.sum(paid[until])
        np.testing.assert_allclose([result.cash[row], result.equity[row]], [cash, cash + worth], atol=CENT)


def _rate(case: Case, symbol: str, row: int) -> float:
    currency = case.market.listing(symbol).currency
    return float(case.market.rates[currency][row]) if currency else 1.0
