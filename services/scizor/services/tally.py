"""How many are at something now, for whoever watches a process."""

from __future__ import annotations


class Tally:
    """Counts those who are in a `with` block of it."""

    def __init__(self) -> None:
        self.now = 0

    def __enter__(self) -> None:
        self.now += 1

    def __exit__(self, *_: object) -> None:
        self.now -= 1
