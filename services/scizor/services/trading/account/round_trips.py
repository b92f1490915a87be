"""Round trips of what was held: from flat to flat, or from one side to the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from scizor.domain.trading.money import ZERO, Rates
from scizor.domain.trading.positions import Fill, HoldingAction, Position


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A closed one, in base currency. `net`: profit with dividends, after fees; `entry_value`: what opened it."""

    instrument: str
    exit_time: datetime
    net: Decimal
    entry_value: Decimal

    @property
    def return_fraction(self) -> Decimal:
        """Of the entry's value."""
        return self.net / self.entry_value if self.entry_value else ZERO


class _Trip:
    """One under way; amounts in the instrument's currency, but fees, in base."""

    def __init__(self, position: Position, rates: Rates) -> None:
        self.position, self._rates = position, rates
        self.opened = self._fees = ZERO

    def trade(self, fill: Fill, shares: Decimal) -> None:
        """So many shares of a fill, with their part of its fees."""
        execution = fill.execution
        before = abs(self.position.cost)
        self.position = self.position.filled(Fill(replace(execution, quantity=abs(shares))))
        self.opened += max(abs(self.position.cost) - before, ZERO)
        self._fees += self._rates.total(fill.fees) * abs(shares) / execution.quantity

    def closed(self, time: datetime) -> RoundTrip:
        """As it ended."""
        rate = self._rates.of(self.position.currency)
        net = (self.position.realised + self.position.dividends) * rate - self._fees
        return RoundTrip(self.position.instrument, time, net, self.opened * rate)


def round_trips(
    instrument: str, fills: Iterable[Fill], actions: Iterable[HoldingAction], rates: Rates
) -> list[RoundTrip]:
    """Closed round trips of one instrument and one owner, by exit. A fill across zero ends one and begins another.

    Amounts of other currencies at `rates`, those of today. Raises FailedPrecondition where one lacks.
    """
    story: list[tuple[datetime, int, str, Fill | HoldingAction]] = [
        *((action.time, 0, "", action) for action in actions),
        *((fill.execution.time, 1, fill.execution.exec_id, fill) for fill in fills),
    ]
    trip, ended = _Trip(Position(instrument), rates), list[RoundTrip]()
    for *_, happening in sorted(story, key=lambda one: one[:3]):
        if not isinstance(happening, Fill):
            trip.position = trip.position.after(happening)
            continue
        held, shares = trip.position.shares, happening.execution.shares
        across = held and held * (held + shares) < 0
        first = -held if across else shares
        trip.trade(happening, first)
        if held and not trip.position.lots:
            ended.append(trip.closed(happening.execution.time))
            trip = _Trip(Position(instrument), rates)
            if across:
                trip.trade(happening, shares - first)
    return ended
