"""What a reader should know before believing a run's figures: few, and each only where it applies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from scizor.domain.orders import FillTiming
from scizor.engine.analytics.account import volume_taken
from scizor.engine.analytics.curve import session_curve
from scizor.engine.arrays import BoolArray, DateArray, IndexArray
from scizor.engine.costs import FED_FUNDS
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings

_SESSIONS_PER_YEAR: Final = 252
_MANY_TRADES: Final = 30
_LARGE_FILL: Final = 0.10
_NAMED: Final = 3
# No exchange is closed for longer than this without the world noticing, nor for longer than that without a holiday.
_LONGEST_BREAK: Final = np.timedelta64(10, "D")
_SETTLED: Final = np.timedelta64(7, "D")


def caveats(result: Result, market: Market | Panel, settings: Settings) -> tuple[str, ...]:
    """One sentence each, the gravest first: what voids the figures, what bends them, what they leave out."""
    market = Market(market) if isinstance(market, Panel) else market
    history = _History(market)
    return (
        *_of_the_account(result, market),
        *_of_the_prices(result, settings),
        *_of_the_universe(market, history),
        *_of_the_sample(result, market),
        *_of_the_fills(result, market),
        *_of_the_bars(market, history),
        *_of_the_costs(result, market, settings),
        *_of_the_end(result),
    )


class _History:
    """Where each symbol has bars. `firsts`, `lasts`: sessions of the first and the last; NaT for a symbol without."""

    def __init__(self, market: Market) -> None:
        panel = market.panel
        self._has_bar: BoolArray | None = ~np.isnan(panel.close) if panel.missing else None
        self.sessions, self.n_symbols = panel.sessions, panel.n_symbols
        self._each_once = panel.sessions[panel.session_ends]
        self.firsts, self.lasts = self._ends()

    def holes(self) -> list[tuple[int, np.datetime64, np.datetime64]]:
        """Symbol and the sessions around each of its gaps that are too long for a break."""
        found: list[tuple[int, np.datetime64, np.datetime64]] = []
        for symbol in range(self.n_symbols if self._has_bar is not None else 1):
            sessions = self._each_once if self._has_bar is None else self.sessions[self._has_bar[:, symbol]]
            breaks = np.flatnonzero(np.diff(sessions) > _LONGEST_BREAK)
            found += [(symbol, sessions[place], sessions[place + 1]) for place in breaks]
        return found

    def _ends(self) -> tuple[DateArray, DateArray]:
        if self._has_bar is None:
            return np.repeat(self.sessions[:1], self.n_symbols), np.repeat(self.sessions[-1:], self.n_symbols)
        any_bar = self._has_bar.any(axis=0)
        last_rows = len(self.sessions) - 1 - self._has_bar[::-1].argmax(axis=0)
        firsts, lasts = self.sessions[self._has_bar.argmax(axis=0)], self.sessions[last_rows]
        return np.where(any_bar, firsts, np.datetime64("NaT")), np.where(any_bar, lasts, np.datetime64("NaT"))


def _of_the_account(result: Result, market: Market) -> Iterator[str]:
    if result.ruined_row is not None:
        yield f"The account was wiped out on {market.panel.sessions[result.ruined_row]}: trading stopped there."
    if result.n_margin_calls:
        yield f"{_count(result.n_margin_calls, 'margin call')}: positions were reduced by force."


def _of_the_prices(result: Result, settings: Settings) -> Iterator[str]:
    if settings.fill_timing is FillTiming.SAME_CLOSE and len(result.fills):
        yield "Orders filled at the very close they were decided at (SAME_CLOSE): no trader can do that."


def _of_the_universe(market: Market, history: _History) -> Iterator[str]:
    panel = market.panel
    delisted = any(listing.delisting is not None for listing in market.listings.values())
    to_the_end = bool(np.all(history.lasts >= panel.sessions[-1] - _SETTLED))
    if panel.n_symbols > 1 and to_the_end and not delisted:
        yield (
            f"All {panel.n_symbols} symbols have bars to the end and none was delisted: chosen with today's knowledge,"
            " they leave out those that failed (survivorship bias)."
        )


def _of_the_sample(result: Result, market: Market) -> Iterator[str]:
    n_sessions = session_curve(result, market.panel).n_sessions
    if n_sessions < _SESSIONS_PER_YEAR:
        yield f"Only {_count(n_sessions, 'session')}, less than a year: annualised figures mean little."
    if not len(result.fills):
        yield "Nothing was traded."
    elif len(result.trades) < _MANY_TRADES:
        closed = _count(len(result.trades), "closed trade")
        yield f"Only {closed}, less than {_MANY_TRADES}: figures by trade mean little."


def _of_the_fills(result: Result, market: Market) -> Iterator[str]:
    ambiguity = result.ambiguity
    if ambiguity.n_bars:
        yield (
            f"The outcome of {_count(ambiguity.n_bars, 'bar')} hung on the way prices went within: the account might"
            f" be {abs(ambiguity.best):,.2f} better or {abs(ambiguity.worst):,.2f} worse."
        )
    if ambiguity.n_touch_fills:
        yield f"{_count(ambiguity.n_touch_fills, 'limit')} filled at prices the market only touched."
    if result.n_zero_volume_fills:
        yield f"{_count(result.n_zero_volume_fills, 'fill')} in bars without volume."
    taken = volume_taken(result, market.panel, _LARGE_FILL)
    if taken.n_large:
        yield (
            f"{_count(taken.n_large, 'fill')} took more than {_LARGE_FILL:.0%} of a bar's volume, at most"
            f" {taken.largest:.0%}: such prices are not to be had."
        )
    if result.n_cut:
        yield f"{_count(result.n_cut, 'fill')} cut to what the account could pay for."
    if result.n_rejected:
        yield f"{_count(result.n_rejected, 'order')} rejected."


def _of_the_bars(market: Market, history: _History) -> Iterator[str]:
    panel, symbols = market.panel, market.panel.symbols
    missing = np.flatnonzero(np.isnat(history.firsts))
    if len(missing):
        yield f"There are no bars of {_some([symbols[place] for place in missing])}."
    holes = history.holes()
    if holes and not panel.missing:
        yield f"No symbol has bars between {_some([f'{a} and {b}' for _, a, b in holes])}."
    elif holes:
        named = [f"{symbols[symbol]} ({a} to {b})" for symbol, a, b in holes]
        yield f"Bars are missing between two sessions of {_some(named)}."
    early = np.flatnonzero(history.lasts < panel.sessions[-1] - _SETTLED)
    stale = [int(place) for place in early if market.listing(symbols[place]).delisting is None]
    if stale:
        ends = _dated(symbols, stale, history.lasts)
        yield f"Bars end before the run does, and no delisting is known: {ends}. Positions stay at the last close."
    late = np.flatnonzero(history.firsts > panel.sessions[0] + _SETTLED)
    if len(late):
        yield f"Bars begin after the run does: {_dated(symbols, late, history.firsts)}."


def _of_the_costs(result: Result, market: Market, settings: Settings) -> Iterator[str]:
    costs = result.costs
    if len(result.fills) and costs.commission == 0 and costs.slippage == 0:
        yield "Trading cost nothing: neither commission nor slippage was paid."
    if costs.debit_interest == 0 and costs.credit_interest == 0:
        return
    rates = settings.financing.benchmark
    if settings.base_currency != "USD" and dict(rates) == dict(FED_FUNDS):
        yield f"Interest on {settings.base_currency} follows the benchmark rate of USD: its own was not given."
    last_start = np.datetime64(max(rates), "D")
    last_session = market.panel.sessions[-1]
    if len(rates) > 1 and last_session >= last_start + np.timedelta64(366, "D"):
        yield (
            f"Interest rates are known until {last_start.astype('datetime64[Y]')}: after that"
            f" {rates[max(rates)]:.2%} is taken to hold."
        )


def _of_the_end(result: Result) -> Iterator[str]:
    if result.n_open_orders:
        yield f"{_count(result.n_open_orders, 'order')} met no further open, so nothing came of them."
    n_open = int(np.count_nonzero(result.positions))
    if n_open:
        yield f"{_count(n_open, 'position')} still open: they count in the account's value, not among the trades."


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _dated(symbols: Sequence[str], places: Sequence[int] | IndexArray, sessions: DateArray) -> str:
    return _some([f"{symbols[place]} ({sessions[place]})" for place in places])


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
