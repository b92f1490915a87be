"""The portfolio kernel: one cash account over a union calendar, session by session.

A session is three steps: orders decided earlier fill at its open, positions are marked at its close, new decisions are
taken. All that one session hands to the next is in `State`, so a run cut into chunks is the same run bit for bit.

Within the open: first every position that its order ends or reverses is closed, then (AT_FILL) quantities are sized
from the equity left, then sells, then buys, each in the order of the symbols. A buy that enlarges a long position is
cut to the whole lots that cash affords; a fill that shrinks a position is never cut.

A finite target is a decision when it differs from the symbol's last one and the symbol has closed at least once; it
replaces an order of that symbol still waiting for an open. NaN keeps what was decided before.
"""

from __future__ import annotations

import math

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit, njit_inline
from scizor.engine.arrays import Records, State
from scizor.engine.fills import unit_cost_nb
from scizor.engine.ledger import book_fill_nb
from scizor.engine.settings import Rules
from scizor.engine.sizing import target_quantity_nb, whole_quantity_nb


@njit
def run_nb(
    state: State, rules: Rules, open_: FloatArray, close: FloatArray, targets: FloatArray, first: int, last: int
) -> None:
    """Run sessions first..last-1. Matrices and `state.path` cover the whole run; the state is that after first-1."""
    # Taken out of the tuple once: doing so counts a reference, which costs as much as a session of one symbol.
    book, path = state.book, state.path
    money = state.account[0]
    n_sessions = len(path.equity)
    for session in range(first, last):
        held = money.n_open > 0
        if money.n_pending > 0:
            _fill_pending_nb(state, rules, session, open_[session])
        held = held or money.n_open > 0
        long_value, short_value = _mark_nb(book, close, session)
        ruined = money.ruined_session < 0 and money.cash + long_value + short_value <= 0.0
        at_end = rules.close_open_at_end and session == n_sessions - 1
        if ruined or at_end:
            _close_all_nb(state, rules, session, not ruined)
            long_value, short_value = 0.0, 0.0
        if ruined:
            money.ruined_session = session
        equity = money.cash + long_value + short_value
        path.equity[session], path.cash[session] = equity, money.cash
        path.long_value[session], path.short_value[session] = long_value, short_value
        path.in_market[session] = held
        if money.ruined_session < 0:
            money.n_pending += _decide_nb(book, rules, targets, session, equity)


@njit
def _fill_pending_nb(state: State, rules: Rules, session: int, opens: FloatArray) -> None:
    book = state.book
    for symbol in range(len(book)):
        row = book[symbol]
        if _fillable_nb(row.pending, opens[symbol]) and row.position != 0.0 and row.position * row.wanted <= 0.0:
            book_fill_nb(state, rules, session, symbol, -row.position, opens[symbol], False)
    if rules.sized_at_fill:
        _size_at_open_nb(state, rules, opens)
    for side in (-1, 1):
        for symbol in range(len(book)):
            row = book[symbol]
            quantity = row.wanted - row.position
            if _fillable_nb(row.pending, opens[symbol]) and quantity * side > 0.0:
                quantity = _affordable_nb(state, rules, row.position, quantity, opens[symbol])
                if quantity != 0.0:
                    book_fill_nb(state, rules, session, symbol, quantity, opens[symbol], False)
    for symbol in range(len(book)):
        if _fillable_nb(book[symbol].pending, opens[symbol]):
            book[symbol].pending = False
            state.account[0].n_pending -= 1


@njit
def _fillable_nb(pending: bool, opens: float) -> bool:
    return pending and not math.isnan(opens)


@njit
def _size_at_open_nb(state: State, rules: Rules, opens: FloatArray) -> None:
    book = state.book
    equity = state.account[0].cash
    for symbol in range(len(book)):
        row = book[symbol]
        if row.position != 0.0:
            equity += row.position * (row.last_close if math.isnan(opens[symbol]) else opens[symbol])
    for symbol in range(len(book)):
        row = book[symbol]
        if _fillable_nb(row.pending, opens[symbol]):
            row.wanted = target_quantity_nb(row.wanted, equity, opens[symbol], rules)


@njit
def _affordable_nb(state: State, rules: Rules, position: float, quantity: float, reference: float) -> float:
    if quantity < 0.0 or position < 0.0:
        return quantity
    unit_cost = unit_cost_nb(reference, 1, rules.slippage_rate, rules.commission_rate)
    affordable = whole_quantity_nb(state.account[0].cash, unit_cost, rules.lot_size)
    if quantity <= affordable:
        return quantity
    state.account[0].n_cut += 1
    return affordable


@njit_inline
def _mark_nb(book: Records, close: FloatArray, session: int) -> tuple[float, float]:
    long_value, short_value = 0.0, 0.0
    for symbol in range(len(book)):
        row = book[symbol]
        if not math.isnan(close[session, symbol]):
            row.last_close = close[session, symbol]
        if row.position > 0.0:
            long_value += row.position * row.last_close
        elif row.position < 0.0:
            short_value += row.position * row.last_close
    return long_value, short_value


@njit
def _close_all_nb(state: State, rules: Rules, session: int, at_end: bool) -> None:
    for symbol in range(len(state.book)):
        row = state.book[symbol]
        if row.position != 0.0:
            book_fill_nb(state, rules, session, symbol, -row.position, row.last_close, at_end)
        row.pending = False
    state.account[0].n_pending = 0


@njit_inline
def _decide_nb(book: Records, rules: Rules, targets: FloatArray, session: int, equity: float) -> int:
    n_new = 0
    for symbol in range(len(book)):
        row = book[symbol]
        weight = targets[session, symbol]
        if math.isnan(weight) or weight == row.target or math.isnan(row.last_close):
            continue
        row.target = weight
        row.wanted = weight if rules.sized_at_fill else target_quantity_nb(weight, equity, row.last_close, rules)
        n_new += not row.pending
        row.pending = True
    return n_new


@njit
def survey_nb(targets: FloatArray) -> tuple[int, int, int]:
    """What a target matrix asks for.

    Returns the number of its decisions at most, the first session in which a weight leaves [-1, 1] or is infinite, and
    the first in which the sum of the absolute standing weights passes 1 (each -1 when there is none).
    """
    standing = [0.0] * targets.shape[1]
    gross, n_decisions, unbounded, overdrawn = 0.0, 0, -1, -1
    for session in range(targets.shape[0]):
        changed = False
        for symbol in range(targets.shape[1]):
            weight = targets[session, symbol]
            if math.isnan(weight) or weight == standing[symbol]:
                continue
            standing[symbol] = weight
            n_decisions += 1
            changed = True
            if abs(weight) > 1.0 and unbounded < 0:
                unbounded = session
        if changed:
            gross = 0.0
            for weight in standing:
                gross += abs(weight)
            if gross > 1.0 + 1e-9 and overdrawn < 0:
                overdrawn = session
    return n_decisions, unbounded, overdrawn
