"""What a deployment has lived through: the bars it was shown, what it asked for, and the same bars as stored now."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.moments import Moment, Split, recall
from scizor.services.trading.deployments.rows import Past, RowsOf
from scizor.strategy.live import Row

_WARM_ROWS: Final = 2_000  # as many as a strategy at work is warmed up with


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows, and by symbol the splits among them, each with its first session on the new scale."""

    rows: Sequence[Row]
    splits: Mapping[str, Sequence[tuple[date, Decimal]]]

    def row_of(self, time: datetime) -> int:
        """The place of the row that an instant lies in or before; the number of rows after the last."""
        return bisect_left(self.rows, _ns(time), key=lambda row: row.close_ns)

    def end(self, place: int) -> datetime:
        """When a row closed."""
        return instant(self.rows[place].close_ns)


@dataclass(frozen=True, slots=True)
class Story:
    """Up to the newest row that was shown. `first`: the place of the first, in `stored` as in `shown`.

    `stored`: the bars as they are stored now, from the warm-up on; `shown`: those that were shown in their place.
    """

    deployment: StoredDeployment
    moments: Sequence[Moment]
    first: int
    stored: Bars
    shown: Bars


async def told(storage: Storage, rows: RowsOf, deployment_id: str) -> Story | None:
    """None before the first row. Raises NotFound(DEPLOYMENT_NOT_FOUND), Unavailable."""
    async with storage.begin() as work:
        deployment = await work.deployments.get(deployment_id)
    moments = await recall(storage, deployment_id)
    shown = [(one.row, one.splits) for one in moments if one.row is not None]
    if not shown:
        return None
    past = await rows(deployment).before(instant(shown[-1][0].close_ns), _WARM_ROWS + len(shown))
    first = bisect_left(past.rows, shown[0][0].close_ns, key=lambda row: row.close_ns)
    if first == len(past.rows):
        return None
    live = [one for one in shown if one[0].close_ns <= past.rows[-1].close_ns]
    before = _with_splits(past)
    return Story(deployment, moments, first, _bars(before), _bars([*before[:first], *live]))


def instant(time_ns: int) -> datetime:
    """Aware, UTC."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


_RowWithSplits = tuple[Row, Sequence[Split]]


def _with_splits(past: Past) -> list[_RowWithSplits]:
    return [(row, past.splits.get(place, ())) for place, row in enumerate(past.rows)]


def _bars(rows: Iterable[_RowWithSplits]) -> Bars:
    kept: list[Row] = []
    found: defaultdict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row, splits in rows:
        kept.append(row)
        for split in splits:
            found[split.symbol].append((row.session, split.ratio))
    return Bars(kept, found)


def _ns(time: datetime) -> int:
    return int(time.timestamp() * 1e6) * 1000
