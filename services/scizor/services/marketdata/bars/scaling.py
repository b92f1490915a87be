"""Bars as they were traded, put on the scale a reader asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scizor.domain.bars import ActionType, Adjustment, BarSeries, CorporateAction
from scizor.domain.instruments import StoredInstrument
from scizor.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class Scale:
    """How prices are to be put on one scale: by actions with an ex-date up to `as_of`, None for all recorded."""

    adjustment: Adjustment = Adjustment.RAW
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """What puts one instrument's series on a scale, wherever a series begins or ends."""

    adjustment: Adjustment
    actions: Sequence[CorporateAction] = ()
    closes_before: Sequence[float] = ()

    def applied(self, series: BarSeries) -> BarSeries:
        """The series on the scale."""
        return series.adjusted(self.adjustment, self.actions, self.closes_before)


async def scaling_of(work: UnitOfWork, instrument: StoredInstrument, scale: Scale) -> Scaling:
    """What an instrument's recorded actions do to its prices."""
    if scale.adjustment is Adjustment.RAW:
        return Scaling(scale.adjustment)
    recorded = await work.actions.of(instrument)
    actions = [action for action in recorded if scale.as_of is None or action.ex_date <= scale.as_of]
    if scale.adjustment is Adjustment.SPLIT:
        actions = [action for action in actions if action.type is ActionType.SPLIT]
        return Scaling(scale.adjustment, actions, [float("nan")] * len(actions))
    closes = await work.bars.closes_before(instrument, [action.ex_date for action in actions])
    return Scaling(scale.adjustment, actions, closes)
