"""What the event strategies of all engines do: entries with exits, one position at a time, by the bar alone.

Every seventh bar but the first, flat and with nothing open, an entry of 10 shares, long and short in turn; three bars
later what has not filled is cancelled. Levels are in whole cents.
"""

from typing import NamedTuple

SHARES = 10
EVERY, PATIENCE = 7, 3


class Entry(NamedTuple):
    """`limit`, `stop`: of the entry, None for a market order. `take_profit`, `stop_loss`: of its exits."""

    side: int
    limit: float | None
    stop: float | None
    take_profit: float
    stop_loss: float


def entry_at(bar: int, close: float, kind: str) -> Entry | None:
    """What is placed at the close of a bar, if anything. `kind`: market, limit or stop."""
    if bar % EVERY or bar == 0:
        return None
    # As Python's float: numpy's rounds otherwise.
    close, side = float(close), 1 if bar // EVERY % 2 else -1
    at = {"market": close, "limit": close * (1 - side * 0.01), "stop": close * (1 + side * 0.01)}[kind]
    limit, stop = (round(at, 2) if kind == name else None for name in ("limit", "stop"))
    return Entry(side, limit, stop, round(at * (1 + side * 0.05), 2), round(at * (1 - side * 0.04), 2))
