"""Trials that this process has just stored, kept for those who watch: they need not read what it still has."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from scizor.ports.optimizations import TrialColumns

_MOST_BATCHES: Final = 64
_MOST_TRIALS: Final = 1 << 15


@dataclass(slots=True, eq=False)
class Recent:
    """Trials that were stored with the change of the number `sequence`.

    No others were since the change `after`, nor since then up to the change `until`.
    """

    optimization_id: str
    after: int
    sequence: int
    trials: TrialColumns
    until: int = 0


class RecentTrials:
    """The newest batches of all searches, within bounds; for one event loop."""

    def __init__(self) -> None:
        self._kept: deque[Recent] = deque(maxlen=_MOST_BATCHES)

    def add(self, batch: Recent) -> None:
        """Keep one that is committed, and let go of the oldest."""
        self._kept.append(batch)
        while sum(len(one.trials) for one in self._kept) > _MOST_TRIALS:
            self._kept.popleft()

    def next(self, optimization_id: str, after: int) -> Recent | None:
        """The batch that was stored first behind `after`; None where only storage knows."""
        kept = (one for one in self._kept if one.optimization_id == optimization_id)
        return next((one for one in kept if one.after <= after < one.sequence), None)

    def none_between(self, optimization_id: str, after: int, last: int) -> bool:
        """Whether it is known that nothing was stored behind `after`, up to `last`."""
        kept = (one for one in self._kept if one.optimization_id == optimization_id)
        return any(one.sequence <= after and last <= max(one.until, one.sequence) for one in kept)
