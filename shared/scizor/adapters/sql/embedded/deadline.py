"""A moment in the future that several waits share, so that their sum is bounded and not each of them."""

from __future__ import annotations

import time
from collections.abc import Callable

_POLL_S = 0.02


class Deadline:
    """So many seconds from now, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end_s = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that remain, never negative."""
        return max(0.0, self._end_s - time.monotonic())

    def until(self, condition: Callable[[], bool]) -> bool:
        """Poll until the condition holds (True) or the deadline has passed (False)."""
        while not condition():
            if not self.left_s:
                return False
            time.sleep(min(_POLL_S, self.left_s))
        return True
