"""What is known of each date: whether it has bars, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the dates from `span[0]` to `span[1]`. Day arrays ascend, shape (n,).

    `held`: sessions that count, `to_come`: those that do not yet. `gaps`: by day. `listed`: when the instrument traded.
    """

    span: tuple[date, date]
    held: DayArray
    to_come: DayArray
    with_bar: DayArray
    gaps: Mapping[int, SessionGap]
    listed: SessionRange = field(default_factory=SessionRange)


@dataclass(frozen=True, slots=True)
class MissingRun:
    """Consecutive sessions without a bar."""

    first: date
    last: date
    sessions: int


@dataclass(frozen=True, slots=True)
class StateRun:
    """Consecutive dates in one state; `reason`: why a fetch failed."""

    state: SessionState
    first: date
    last: date
    sessions: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many dates are in a state."""

    state: SessionState
    sessions: int


@dataclass(frozen=True, slots=True)
class States:
    """The state of each weekday and each other date that has a session or a bar; shapes (n,)."""

    days: DayArray
    codes: npt.NDArray[np.int8]
    reasons: Mapping[int, str]

    @property
    def counts(self) -> tuple[StateCount, ...]:
        """How many dates are in each state that occurs, by state."""
        found = np.bincount(self.codes)
        return tuple(StateCount(SessionState(code), int(found[code])) for code in np.flatnonzero(found).tolist())


def states(known: Evidence) -> States:
    """The state of each date. A bar says more than the calendar, the calendar more than a listing, that than a gap."""
    days = np.arange(to_day(known.span[0]), to_day(known.span[1]) + 1, dtype=np.int32)
    held, with_bar = np.isin(days, known.held), np.isin(days, known.with_bar)
    is_weekday = (days + 3) % 7 < 5
    tells = (is_weekday & ~np.isin(days, known.to_come)) | held | with_bar
    days, held, with_bar = days[tells], held[tells], with_bar[tells]
    codes = np.full(len(days), SessionState.UNKNOWN, dtype=np.int8)
    at_gap = np.isin(days, list(known.gaps))
    codes[at_gap] = [known.gaps[day].state for day in days[at_gap].tolist()]
    codes[~_listed(days, known.listed)] = SessionState.NOT_LISTED
    codes[~held] = SessionState.HOLIDAY
    codes[with_bar] = SessionState.PRESENT
    failed = days[codes == SessionState.FETCH_FAILED]
    return States(days, codes, {day: known.gaps[day].reason for day in failed.tolist()})


def state_runs(found: States) -> tuple[StateRun, ...]:
    """Runs of one state and reason, oldest first."""
    numbers = {reason: number for number, reason in enumerate(sorted(set(found.reasons.values())), 1)}
    labels = found.codes.astype(np.int64)
    for place in np.flatnonzero(np.isin(found.days, list(found.reasons))).tolist():
        labels[place] += numbers[found.reasons[int(found.days[place])]] << 8
    return tuple(
        StateRun(
            SessionState(int(found.codes[first])),
            from_day(found.days[first]),
            from_day(found.days[behind - 1]),
            behind - first,
            found.reasons.get(int(found.days[first]), ""),
        )
        for first, behind in _runs(labels)
    )


def missing(known: Evidence) -> tuple[MissingRun, ...]:
    """Runs of sessions without a bar, oldest first."""
    held, has_bar = known.held, np.isin(known.held, known.with_bar)
    return tuple(
        MissingRun(from_day(held[first]), from_day(held[behind - 1]), behind - first)
        for first, behind in _runs(has_bar.astype(np.int64))
        if not has_bar[first]
    )


def _runs(labels: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First place of each run of equal labels, and the place behind it."""
    if len(labels) == 0:
        return
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    yield from pairwise(edges)


def _listed(days: DayArray, listed: SessionRange) -> npt.NDArray[np.bool_]:
    first = to_day(listed.start) if listed.start else np.iinfo(np.int32).min
    last = to_day(listed.end) if listed.end else np.iinfo(np.int32).max
    traded: npt.NDArray[np.bool_] = (days >= first) & (days <= last)
    return traded
