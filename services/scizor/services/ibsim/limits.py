"""How much the gateway takes from a client, as data, and the counting of it.

All windows are of real time: a replay's speed changes the market's time, not the gateway's.
Source: Interactive Brokers, TWS API, "Historical Data Limitations", "Pacing Limitations" and "Tick-by-Tick Data".
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from scizor.services.ibsim.market.api import BarSize

Monotonic = Callable[[], float]

SMALL_BARS = frozenset({BarSize.S1, BarSize.S5, BarSize.S10, BarSize.S15, BarSize.S30})
"""Bar sizes that the pacing rules are for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a gateway allows."""

    messages_per_s: float = 50
    message_burst: float = 75  # a second's worth, and what may pile up while the gateway is busy
    breaches_until_hangup: int = 3
    open_histories: int = 50
    market_data_lines: int = 100
    tick_by_tick: int = 3
    tick_by_tick_again_s: float = 15
    account_summaries: int = 2
    identical_within_s: float = 15
    same_contract: int = 6
    same_contract_within_s: float = 2
    small_bars: int = 60
    small_bars_within_s: float = 600
    real_time_bars: int = 60
    real_time_bars_within_s: float = 600


class MessageRate:
    """Counts one connection's messages; what comes too fast is dropped, and after some such the line with it."""

    def __init__(self, limits: Limits, monotonic: Monotonic = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._tokens = limits.message_burst
        self._at = monotonic()
        self.breaches = 0

    def admits(self) -> bool:
        """Count one more message. False: it came too fast."""
        now = self._monotonic()
        gained = (now - self._at) * self._limits.messages_per_s
        self._tokens = min(self._limits.message_burst, self._tokens + gained)
        self._at = now
        if self._tokens < 1:
            self.breaches += 1
            return False
        self._tokens -= 1
        return True

    @property
    def is_exhausted(self) -> bool:
        """Whether the gateway's patience is."""
        return self.breaches >= self._limits.breaches_until_hangup


@dataclass(slots=True)
class Window:
    """Weighted events of the last `within_s` seconds."""

    within_s: float
    _events: deque[tuple[float, float]] = field(default_factory=deque)

    def weight(self, now: float) -> float:
        """What is in the window now."""
        while self._events and now - self._events[0][0] >= self.within_s:
            self._events.popleft()
        return sum(weight for _, weight in self._events)

    def add(self, now: float, weight: float = 1) -> None:
        """One more event."""
        self._events.append((now, weight))


class TickByTickPacing:
    """One request for the ticks of an instrument in a while, for the whole login."""

    def __init__(self, limits: Limits, monotonic: Monotonic = time.monotonic) -> None:
        self._again_s = limits.tick_by_tick_again_s
        self._monotonic = monotonic
        self._asked: dict[int, float] = {}

    def admits(self, con_id: int) -> bool:
        """Count one more request. False: it came too soon, and is not counted."""
        now = self._monotonic()
        self._asked = {known: at for known, at in self._asked.items() if now - at < self._again_s}
        if con_id in self._asked:
            return False
        self._asked[con_id] = now
        return True


class HistoryPacing:
    """The rules for bars of 30 seconds and less, for the whole login. A request that is refused does not count."""

    def __init__(self, limits: Limits, monotonic: Monotonic = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._all = Window(limits.small_bars_within_s)
        self._real_time = Window(limits.real_time_bars_within_s)
        self._identical: dict[Hashable, float] = {}
        self._contracts: dict[Hashable, Window] = {}

    def broken_rule(self, request: Hashable, contract: Hashable, *, weight: float) -> str | None:
        """Count a request for small bars; or the rule it breaks, and it is not counted.

        `request`: all that makes two requests identical; `contract`: contract, exchange and data type; `weight`: 2
        for BID_ASK, else 1.
        """
        now, limits = self._monotonic(), self._limits
        self._forget(now)
        if request in self._identical:
            return f"identical request within {limits.identical_within_s:g} seconds"
        same = self._contracts.setdefault(contract, Window(limits.same_contract_within_s))
        if same.weight(now) + weight >= limits.same_contract:
            return f"{limits.same_contract} requests for one contract within {limits.same_contract_within_s:g} seconds"
        if self._all.weight(now) + weight > limits.small_bars:
            return f"more than {limits.small_bars} requests within {limits.small_bars_within_s:g} seconds"
        self._identical[request] = now
        same.add(now, weight)
        self._all.add(now, weight)
        return None

    def admits_real_time_bars(self) -> bool:
        """Count one more subscription to real-time bars. False: there were too many of late."""
        now = self._monotonic()
        if self._real_time.weight(now) >= self._limits.real_time_bars:
            return False
        self._real_time.add(now)
        return True

    def _forget(self, now: float) -> None:
        horizon = now - self._limits.identical_within_s
        self._identical = {key: at for key, at in self._identical.items() if at > horizon}
        self._contracts = {key: window for key, window in self._contracts.items() if window.weight(now)}
