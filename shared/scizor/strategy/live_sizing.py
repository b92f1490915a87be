"""From a weight to shares, by the kernel that sizes it in a backtest at the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.engine._jit import njit
from scizor.engine.arrays import Records
from scizor.engine.market import Listing, Market
from scizor.engine.panel import Panel
from scizor.engine.portfolio.funds import wanted_nb
from scizor.engine.portfolio.ledger import lot_nb, month_shares_nb
from scizor.engine.portfolio.setup import Timeline, account_of, books_of, rules_of
from scizor.engine.portfolio.state import account_at
from scizor.engine.settings import Settings


@njit
def _wanted_nb(sims: Records, symbol: int, weight: float, equity: float, price: float) -> float:
    """The signed position that a weight comes to."""
    return float(wanted_nb(sims[0], symbol, 0, weight, equity, price))


@njit
def _count_nb(sims: Records, shares: float) -> None:
    """Count shares as traded in this month."""
    sim = sims[0]
    month_shares_nb(sim, 0)
    account_at(sim.at_account, 0).month_shares += shares


class Sizer:
    """Sizes orders by weight. It is told each row's session and volumes, and each fill: commissions hang on them."""

    def __init__(self, symbols: Sequence[str], listings: Mapping[str, Listing], settings: Settings) -> None:
        currencies = sorted({one.currency for one in listings.values() if one.currency} - {settings.base_currency})
        market = Market(_one_row(symbols), listings, rates={one: np.ones(1) for one in currencies})
        self._listings = [market.listing(symbol) for symbol in symbols]
        self._base_currency = settings.base_currency
        books, schedules, rates = books_of(market, settings)
        self._rates, self._volumes = rates, np.full(len(symbols), np.nan)
        self._sessions, self._sims = np.zeros(1, np.int64), rules_of(settings, Timeline(market, 0))
        self._kept = {
            "account": account_of(settings, Timeline(market, 0)),
            "books": books,
            "schedules": schedules,
            "rates": rates,
            "volume": self._volumes,
            "sessions": self._sessions,
        }
        for name, array in self._kept.items():
            self._sims[f"at_{name}"] = array.ctypes.data
        self._sims["n_symbols"], self._sims["n_rates"] = len(symbols), rates.shape[1] if rates.size else 0
        self._sims["has_tiers"] = bool(np.any(schedules["tier_from"] < np.inf))

    def meet(self, session: date, volumes: Sequence[float]) -> None:
        """A row has closed: its session, its volumes by symbol, NaN where there is none."""
        self._sessions[0] = np.datetime64(session, "D").astype(np.int64)
        self._volumes[:] = volumes

    def count(self, shares: float) -> None:
        """Shares were traded."""
        _count_nb(self._sims, shares)

    def wanted(self, index: int, weight: float, equity: float, price: float, rates: Mapping[str, float]) -> float:
        """The signed position whose value and costs fit in the weight. Raises InvalidInput for a rate that lacks."""
        currency = self._listings[index].currency or self._base_currency
        if currency != self._base_currency:
            if not rates.get(currency, 0.0) > 0:
                raise InvalidInput.of_field(f"view.rates.{currency}", "is needed to size an order")
            self._rates[0, self._kept["books"]["currency"][index]] = rates[currency]
        return float(_wanted_nb(self._sims, index, weight, equity, price))

    def lacking(self, index: int, wanted: float, position: float) -> float:
        """What lacks of a position, signed, in whole lots."""
        return float(lot_nb(wanted - position, self._listings[index].lot_size))


def _one_row(symbols: Sequence[str]) -> Panel:
    price = np.ones((1, len(symbols)))
    day = np.zeros(1, "datetime64[D]")
    return Panel(tuple(symbols), day, np.zeros(1, np.int64), np.ones(1, np.int64), price, price, price, price, price)
