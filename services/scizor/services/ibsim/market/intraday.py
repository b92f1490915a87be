"""What happened within a session: a price path on a 5-second grid that the daily bar sums up exactly.

The path starts at the open, ends at the close, touches the high and the low, and is a random bridge in between. A
step's price is that at its start until its turn, 1 to 4 seconds later, and the next step's from then on: one trade a
second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scizor.services.ibsim.market.noise import Floats, Words, normals, uniforms
from scizor.services.ibsim.market.ticks import PriceArray, Ticks

STEP_S = 5
IndexArray = npt.NDArray[np.int64]

# How far a bridge strays, as a share of the session's range.
_ROUGHNESS = 0.55
# The auctions' volume in ordinary steps.
_OPENING, _CLOSING = 25.0, 60.0
# An extreme tends to come first on the side that the session leaves.
_USUAL_ORDER = 0.7


@dataclass(frozen=True, slots=True)
class Day:
    """A session's bar as traded: quote currency and shares."""

    open: float
    high: float
    low: float
    close: float
    volume: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars within a session, shapes (n,). `start_s`: seconds since its open; `volume_by`: shares so far, (n + 1,)."""

    start_s: IndexArray
    open: PriceArray
    high: PriceArray
    low: PriceArray
    close: PriceArray
    average: PriceArray
    volume_by: IndexArray
    count: IndexArray


@dataclass(frozen=True, slots=True)
class Grid:
    """A session of n steps. `path`: (n + 1,) prices; `turn`: (n,) seconds; `volume_by`: (n + 1,) shares so far."""

    path: PriceArray
    turn: npt.NDArray[np.int8]
    volume_by: IndexArray

    @property
    def length_s(self) -> int:
        """Seconds of trading."""
        return len(self.turn) * STEP_S

    def at(self, second: int) -> tuple[float, float, float, int, int]:
        """Last, high and low, the last trade's size and the volume, all up to that second's trade, included."""
        step, within = divmod(second, STEP_S)
        reached = step + 1 if within >= self.turn[step] else step
        before, after = self._volume_at(step, within), self._volume_at(step, within + 1)
        seen = self.path[: reached + 1]
        return float(seen[-1]), float(seen.max()), float(seen.min()), after - before, after

    def seconds(self, first: int, end: int) -> tuple[PriceArray, IndexArray]:
        """Price of each second's trade and shares so far, of seconds `first` to `end` - 1; shapes (n,), (n + 1,)."""
        second = np.arange(first, end)
        step, within = np.divmod(second, STEP_S)
        prices = self.path[step + (within >= self.turn[step])]
        step, within = np.divmod(np.arange(first, end + 1), STEP_S)
        base = self.volume_by[step]
        following = self.volume_by[np.minimum(step + 1, len(self.turn))]
        return prices, base + (following - base) * within // STEP_S

    def bars(self, size_s: int, offset_s: int, visible_s: int) -> Columns:
        """Bars on the clock's multiples of `size_s`, of a session open `offset_s` after midnight, seen so far."""
        first_edge = size_s - offset_s % size_s
        starts = np.concatenate(([0], np.arange(first_edge, visible_s, size_s)))
        if size_s % STEP_S:
            prices, volume_by = self.seconds(0, visible_s)
            return _aggregate(prices, prices, volume_by, starts, starts, visible_s)
        steps = -(-visible_s // STEP_S)
        ends, volume_by = self.path[1 : steps + 1], self.volume_by[: steps + 1]
        within = visible_s % STEP_S
        if within:
            ends, volume_by = ends.copy(), volume_by.copy()
            ends[-1] = self.at(visible_s - 1)[0]
            volume_by[-1] = self._volume_at(steps - 1, within)
        return _aggregate(self.path[:steps], ends, volume_by, starts // STEP_S, starts, visible_s)

    def _volume_at(self, step: int, within: int) -> int:
        base, following = int(self.volume_by[step]), int(self.volume_by[step + 1])
        return base + (following - base) * within // STEP_S


def words_needed(steps: int) -> int:
    """How many random words a session of that many steps takes."""
    return 2 * steps + 4


def make_grid(day: Day, steps: int, raw: Words, ticks: Ticks) -> Grid:
    """The session behind a daily bar. `raw`: shape (words_needed(steps),)."""
    few, moves, sizes = raw[:4], raw[4 : 4 + steps], raw[4 + steps :]
    anchors, prices = _anchors(day, steps, uniforms(few))
    walk = np.concatenate(([0.0], np.cumsum(normals(moves))))
    at = np.arange(steps + 1, dtype=np.float64)
    bridge = walk - np.interp(at, anchors, walk[anchors])
    reach = _ROUGHNESS * (day.high - day.low) / steps**0.5
    path = np.interp(at, anchors, prices) + reach * bridge
    path = day.high - np.abs(day.high - path)
    path = day.low + np.abs(path - day.low)
    path = np.clip(ticks.nearest(path), day.low, day.high)
    path[anchors] = prices
    turn = (sizes & np.uint64(3)).astype(np.int8) + 1
    return Grid(path, turn, _volumes(day.volume, steps, uniforms(sizes)))


def _anchors(day: Day, steps: int, chance: Floats) -> tuple[IndexArray, PriceArray]:
    """Where the path must be: the open, both extremes at two different inner steps, and the close."""
    early = 1 + int(chance[0] * (steps - 2))
    late = 1 + int(chance[1] * (steps - 2))
    if early == late:
        late = early + 1 if early < steps - 1 else early - 1
    early, late = min(early, late), max(early, late)
    low_first = (day.close >= day.open) == bool(chance[2] < _USUAL_ORDER)
    extremes = (day.low, day.high) if low_first else (day.high, day.low)
    return np.array([0, early, late, steps]), np.array([day.open, *extremes, day.close])


def _volumes(total: int, steps: int, chance: Floats) -> IndexArray:
    """Shares so far at each step's start and at the end: at least one each second, more at both ends of the day."""
    middle = (np.arange(steps) + 0.5) / steps
    weights = (0.5 + 1.5 * (2.0 * middle - 1.0) ** 2) * (0.25 + 1.5 * chance)
    weights[0] *= _OPENING
    weights[-1] *= _CLOSING
    least = STEP_S if total >= steps * STEP_S else 0
    shares = np.cumsum(weights)
    by_step = np.arange(1, steps + 1) * least + np.floor((total - steps * least) * (shares / shares[-1])).astype(
        np.int64
    )
    by_step[-1] = total
    return np.concatenate(([0], by_step))


def _aggregate(
    opens: PriceArray, closes: PriceArray, volume_by: IndexArray, rows: IndexArray, start_s: IndexArray, visible_s: int
) -> Columns:
    """Bars of the given rows each; `rows` and `start_s` say where each begins, in rows and in seconds."""
    shares = np.diff(volume_by)
    paid = np.concatenate(([0.0], np.cumsum((opens + closes) * 0.5 * shares)))
    edges = np.append(rows, len(opens))
    high = np.maximum.reduceat(np.maximum(opens, closes), rows)
    low = np.minimum.reduceat(np.minimum(opens, closes), rows)
    edge_volume = volume_by[edges]
    average = np.diff(paid[edges]) / np.maximum(np.diff(edge_volume), 1)
    return Columns(
        start_s=start_s,
        open=opens[rows],
        high=high,
        low=low,
        close=closes[edges[1:] - 1],
        average=np.clip(average, low, high),
        volume_by=edge_volume - volume_by[0],
        count=np.diff(np.append(start_s, visible_s)),
    )
