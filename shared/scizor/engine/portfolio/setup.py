"""From a market and settings to the arrays of a simulation."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.domain.bars import ActionType
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, LimitPolicy
from scizor.engine.arrays import IndexArray, Records
from scizor.engine.costs.charges import schedule_record
from scizor.engine.costs.financing import Financing, accruals
from scizor.engine.costs.pricing import pricing_of
from scizor.engine.market import Market
from scizor.engine.portfolio.closing import NEVER
from scizor.engine.portfolio.state import (
    ACCOUNT,
    ACCRUAL,
    ACTION,
    BOOK,
    CLOSE,
    DECISION,
    DELISTING,
    DIVIDEND,
    HOLDING,
    PAYMENT,
    SIM,
    SPLIT,
)
from scizor.engine.portfolio.survey import new_dates_nb, survey_nb
from scizor.engine.settings import Settings

_NO_ROWS: IndexArray = np.zeros(0, np.int64)


class Timeline:
    """The order in which the rows of a run open: in that of the rows, or, where bars overlap, as `opens` lists them.

    `first`: the place among the opens at which the run begins; `n_opens`: the places there are.
    """

    def __init__(self, market: Market, first_row: int) -> None:
        panel = market.panel
        self.sessions: IndexArray = panel.sessions.view(np.int64)
        self.in_order, self.daily = panel.in_order, panel.daily
        self.opens, self.first, self.n_opens = _NO_ROWS, first_row, panel.n_rows
        if not self.in_order:
            _check_overlaps(market)
            opens = np.argsort(panel.open_ns, kind="stable")
            self.opens, self.first = opens[opens >= first_row], 0
            self.n_opens = len(self.opens)

    def row(self, place: int) -> int:
        """The row that opens at a place."""
        return place if self.in_order else int(self.opens[place])

    def place(self, row: int) -> int:
        """The place at which a row opens."""
        return row if self.in_order else int(np.flatnonzero(self.opens == row)[0])

    def on_or_after(self, session: int, start: int) -> int:
        """The first place from `start` on whose session is not before `session`; n_opens for none."""
        place = max(start, int(np.searchsorted(self._latest, session)))
        while place < self.n_opens and self.sessions[self.row(place)] < session:
            place += 1
        return place

    @cached_property
    def _latest(self) -> IndexArray:
        """The latest session up to each open: sessions of two exchanges need not rise."""
        return np.maximum.accumulate(self.sessions if self.in_order else self.sessions[self.opens])

    def row_of(self, session: int, closes: FloatArray) -> int | None:
        """The first row on or after a session in which a symbol has a bar."""
        row = int(np.searchsorted(self._latest_rows, session))
        while row < len(closes) and (self.sessions[row] < session or np.isnan(closes[row])):
            row += 1
        return row if row < len(closes) else None

    @cached_property
    def _latest_rows(self) -> IndexArray:
        return np.maximum.accumulate(self.sessions)


def _check_overlaps(market: Market) -> None:
    panel = market.panel
    for index, symbol in enumerate(panel.symbols):
        rows = np.flatnonzero(~np.isnan(panel.close[:, index]))
        if bool(np.any(panel.open_ns[rows[1:]] < panel.close_ns[rows[:-1]])):
            raise InvalidInput.of_field(f"panel.{symbol}", "a bar must not open before the one before it has closed")


def account_of(settings: Settings, timeline: Timeline) -> Records:
    """The account before the first row."""
    account = np.zeros(1, ACCOUNT)
    account["cash"] = account["equity"] = account["worth"] = settings.initial_cash
    account["next_open"], account["next_expiry"], account["ruined_row"] = timeline.first, NEVER, -1
    account["phase"] = CLOSE
    return account


def holdings_of(market: Market, first_row: int) -> Records:
    """No positions, and the last closes before the first row."""
    holdings = np.zeros(market.panel.n_symbols, HOLDING)
    for index in range(market.panel.n_symbols if first_row > 0 else 0):
        row = first_row - 1
        while row >= 0 and np.isnan(market.panel.close[row, index]):
            row -= 1
        if row >= 0:
            holdings["last_close"][index] = market.panel.close[row, index]
    return holdings


def books_of(market: Market, settings: Settings) -> tuple[Records, Records, FloatArray]:
    """What the symbols are; the commission schedules; the exchange rates, one column a currency."""
    symbols = market.panel.symbols
    books = np.zeros(len(symbols), BOOK)
    books["bar_row"] = -1
    books["volume"] = np.nan
    schedules = {settings.schedule(symbol): 0 for symbol in symbols}
    schedules = {schedule: place for place, schedule in enumerate(schedules)}
    currencies: dict[str, int] = {}
    for index, symbol in enumerate(symbols):
        listing = market.listing(symbol)
        books["lot_size"][index], books["tick_size"][index] = listing.lot_size, listing.tick_size
        books["schedule"][index] = schedules[settings.schedule(symbol)]
        currency = listing.currency or settings.base_currency
        if currency == settings.base_currency:
            books["currency"][index] = -1
        elif currency in market.rates:
            books["currency"][index] = currencies.setdefault(currency, len(currencies))
        else:
            raise InvalidInput.of_field(f"market.rates.{currency}", f"{symbol} needs them")
    rates = np.ascontiguousarray(np.array([market.rates[one] for one in currencies], np.float64).T)
    return books, np.stack([schedule_record(one) for one in schedules]), rates


def actions_of(market: Market, timeline: Timeline, first_row: int) -> Records:
    """Splits, dividends and their payments, in the order they happen: of one open by ex-date, splits first."""
    entries: list[list[Any]] = []
    dates: dict[int, date] = {}
    for symbol, listed in market.actions.items():
        index = market.panel.symbols.index(symbol)
        for action in sorted(listed, key=lambda one: one.ex_date):
            row = timeline.row_of(_day(action.ex_date), market.panel.close[:, index])
            if row is None or row < first_row:
                continue
            place, kind = timeline.place(row), SPLIT if action.type is ActionType.SPLIT else DIVIDEND
            entry: list[Any] = [place, kind, index, row, -1, float(action.value)]
            entries.append(entry)
            dates[id(entry)] = action.ex_date
            if kind == DIVIDEND:
                paid = timeline.on_or_after(_day(action.pay_date or action.ex_date), place)
                paid_row = timeline.row(min(paid, timeline.n_opens - 1))
                entries.append([paid, PAYMENT, index, paid_row, entry, 0.0])
    entries.sort(key=lambda one: (one[0], dates.get(id(one), date.max), one[1], one[2]))
    for number, one in enumerate(entries):
        if one[1] == PAYMENT:
            one[4][4], one[4] = number, -1
    return np.array([tuple(one) for one in entries], ACTION)


def delistings_of(market: Market, timeline: Timeline) -> Records:
    """The rows of the last bars of symbols that are delisted within the panel."""
    rows = []
    last_session = int(timeline.sessions.max())
    for index, symbol in enumerate(market.panel.symbols):
        delisting = market.listing(symbol).delisting
        if delisting is None or _day(delisting.session) > last_session:
            continue
        bars = ~np.isnan(market.panel.close[:, index]) & (timeline.sessions <= _day(delisting.session))
        held = np.flatnonzero(bars)
        if not len(held):
            rule = f"is said to be delisted on {delisting.session}, before its first bar"
            raise InvalidInput.of_field(f"market.listings.{symbol}", rule)
        rows.append((held[-1], index, np.nan if delisting.value is None else delisting.value))
    return np.array(sorted(rows, key=lambda row: row[:2]), DELISTING)


def accruals_of(financing: Financing, timeline: Timeline) -> Records:
    """What the opens accrue that pass to a new date."""
    if financing == Financing.none():
        return np.zeros(0, ACCRUAL)
    places = np.array(new_dates_nb(timeline.sessions, timeline.opens, timeline.first, timeline.n_opens), np.int64)
    rows = places if timeline.in_order else timeline.opens[places]
    factors = accruals(financing, timeline.sessions[rows].view("datetime64[D]"))
    table = np.zeros(len(places), ACCRUAL)
    table["at"] = places
    for name in ("debit", "credit", "borrow"):
        table[name] = getattr(factors, name)
    return table[1:].copy()


def decisions_of(targets: FloatArray, market: Market, settings: Settings, first_row: int) -> Records:
    """The decisions of a matrix of weights; raises InvalidInput for those the account may not hold."""
    panel = market.panel
    if targets.shape != (panel.n_rows, panel.n_symbols):
        raise InvalidInput.of_field("targets", f"must have shape {(panel.n_rows, panel.n_symbols)}")
    known = (holdings_of(market, first_row)["last_close"] > 0).astype(np.float64)
    standing, decided = np.zeros((2, panel.n_symbols))
    most, least = weight_bounds(settings)
    bounds = np.array([least, most, most])
    close = np.require(panel.close, np.float64, ["C", "W"])
    parts, row = [], first_row
    while row < panel.n_rows:
        out = np.empty(max(4 * panel.n_symbols, 1 << 16), DECISION)
        row, n_found, outside, over = survey_nb(targets, close, known, standing, decided, row, out, bounds)
        if outside >= 0:
            rule = f"a weight at {panel.sessions[outside]} is outside [{least:g}, {most:g}]"
            raise InvalidInput.of_field("targets", rule)
        if over >= 0:
            raise InvalidInput.of_field("targets", f"absolute weights at {panel.sessions[over]} sum to over {most:g}")
        parts.append(out[:n_found])
    return np.concatenate(parts) if parts else np.zeros(0, DECISION)


def weight_bounds(settings: Settings) -> tuple[float, float]:
    """The most and the least a weight may be: what the account lends bounds it."""
    most = 1.0 / settings.margin.initial if settings.account is AccountType.MARGIN else 1.0
    return most, 0.0 if settings.account is AccountType.CASH else -most


def rules_of(settings: Settings, timeline: Timeline) -> Records:
    """The settings as kernels read them."""
    sim = np.zeros(1, SIM)
    pricing, margin = pricing_of(settings), settings.margin
    values = {
        "account_type": int(settings.account),
        "sized_at_fill": settings.sizing is Sizing.AT_FILL,
        "timing": int(settings.fill_timing),
        "path": int(settings.path),
        "through": settings.limit_fills is LimitPolicy.THROUGH,
        "close_at_end": settings.close_open_at_end,
        "in_order": timeline.in_order,
        "daily": timeline.daily,
        "slippage": pricing.slippage,
        "slippage_amount": pricing.amount,
        "max_share": pricing.max_share,
        "rounding": pricing.rounding,
        "initial_margin": margin.initial,
        "maintenance_long": margin.maintenance_long,
        "maintenance_short": margin.maintenance_short,
        "participation": settings.max_participation or 0.0,
        "fx_rate": settings.fx_bps / 10_000,
        "invested": 1.0 - settings.cash_buffer,
        "credit_from": settings.financing.credit_from,
    }
    for name, value in values.items():
        sim[name] = value
    return sim


def _day(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))
