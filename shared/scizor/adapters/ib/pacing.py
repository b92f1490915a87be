"""When a request for history may be sent: the broker's rules as data, and a queue that never breaks them.

Bars shorter than a minute: no identical request within 15 seconds, at most 5 within 2 seconds for one contract,
exchange and data type, less than 60 in ten minutes where BID_ASK counts twice. Longer bars: only so many open at once.
Where the broker complains all the same, everything slows down and recovers step by step.
Source: TWS API, "Historical Data Limitations", 2026-11.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PacingRules:
    """Seconds and counts. `margin_s` is added to every window, because requests do not travel equally fast.

    The broker takes `most_open` requests at once, live bars included; `most_under_way` of them are ours for history.
    A complaint pauses everything for `pause_s`, doubled at each further one up to `pause_most_s`.
    """

    window_s: float = 600.0
    window_weight: int = 55
    identical_s: float = 15.0
    contract_s: float = 2.0
    contract_weight: int = 5
    margin_s: float = 1.0
    most_under_way: int = 40
    most_open: int = 50
    most_waiting: int = 20_000
    pause_s: float = 5.0
    pause_most_s: float = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One request. `identity`: all that makes it the same as another; `line`: contract, exchange and data type.

    `small`: its bars are shorter than a minute. `weight`: 2 for BID_ASK.
    """

    identity: Hashable
    line: Hashable
    small: bool = False
    weight: int = 1


class Window:
    """Weighted events of the last `length_s` seconds."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._events: deque[tuple[float, int]] = deque()
        self._weight = 0

    def add(self, now_s: float, weight: int) -> None:
        """One more."""
        self._events.append((now_s, weight))
        self._weight += weight

    def free_at(self, now_s: float, weight: int, most: int) -> float:
        """When `weight` more will fit below `most`; now or earlier where they do already."""
        self._forget(now_s)
        excess, at_s = self._weight + weight - most, now_s
        for begun_s, its_weight in self._events:
            if excess <= 0:
                break
            excess, at_s = excess - its_weight, begun_s + self._length_s
        return at_s

    def is_empty(self, now_s: float) -> bool:
        """Whether all has passed."""
        self._forget(now_s)
        return not self._events

    def _forget(self, now_s: float) -> None:
        while self._events and self._events[0][0] + self._length_s <= now_s:
            self._weight -= self._events.popleft()[1]


class PacedQueue:
    """Tickets wait here; `pop` gives the next that may go. Time is what the caller says, seconds, never backwards."""

    def __init__(self, rules: PacingRules) -> None:
        self._rules = rules
        self._long: deque[Ticket] = deque()
        self._small: deque[Ticket] = deque()
        self._all = Window(rules.window_s + rules.margin_s)
        self._identical: dict[Hashable, float] = {}
        self._lines: dict[Hashable, Window] = {}
        self._under_way = self._streams = 0
        self._limit = float(rules.most_under_way)
        self._paused_until_s, self._pause_s = -math.inf, rules.pause_s

    def __len__(self) -> int:
        return len(self._long) + len(self._small)

    @property
    def limit(self) -> int:
        """How many may be under way at once, as things stand."""
        return max(1, min(int(self._limit), self._rules.most_open - self._streams))

    def add(self, ticket: Ticket) -> None:
        """It waits behind its like."""
        (self._small if ticket.small else self._long).append(ticket)

    def remove(self, ticket: Ticket) -> None:
        """It waits no longer."""
        (self._small if ticket.small else self._long).remove(ticket)

    def pop(self, now_s: float) -> Ticket | None:
        """The next that may be sent now; from here on it is under way. Those held up by their own rules are passed."""
        if now_s < self._paused_until_s or self._under_way >= self.limit:
            return None
        ready = next((each for each in self._small if self._free_at(each, now_s) <= now_s), None)
        if ready:
            self._small.remove(ready)
            self._note(ready, now_s)
        elif self._long:
            ready = self._long.popleft()
        self._under_way += ready is not None
        return ready

    def wait_s(self, now_s: float) -> float | None:
        """Until `pop` is worth asking again; None: only `end` or `add` can change anything."""
        if not len(self) or self._under_way >= self.limit:
            return None
        if now_s < self._paused_until_s:
            return self._paused_until_s - now_s
        if self._long:
            return 0.0
        return max(0.0, min(self._free_at(each, now_s) for each in self._small) - now_s)

    def end(self) -> None:
        """One that was under way no longer is."""
        self._under_way -= 1

    def open_stream(self) -> None:
        """One under way has become a stream: it keeps its place at the broker."""
        self._streams += 1

    def close_stream(self) -> None:
        """A stream has ended."""
        self._streams -= 1

    def went_well(self) -> None:
        """The broker answered: a little faster again."""
        rules = self._rules
        self._limit = min(float(rules.most_under_way), self._limit + 1.0 / self._limit)
        if self._limit == rules.most_under_way:
            self._pause_s = rules.pause_s

    def slow_down(self, now_s: float) -> None:
        """The broker complained. Complaints about requests that were under way already count once."""
        if now_s < self._paused_until_s:
            return
        self._limit = max(1.0, self._limit / 2)
        self._paused_until_s = now_s + self._pause_s
        self._pause_s = min(self._pause_s * 2, self._rules.pause_most_s)

    def _free_at(self, ticket: Ticket, now_s: float) -> float:
        rules, line = self._rules, self._lines.get(ticket.line)
        identical_s = self._identical.get(ticket.identity, -math.inf) + rules.identical_s + rules.margin_s
        line_s = line.free_at(now_s, ticket.weight, rules.contract_weight) if line else now_s
        return max(identical_s, line_s, self._all.free_at(now_s, ticket.weight, rules.window_weight))

    def _note(self, ticket: Ticket, now_s: float) -> None:
        rules = self._rules
        horizon_s = now_s - rules.identical_s - rules.margin_s
        self._identical = {key: at for key, at in self._identical.items() if at > horizon_s}
        self._lines = {key: line for key, line in self._lines.items() if not line.is_empty(now_s)}
        self._identical[ticket.identity] = now_s
        line = self._lines.setdefault(ticket.line, Window(rules.contract_s + rules.margin_s))
        line.add(now_s, ticket.weight)
        self._all.add(now_s, ticket.weight)
