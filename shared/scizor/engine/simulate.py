"""A simulation the caller runs in pieces, so that progress is real and a cancel takes effect between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import ACCOUNT, BOOK, FILL, TRADE, BoolArray, Path, Records, State, kernel_array
from scizor.engine.kernels import run_nb, survey_nb
from scizor.engine.prices import Prices
from scizor.engine.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a finished run left. Sessions and symbols are indices into its `Prices`.

    `equity`, `cash`, `long_value`, `short_value`: quote currency at each close, shape (n_sessions,), short_value <= 0.
    `in_market`: whether any position was held during the session. `fills`, `trades`: records, see `engine.arrays`.
    `positions`: signed shares at the end, shape (n_symbols,). `n_cut_buys`: buys that cash did not fully afford.
    `n_unfilled_orders`: decisions that met no further open. `ruined_session`: the session at whose close equity was not
    above zero: everything was sold at that close and trading stopped; None for a solvent run.
    """

    equity: FloatArray
    cash: FloatArray
    long_value: FloatArray
    short_value: FloatArray
    in_market: BoolArray
    fills: Records
    trades: Records
    positions: FloatArray
    n_cut_buys: int
    n_unfilled_orders: int
    ruined_session: int | None

    @property
    def ruined(self) -> bool:
        """Whether the account was wiped out."""
        return self.ruined_session is not None

    @property
    def gross_exposure(self) -> FloatArray:
        """(longs + |shorts|) / equity at each close; 0 where equity is not positive."""
        gross = self.long_value - self.short_value
        return np.divide(gross, self.equity, out=np.zeros_like(gross), where=self.equity > 0)


class Simulation:
    """One run of `targets` (weights decided at each close, NaN keeps, shape of the prices) over `prices`.

    Raises InvalidInput for targets of another shape, a weight outside [-1, 1], or standing weights whose absolute
    values sum to more than 1: a cash account lends nothing.
    """

    def __init__(self, prices: Prices, targets: FloatArray, settings: Settings) -> None:
        targets = kernel_array(targets)
        if targets.shape != (prices.n_sessions, prices.n_symbols):
            raise InvalidInput.of_field("targets", f"must have shape {(prices.n_sessions, prices.n_symbols)}")
        n_decisions, unbounded, overdrawn = survey_nb(targets)
        if unbounded >= 0:
            raise InvalidInput.of_field("targets", f"a weight at {prices.sessions[unbounded]} is outside [-1, 1]")
        if overdrawn >= 0:
            raise InvalidInput.of_field("targets", f"absolute weights at {prices.sessions[overdrawn]} sum to over 1")
        self._rules = settings.rules
        self._open, self._close, self._targets = kernel_array(prices.open), kernel_array(prices.close), targets
        self._state = _fresh_state(prices, settings, n_decisions)
        self._bars_through = np.cumsum(np.count_nonzero(~np.isnan(prices.close), axis=1))
        self._done = 0

    @property
    def sessions_done(self) -> int:
        """Sessions simulated so far."""
        return self._done

    @property
    def sessions_total(self) -> int:
        """Sessions of the whole run."""
        return len(self._bars_through)

    @property
    def bars_done(self) -> int:
        """Bars (symbol-sessions that exist) simulated so far."""
        return int(self._bars_through[self._done - 1]) if self._done else 0

    @property
    def bars_total(self) -> int:
        """Bars of the whole run."""
        return int(self._bars_through[-1])

    def advance(self, n_sessions: int) -> bool:
        """Simulate up to `n_sessions` more, without the GIL. Returns whether the run is done."""
        if n_sessions < 1:
            raise InvalidInput.of_field("n_sessions", "must be at least 1")
        last = min(self._done + n_sessions, self.sessions_total)
        run_nb(self._state, self._rules, self._open, self._close, self._targets, self._done, last)
        self._done = last
        return self._done == self.sessions_total

    def run(self) -> Result:
        """Simulate all that is left and return the result."""
        self.advance(self.sessions_total)
        return self.result()

    def result(self) -> Result:
        """The result of a run that is done. Raises InvalidInput before."""
        if self._done < self.sessions_total:
            raise InvalidInput.of_field("simulation", f"{self.sessions_total - self._done} sessions are still to do")
        account, book, path, fills, trades = self._state
        money = account[0]
        return Result(
            equity=path.equity,
            cash=path.cash,
            long_value=path.long_value,
            short_value=path.short_value,
            in_market=path.in_market,
            fills=fills[: money["n_fills"]].copy(),
            trades=trades[: money["n_trades"]].copy(),
            positions=book["position"].copy(),
            n_cut_buys=int(money["n_cut"]),
            n_unfilled_orders=int(money["n_pending"]),
            ruined_session=int(money["ruined_session"]) if money["ruined_session"] >= 0 else None,
        )


def _fresh_state(prices: Prices, settings: Settings, n_decisions: int) -> State:
    n_sessions, n_symbols = prices.n_sessions, prices.n_symbols
    account = np.zeros(1, ACCOUNT)
    account["cash"], account["ruined_session"] = settings.initial_cash, -1
    book = np.zeros(n_symbols, BOOK)
    book["last_close"] = np.nan
    equity, cash, long_value, short_value = np.zeros((4, n_sessions))
    path = Path(equity, cash, long_value, short_value, np.zeros(n_sessions, np.bool_))
    # A decision fills at most twice (a reversal) and closes at most one trade; each symbol may be closed once more.
    fills, trades = np.zeros(2 * n_decisions + n_symbols, FILL), np.zeros(n_decisions + n_symbols, TRADE)
    return State(account, book, path, fills, trades)
