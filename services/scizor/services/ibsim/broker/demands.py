"""What has been demanded of the broker: it takes orders, but treats the next ones badly. Nothing of it is on disk."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class BrokerDemands:
    """Counts are used up. `slice_shares`: no fill is larger, 0 is any size; the sets hold tickers."""

    slice_shares: int = 0
    frozen: bool = False
    rejects: list[int] = field(default_factory=list)
    races: int = 0
    slow_cancels: bool = False
    unshortable: set[str] = field(default_factory=set)
    locating: set[str] = field(default_factory=set)

    def next_reject(self) -> int | None:
        """The code that the next order is rejected with."""
        return self.rejects.pop(0) if self.rejects else None

    def takes_race(self) -> bool:
        """Whether the next order to be cancelled fills instead."""
        taken = self.races > 0
        self.races -= taken
        return taken
