"""The memory of a simulation: the arrays whose addresses the kernels are given, and their growth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scizor.engine.arrays import EVENT, FILL, ORDER, TRADE, Records
from scizor.engine.market import Market
from scizor.engine.portfolio.setup import (
    Timeline,
    account_of,
    accruals_of,
    actions_of,
    books_of,
    delistings_of,
    holdings_of,
    rules_of,
)
from scizor.engine.portfolio.state import ACCOUNT, BOOK, DECISION, HOLDING
from scizor.engine.settings import Settings

AnyArray = NDArray[Any]

# The C library gives freed arrays back to the system, and every run would pay for its pages anew. An array this large,
# freed without a page of it used, tells it that such come and go: it keeps up to twice as much.
_KEPT_BYTES = 31 << 20
np.empty(_KEPT_BYTES, np.uint8)

_LOGS = {"orders": ("order_room", ORDER), "fills": ("fill_room", FILL)}
_LOGS |= {"trades": ("trade_room", TRADE), "events": ("event_room", EVENT)}


class Buffers:
    """Everything a simulation reads and writes. Memory that is asked for is not used until it is written.

    `decisions`: of a run whose weights are known beforehand, else None: then events are logged.
    """

    def __init__(self, market: Market, settings: Settings, decisions: Records | None, first_row: int) -> None:
        panel = market.panel
        timeline = Timeline(market, first_row)
        n_rows, n_symbols = panel.n_rows, panel.n_symbols
        self._kept: dict[str, AnyArray] = {}
        self.account = account_of(settings, timeline)
        self.holdings = holdings_of(market, first_row)
        self.books, schedules, rates = books_of(market, settings)
        self.books["price"] = self.holdings["last_close"]
        self.equity, self.cash = np.empty(n_rows), np.empty(n_rows)
        self.long_value, self.short_value = np.zeros(n_rows), np.zeros(n_rows)
        self.in_market = np.zeros(n_rows, np.bool_)
        self.equity[:first_row] = self.cash[:first_row] = settings.initial_cash
        log_events = decisions is None
        decisions = np.zeros(0, DECISION) if decisions is None else decisions
        actions, delistings = actions_of(market, timeline, first_row), delistings_of(market, timeline)
        gone = delistings["row"] < first_row
        self.books["gone"][delistings["symbol"][gone]] = 1
        delistings = delistings[~gone].copy()
        accruals = accruals_of(settings.financing, timeline)

        self.sims = rules_of(settings, timeline)
        sizes = {
            "n_rows": n_rows,
            "n_opens": timeline.n_opens,
            "n_symbols": n_symbols,
            "n_rates": rates.shape[1] if rates.size else 0,
        }
        sizes |= {"n_actions": len(actions), "n_delistings": len(delistings), "n_accruals": len(accruals)}
        sizes |= {"n_decisions": len(decisions), "first_row": first_row, "log_events": log_events}
        sizes["has_gaps"] = panel.missing
        sizes["has_tiers"] = bool(np.any(schedules["tier_from"] < np.inf))
        for name, size in sizes.items():
            self.sims[name] = size
        given = {
            "account": self.account,
            "kept_account": np.zeros(1, ACCOUNT),
            "kept_closes": np.zeros(n_symbols),
            "trial_account": np.zeros(1, ACCOUNT),
            "holdings": self.holdings,
            "trial_holding": np.zeros(1, HOLDING),
            "books": self.books,
            "trial_book": np.zeros(1, BOOK),
            "schedules": schedules,
            "actions": actions,
            "delistings": delistings,
            "accruals": accruals,
            "decisions": decisions,
            "equity": self.equity,
            "cash": self.cash,
            "long_value": self.long_value,
            "short_value": self.short_value,
            "in_market": self.in_market,
            "sessions": np.ascontiguousarray(timeline.sessions),
            "open_ns": np.ascontiguousarray(panel.open_ns),
            "close_ns": np.ascontiguousarray(panel.close_ns),
            "opens": timeline.opens,
            "rates": rates,
        }
        for name in ("open", "high", "low", "close", "volume"):
            given[name] = np.ascontiguousarray(getattr(panel, name))
        for name, array in given.items():
            self._point(name, array)
        self._lay_out_logs(len(decisions), n_symbols)

    def _lay_out_logs(self, n_decisions: int, n_symbols: int) -> None:
        spare = 64 * n_symbols + 1024
        # A decision is an order, that fills at most twice at once (a reversal) and then closes one trade.
        self.orders = np.empty(n_decisions + spare, ORDER)
        self.fills = np.empty(2 * n_decisions + spare, FILL)
        self.trades = np.empty(n_decisions + spare, TRADE)
        self.events = np.empty(4 * spare if self.sims["log_events"][0] else 1, EVENT)
        self._point_logs()

    def grow(self) -> None:
        """Give the logs room for more rows."""
        n_orders = int(self.account["n_active"][0]) * 20
        for name in _LOGS:
            log = getattr(self, name)
            grown = np.empty(len(log) + len(log) // 2 + n_orders, log.dtype)
            grown[: len(log)] = log
            setattr(self, name, grown)
        self._point_logs()

    def _point_logs(self) -> None:
        for name, (room, _) in _LOGS.items():
            self._point(name, getattr(self, name))
            self.sims[room] = len(getattr(self, name))
        if not self.sims["log_events"][0]:
            self.sims["event_room"] = 2**62
        self._point("queue", np.empty(len(self.orders), np.int64))
        self._point("trial_orders", np.empty(len(self.orders), ORDER))

    def _point(self, name: str, array: AnyArray) -> None:
        self._kept[name] = array
        self.sims[f"at_{name}"] = array.ctypes.data
