"""What the account did beside earning: how much of it was at work, what trading cost, how much more money it bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine._jit import njit
from scizor.engine.analytics.curve import SessionCurve, initial_cash
from scizor.engine.arrays import BoolArray, IndexArray, Records, kernel_array
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.splits import split_factors

PARTICIPATION = 0.01


@dataclass(frozen=True, slots=True)
class Exposure:
    """Over the rows of the run: the fraction with a position, the means of gross and net value over equity.

    `peak`: the highest equity, what the account began with included; `deepest`: the deepest fall from it, bar by bar, a
    fraction <= 0.
    """

    in_market: float
    gross: float
    net: float
    peak: float
    deepest: float


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of where equity went: what was paid (dividends and credit interest: what was received), >= 0 as a rule.

    `per_year`: that as a fraction of what the account began with, for each year of the run.
    """

    name: str
    amount: float
    per_year: float


def exposure(result: Result, curve: SessionCurve) -> Exposure:
    """From the first row that was traded on. A row whose equity is not positive counts as without exposure."""
    equity, longs, shorts = (kernel_array(one) for one in (result.equity, result.long_value, result.short_value))
    in_market = np.require(result.in_market, np.bool_, ["C", "W"])
    return Exposure(*_exposure_nb(equity, longs, shorts, in_market, result.first_row, float(curve.values[0])))


def cost_attribution(result: Result, n_years: float) -> tuple[Cost, ...]:
    """Commissions, slippage, conversions, borrow fees, debit interest, credit interest, dividends, and all paid.

    The total is of the first five. `n_years`: how long the run was. Raises InvalidInput when that is not above 0.
    """
    if not n_years > 0:
        raise InvalidInput.of_field("n_years", "must be above 0")
    costs = result.costs
    paid = {
        "commissions": costs.commission,
        "slippage": costs.slippage,
        "fx_costs": costs.fx,
        "borrow_fees": costs.borrow,
        "debit_interest": costs.debit_interest,
    }
    amounts = {name: 0.0 - amount for name, amount in paid.items()}
    lines = {
        **amounts,
        "credit_interest": costs.credit_interest,
        "dividends": costs.dividends,
        "total_costs": sum(amounts.values()),
    }
    scale = initial_cash(result) * n_years
    return tuple(Cost(name, float(amount), float(amount) / scale) for name, amount in lines.items())


def turnover(result: Result, curve: SessionCurve, periods_per_year: float) -> float:
    """Times a year the account was turned over: half of all that was traded over the mean equity of the sessions."""
    fills = result.fills
    traded = float(np.sum(fills["quantity"] * fills["price"] * fills["rate"]))
    values = curve.values[len(curve.values) - curve.n_sessions :]
    mean = float(np.mean(values))
    return traded / 2.0 * periods_per_year / (mean * curve.n_sessions) if mean else float("nan")


def capacity(result: Result, panel: Panel, participation: float = PARTICIPATION) -> float | None:
    """The account, in its currency, at which fills would on average take `participation` of their bars' volume.

    Each fill's share of its bar's volume is set against the equity of its row, since orders grow with the account; the
    mean of that over the fills whose bars have a volume says what an account of one unit takes. None without such
    fills. Prices are taken not to move with size: it is a bound on size, not a promise of return.
    Raises InvalidInput for participation outside (0, 1].
    """
    if not 0 < participation <= 1:
        raise InvalidInput.of_field("participation", "must be above 0 and at most 1")
    takes = volume_taken(result, panel).by_unit
    return participation / takes if takes > 0 else None


class VolumeTaken(NamedTuple):
    """What fills took of their bars' volume. `by_unit`: the mean over fills of that by a unit of equity.

    `n_large`: fills that took more than was asked about; `largest`: the most that one took.
    """

    by_unit: float
    n_large: int
    largest: float


def volume_taken(result: Result, panel: Panel, large: float = 1.0) -> VolumeTaken:
    """Over the fills whose bars have a volume; zeros without any."""
    return VolumeTaken(*_volume_taken_nb(result.fills, kernel_array(panel.volume), kernel_array(result.equity), large))


@njit
def _volume_taken_nb(fills: Records, volume: FloatArray, equity: FloatArray, large: float) -> tuple[float, int, float]:
    total, n_known, n_large, largest = 0.0, 0, 0, 0.0
    for fill in fills:
        traded = volume[fill.row, fill.symbol]
        if not traded > 0.0:
            continue
        share = fill.quantity / traded
        largest = max(largest, share)
        n_large += share > large
        if equity[fill.row] > 0.0:
            total += share / equity[fill.row]
            n_known += 1
    return total / max(n_known, 1), n_large, largest


def buy_and_hold_return(market: Market, first_row: int = 0) -> float | None:
    """Mean over the symbols of what a share's worth did from its first close to its last; None without any.

    In the account's currency, with what splits made of the share; dividends and costs are left out.
    """
    panel, factors = market.panel, split_factors(market)
    growths = []
    for index, (first, last) in enumerate(_ends_nb(kernel_array(panel.close), first_row)):
        if first < 0:
            continue
        symbol = panel.symbols[index]
        growth = float(panel.close[last, index] / panel.close[first, index])
        for changing in (factors.get(symbol), market.rates.get(market.listing(symbol).currency or "")):
            if changing is not None:
                growth *= float(changing[last] / changing[first])
        growths.append(growth - 1.0)
    return float(np.mean(growths)) if growths else None


@njit
def _exposure_nb(
    equity: FloatArray,
    long_value: FloatArray,
    short_value: FloatArray,
    in_market: BoolArray,
    first_row: int,
    began_with: float,
) -> tuple[float, float, float, float, float]:
    n_held, gross, net = 0, 0.0, 0.0
    peak, least = began_with, 1.0
    for row in range(first_row, len(equity)):
        value = equity[row]
        n_held += in_market[row]
        if value > 0.0 and (long_value[row] != 0.0 or short_value[row] != 0.0):
            one = 1.0 / value
            gross += (long_value[row] - short_value[row]) * one
            net += (long_value[row] + short_value[row]) * one
        peak = max(peak, value)
        if value < least * peak:
            least = value / peak
    n_rows = len(equity) - first_row
    return n_held / n_rows, gross / n_rows, net / n_rows, peak, least - 1.0


@njit
def _ends_nb(close: FloatArray, first_row: int) -> IndexArray:
    """Rows of the first and the last close of each symbol, shape (n_symbols, 2), -1 without any."""
    n_rows, n_symbols = close.shape
    ends = np.full((n_symbols, 2), -1)
    for symbol in range(n_symbols):
        for row in range(first_row, n_rows):
            if not np.isnan(close[row, symbol]):
                ends[symbol, 0] = row
                break
        for row in range(n_rows - 1, first_row - 1, -1):
            if not np.isnan(close[row, symbol]):
                ends[symbol, 1] = row
                break
    return ends
