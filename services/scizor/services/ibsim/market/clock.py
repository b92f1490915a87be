"""The simulator's time: the machine's, or a past date's at a chosen speed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from scizor.adapters.clock import SystemClock
from scizor.domain.errors import InvalidInput


class SystemMarketClock:
    """Now, as the machine has it."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._clock.now()

    async def sleep(self, simulated_s: float) -> None:
        """Until that much time has passed."""
        await asyncio.sleep(max(simulated_s, 0.0))


class ReplayClock:
    """A past instant from which time goes on, `speed` simulated seconds a real one. It starts when it is made."""

    def __init__(self, start: datetime, speed: float) -> None:
        if start.tzinfo is None:
            raise InvalidInput.of_field("start", "must bear a time zone")
        if not 0.0 < speed <= 1_000_000.0:
            raise InvalidInput.of_field("speed", f"must be above 0 and at most 1000000, not {speed}")
        self._start = start.astimezone(UTC)
        self._speed = speed
        # Monotonic, so that a step of the machine's clock is no step of the market's.
        self._began_s = time.monotonic()

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began_s) * self._speed)

    def jump(self, to: datetime) -> None:
        """Be later at once, without waiting for what lies between. Raises InvalidInput for an instant that is over."""
        if to.tzinfo is None:
            raise InvalidInput.of_field("to", "must bear a time zone")
        ahead = to - self.now()
        if ahead < timedelta(0):
            raise InvalidInput.of_field("to", f"must not lie before {self.now().isoformat()}")
        self._start += ahead

    async def sleep(self, simulated_s: float) -> None:
        """Until that much simulated time has passed; a jump meanwhile shortens nothing."""
        await asyncio.sleep(max(simulated_s, 0.0) / self._speed)
