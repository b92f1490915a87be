"""How fast messages may leave: a token bucket with priorities, for everything one connection sends.

Interactive Brokers takes 50 messages a second and hangs up on those who send more. A bucket that holds `burst` and
gains `per_s` lets at most `burst + per_s` pass in any second, so the network may even bunch some up.
Source: TWS API, "Pacing Limitations", 2026-11.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from scizor.domain.broker import FailureCategory, SourceFailure

_SLOWEST = 0.1


class Priority(IntEnum):
    """Who goes first. Whatever takes risk away goes before what adds to it, and both before any question."""

    CANCEL = 0
    ORDER = 1
    CONTROL = 2
    DATA = 3


PRIORITY_BY_MESSAGE = {
    4: Priority.CANCEL,  # cancel order; behind the order itself, if that is still waiting here
    58: Priority.CANCEL,  # cancel all orders
    3: Priority.ORDER,  # place order
    49: Priority.CONTROL,  # current time: the probe
    50: Priority.CONTROL,  # real-time bars: paced by when they are sent, so they must not wait here
    51: Priority.CONTROL,  # cancel real-time bars
    59: Priority.CONTROL,  # market data type
    71: Priority.CONTROL,  # start
}
"""By the outgoing message's number; all others are data, cancels of data too, lest they overtake what they cancel."""


@dataclass(frozen=True, slots=True)
class ThrottleRules:
    """At most `messages_per_s` in any second, `burst` of them at once; at most `most_waiting` wait to be sent."""

    messages_per_s: float = 48.0
    burst: int = 3
    most_waiting: int = 2000


class Bucket:
    """Tokens gained with time. `pace` is 1 at full speed and falls when the gateway complains."""

    def __init__(self, rules: ThrottleRules, now_s: float) -> None:
        self._rules, self._per_s = rules, max(rules.messages_per_s - rules.burst, 1.0)
        self._tokens, self._at_s = float(rules.burst), now_s
        self.pace = 1.0

    def take(self, now_s: float) -> bool:
        """One token, if there is one."""
        self._gain(now_s)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        self.pace = min(1.0, self.pace + 0.001)
        return True

    def wait_s(self, now_s: float) -> float:
        """Until there is a token."""
        self._gain(now_s)
        return max(0.0, (1.0 - self._tokens) * self.interval_s)

    @property
    def interval_s(self) -> float:
        """Between two tokens."""
        return 1.0 / (self._per_s * self.pace)

    def slow_down(self) -> None:
        """Half the pace; it comes back within some thousand messages."""
        self.pace = max(_SLOWEST, self.pace / 2)
        self._tokens = 0.0

    def _gain(self, now_s: float) -> None:
        gained = (now_s - self._at_s) * self._per_s * self.pace
        self._tokens, self._at_s = min(float(self._rules.burst), self._tokens + gained), now_s


class Throttle:
    """Sends what is put in, by priority and in order, no faster than the bucket lets it. Event loop only."""

    def __init__(self, rules: ThrottleRules, write: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._rules, self._write = rules, write
        self._bucket = Bucket(rules, self._loop.time())
        self._queues: tuple[deque[str], ...] = tuple(deque() for _ in Priority)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Messages not sent yet."""
        return sum(map(len, self._queues))

    @property
    def pace(self) -> float:
        """1 at full speed, less after complaints."""
        return self._bucket.pace

    def put(self, message: str) -> None:
        """Send as soon as may be. Raises SourceFailure(PACING) when too many wait.

        Questions never keep an order from being taken, and nothing keeps a cancel, which waits here but once.
        """
        priority = PRIORITY_BY_MESSAGE.get(int(message.partition("\0")[0]), Priority.DATA)
        waiting = len(self._queues[priority]) if priority is Priority.ORDER else self.waiting
        if priority is not Priority.CANCEL and waiting >= self._rules.most_waiting:
            raise SourceFailure(FailureCategory.PACING, f"{waiting} messages wait to be sent to the broker")
        if priority is Priority.CANCEL:
            self._put_cancel(message)
        else:
            self._queues[priority].append(message)
        if self._timer is None:
            self._flush()

    def _put_cancel(self, message: str) -> None:
        """Ahead of everything but the order it is about: a cancel that came first would find nothing to cancel."""
        orders, cancels = self._queues[Priority.ORDER], self._queues[Priority.CANCEL]
        if message in cancels or message in orders:
            return
        number = message.split("\0")[2]
        placing = [place for place, one in enumerate(orders) if one.startswith(f"3\0{number}\0")]
        if placing:
            orders.insert(placing[-1] + 1, message)
        else:
            cancels.append(message)

    @property
    def backlog_s(self) -> float:
        """How long what waits will take to leave."""
        return self.waiting * self._bucket.interval_s

    def slow_down(self) -> None:
        """The gateway said that messages come too fast."""
        self._bucket.slow_down()

    def forget_orders(self) -> None:
        """Neither orders nor cancels that wait are sent: what they were about may change before they arrive."""
        self._queues[Priority.ORDER].clear()
        self._queues[Priority.CANCEL].clear()

    def close(self) -> None:
        """What was not sent never is."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for queue in self._queues:
            queue.clear()

    def _flush(self) -> None:
        self._timer = None
        while (queue := next(filter(None, self._queues), None)) is not None:
            now_s = self._loop.time()
            if not self._bucket.take(now_s):
                self._timer = self._loop.call_later(self._bucket.wait_s(now_s), self._flush)
                return
            self._write(queue.popleft())
