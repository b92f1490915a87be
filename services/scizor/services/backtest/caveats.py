"""What a reader should know before believing a backtest's figures: few, and each only where it applies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import numpy as np

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import Adjustment
from scizor.engine import Prices, Result

_SESSIONS_PER_YEAR: Final = 252
_NAMED_SYMBOLS: Final = 3
# No exchange is closed for longer than this without the world noticing.
_LONGEST_BREAK: Final = timedelta(days=10)

_SCALES: Final = {
    Adjustment.RAW: "Prices are RAW, as traded: a split looks like a loss or a gain, and dividends are not counted.",
    Adjustment.SPLIT: "Prices are adjusted for splits (SPLIT): dividends are not counted.",
    Adjustment.TOTAL_RETURN: "Prices are adjusted for splits and dividends (TOTAL_RETURN): dividends count as"
    " reinvested, and fills are at prices that were never traded.",
}


def caveats(spec: BacktestSpec, prices: Prices, result: Result, synthetic: Sequence[str] = ()) -> tuple[str, ...]:
    """One sentence each, the gravest first. `synthetic`: symbols some of whose bars no market made."""
    made_up = [f"Some bars of {_some(list(synthetic))} are synthetic: no market made them."] if synthetic else []
    account, question = _of_the_account(prices, result), _of_the_question(spec, prices)
    return (*made_up, *account, *question, _SCALES[spec.adjustment])


def _of_the_account(prices: Prices, result: Result) -> Iterator[str]:
    if result.ruined_session is not None:
        yield f"The account was wiped out on {prices.sessions[result.ruined_session]}: trading stopped there."
    if result.n_cut_buys:
        yield f"{result.n_cut_buys} buys were cut to what the cash could pay at the open they filled at."
    if result.n_unfilled_orders:
        yield f"{result.n_unfilled_orders} decisions met no further open, so they were not traded."
    n_open = int(np.count_nonzero(result.positions))
    if n_open:
        yield f"{n_open} positions are still open: they count in the account's value, not among the trades."


def _of_the_question(spec: BacktestSpec, prices: Prices) -> Iterator[str]:
    if spec.commission_bps == 0 and spec.slippage_bps == 0:
        yield "Trading cost nothing: neither commission nor slippage was set."
    if prices.n_sessions < _SESSIONS_PER_YEAR:
        yield f"Only {prices.n_sessions} sessions, less than a year: annualised figures mean little."
    first = prices.sessions[0].item()
    if spec.sessions.start and first - spec.sessions.start > _LONGEST_BREAK:
        yield f"Bars begin on {first}, not on {spec.sessions.start} as asked."
    yield from _holes(prices)
    yield from _uneven_histories(prices)
    if prices.n_symbols > 1:
        yield "Symbols chosen with today's knowledge leave out those that failed (survivorship bias)."


def _holes(prices: Prices) -> Iterator[str]:
    """Times in which no symbol has a bar, longer than an exchange would be closed."""
    behind = np.flatnonzero(np.diff(prices.sessions) > np.timedelta64(_LONGEST_BREAK.days, "D"))
    holes = [f"{prices.sessions[place]} to {prices.sessions[place + 1]}" for place in behind]
    if holes:
        yield f"No symbol has bars between these sessions: {_some(holes)}. What happened there is left out."


def _uneven_histories(prices: Prices) -> Iterator[str]:
    has_bar = ~np.isnan(prices.close)
    first_rows, last_rows = has_bar.argmax(axis=0), prices.n_sessions - 1 - has_bar[::-1].argmax(axis=0)
    late = [f"{prices.symbols[i]} ({prices.sessions[first_rows[i]]})" for i in np.flatnonzero(first_rows > 0)]
    early = [
        f"{prices.symbols[i]} ({prices.sessions[last_rows[i]]})"
        for i in np.flatnonzero(last_rows < prices.n_sessions - 1)
    ]
    if late:
        yield f"Bars of some symbols begin later than the others': {_some(late)}."
    if early:
        yield f"Bars of some symbols end earlier than the others': {_some(early)}."


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED_SYMBOLS
    return ", ".join(names[:_NAMED_SYMBOLS]) + (f" and {more} more" if more > 0 else "")
