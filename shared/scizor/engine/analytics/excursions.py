"""How far trades went against and for the account while they were held: maximum adverse and favourable excursion.

Of the bar of the entry the whole range counts when the entry was at its open or within it, the close alone when it was
at the close; of the bar of the exit the whole range when the exit was within it or at its close, the exit's price alone
when it was at the open; of the bars between all. Within one bar nobody knows which of its prices came before an entry
or after an exit, so an excursion is what the trade *may* have seen, at most. Sweeney 1996.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import ActionType
from scizor.engine._jit import njit
from scizor.engine.arrays import Records, kernel_array
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """By trade, shape (n_trades,): adverse <= 0, favourable >= 0, as fractions of the entry price.

    `*_amount`: that of the whole trade in the account's currency, at the entry's rate.
    """

    adverse: FloatArray
    favourable: FloatArray
    adverse_amount: FloatArray
    favourable_amount: FloatArray


def excursions(result: Result, market: Market | Panel) -> Excursions:
    """Of every trade, in their order. Prices before a split that a trade was held through are on the scale after it."""
    panel = market if isinstance(market, Panel) else market.panel
    trades = np.require(result.trades, None, ["C", "W"])
    splits = _splits(market) if isinstance(market, Market) else np.empty((0, 3))
    high, low, close = (kernel_array(one) for one in (panel.high, panel.low, panel.close))
    found = _excursions_nb(trades, high, low, close, splits)
    amounts = trades["entry_price"] * trades["quantity"] * _entry_rates(result)
    return Excursions(found[:, 0], found[:, 1], found[:, 0] * amounts, found[:, 1] * amounts)


def _splits(market: Market) -> FloatArray:
    """Row, symbol and ratio of each split, shape (n, 3), by row: the symbol's first bar on or after the ex-date."""
    panel, found = market.panel, []
    for symbol, actions in market.actions.items():
        for action in actions:
            if action.type is ActionType.SPLIT:
                column = panel.symbols.index(symbol)
                at_or_after = panel.sessions >= np.datetime64(action.ex_date, "D")
                rows = np.flatnonzero(at_or_after & ~np.isnan(panel.close[:, column]))
                if len(rows):
                    found.append((float(rows[0]), float(column), float(action.value)))
    return np.array(sorted(found), np.float64).reshape(-1, 3)


def _entry_rates(result: Result) -> FloatArray:
    """The rate of the fill that opened each trade."""
    fills, trades = result.fills, result.trades
    if not len(trades):
        return np.empty(0)
    width = int(fills["symbol"].max()) + 1
    keys = fills["row"] * width + fills["symbol"]
    order = np.argsort(keys, kind="stable")
    places = np.searchsorted(keys[order], trades["entry_row"] * width + trades["symbol"])
    return np.asarray(fills["rate"][order[np.minimum(places, len(order) - 1)]], np.float64)


@njit
def _excursions_nb(
    trades: Records, high: FloatArray, low: FloatArray, close: FloatArray, splits: FloatArray
) -> FloatArray:
    found = np.empty((len(trades), 2))
    for place in range(len(trades)):
        trade = trades[place]
        symbol, entry_row, exit_row = trade["symbol"], trade["entry_row"], trade["exit_row"]
        highest = max(trade["entry_price"], trade["exit_price"])
        lowest = min(trade["entry_price"], trade["exit_price"])
        scale = 1.0  # of a bar's prices on those after the last split
        for split in range(len(splits)):
            if splits[split, 1] == symbol and entry_row < splits[split, 0] <= exit_row:
                scale *= splits[split, 2]
        next_split = 0
        for row in range(entry_row, exit_row + 1):
            while next_split < len(splits) and splits[next_split, 0] <= row:
                if splits[next_split, 1] == symbol and splits[next_split, 0] > entry_row:
                    scale /= splits[next_split, 2]
                next_split += 1
            if np.isnan(close[row, symbol]) or (row == exit_row and trade["exit_phase"] == 0):
                continue
            at_close = row == entry_row and trade["entry_phase"] == 2
            highest = max(highest, (close[row, symbol] if at_close else high[row, symbol]) / scale)
            lowest = min(lowest, (close[row, symbol] if at_close else low[row, symbol]) / scale)
        up, down = highest / trade["entry_price"] - 1.0, lowest / trade["entry_price"] - 1.0
        found[place, 0] = down if trade["direction"] > 0 else -up
        found[place, 1] = up if trade["direction"] > 0 else -down
    return found
