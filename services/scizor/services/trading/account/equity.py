"""Equity by session, made of the marks of every minute, and what it has grown by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.trading.money import ZERO
from scizor.engine.analytics.curve import SessionCurve
from scizor.ports.trading import EquityPoint

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class SessionEquity:
    """The newest mark of a session. `paid`: what came in, less what went out, since the one before; base currency."""

    session: date
    time: datetime
    equity: Decimal
    paid: Decimal = ZERO


def by_session(marks: Sequence[EquityPoint], paid: Sequence[tuple[datetime, Decimal]]) -> list[SessionEquity]:
    """One a session, oldest first; `marks` and `paid` oldest first. What was paid before the first mark is in it."""
    sessions: list[SessionEquity] = []
    place = next((at for at, (time, _) in enumerate(paid) if time > marks[0].time), len(paid)) if marks else 0
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if following is not None and following.session <= mark.session:
            continue
        amount = ZERO
        while place < len(paid) and paid[place][0] <= mark.time:
            amount += paid[place][1]
            place += 1
        sessions.append(SessionEquity(mark.session, mark.time, mark.equity, amount))
    return sessions


def grown(first: EquityPoint, sessions: Sequence[SessionEquity]) -> SessionCurve:
    """The curve that `first`, the first mark of all, would have made with nothing paid in or out.

    What was paid counts as paid at the end of its session.
    """
    values: list[float] = [float(first.equity)]
    before = first.equity
    for one in sessions:
        growth = (one.equity - one.paid) / before if before > 0 else Decimal(1)
        values.append(values[-1] * float(growth))
        before = one.equity
    days = np.array([one.session for one in sessions], dtype="datetime64[D]")
    rows = np.arange(-1, len(sessions), dtype=np.int64)
    return SessionCurve(np.concatenate([days[:1] - _DAY, days]), np.array(values), rows)


def drawdown(curve: SessionCurve) -> FloatArray:
    """How far below its highest each session ended: fractions, 0 or less; shape (n_sessions,)."""
    values = np.maximum(curve.values, 0.0)
    peaks = np.maximum.accumulate(values)
    return np.divide(values, peaks, out=np.ones_like(values), where=peaks > 0)[1:] - 1.0
