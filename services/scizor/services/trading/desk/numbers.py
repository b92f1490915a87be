"""Order numbers of a connection: all its accounts take theirs from one row, and none is ever taken twice."""

from __future__ import annotations


class Numbers:
    """`highest`: the last that was taken, or that may no longer be."""

    def __init__(self) -> None:
        self.highest = 0

    def above(self, highest: int) -> None:
        """Take none up to this one any more."""
        self.highest = max(self.highest, highest)

    def take(self) -> int:
        """The next that an order may be sent under."""
        self.highest += 1
        return self.highest
