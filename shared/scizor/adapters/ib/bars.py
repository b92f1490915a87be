"""History as it comes, eight texts a bar, into the domain's arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scizor.adapters.ib.messages import HISTORY_FIELDS
from scizor.domain.bars import PRICE_COLUMNS, BarArray, empty_bars
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.intervals import Interval
from scizor.domain.sessions import to_day, yyyymmdd_to_days

_DATE, _VOLUME = 0, 5
_LARGEST = 1e300  # the broker's word for unset is the largest double
_NANOSECONDS = 1_000_000_000


def bars_of(
    fields: Sequence[str], contract: BrokerContract, interval: Interval, first: date, last: date
) -> tuple[BarArray, tuple[str, ...]]:
    """The bars of sessions `first` to `last`, oldest first, one a key, and their sources.

    Raises SourceFailure(SOURCE_FAULT) for what is no bar.
    """
    try:
        bars = empty_bars(len(fields) // HISTORY_FIELDS, interval)
        for place, column in enumerate(PRICE_COLUMNS, start=_DATE + 1):
            bars[column] = _numbers(fields[place::HISTORY_FIELDS])
        volume = _numbers(fields[_VOLUME::HISTORY_FIELDS])
        bars["volume"] = np.where((volume > 0) & (volume < _LARGEST), volume, 0.0)
        _set_keys(bars, fields[_DATE::HISTORY_FIELDS], interval, ZoneInfo(contract.time_zone))
    except (ValueError, OverflowError) as error:
        raise SourceFailure(FailureCategory.SOURCE_FAULT, f"history that cannot be read: {error}") from None
    bars = bars[(bars["day"] >= to_day(first)) & (bars["day"] <= to_day(last))]
    _, keep = np.unique(bars["time_ns" if interval.intraday else "day"], return_index=True)
    bars = bars[keep]
    return bars, _set_sources(bars, contract)


def live_volume(text: str | float) -> float:
    """A live bar's volume, 0 where the broker tells none."""
    volume = float(text or 0)
    return volume if 0 < volume < _LARGEST else 0.0


def _numbers(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    return np.array([text or "nan" for text in texts], dtype=np.float64)


def _set_keys(bars: BarArray, texts: Sequence[str], interval: Interval, zone: ZoneInfo) -> None:
    if not interval.intraday:
        days, valid = yyyymmdd_to_days(np.array([int(text) for text in texts], dtype=np.int32))
        if not valid.all():
            raise ValueError(f"no date: {texts[int(np.argmin(valid))]}")
        bars["day"] = days
        return
    seconds = [int(text) for text in texts]
    bars["time_ns"] = np.array(seconds, dtype=np.int64) * _NANOSECONDS
    bars["day"] = [to_day(datetime.fromtimestamp(second, UTC).astimezone(zone).date()) for second in seconds]


def _set_sources(bars: BarArray, contract: BrokerContract) -> tuple[str, ...]:
    """Fill the column `source` with places among the sources returned: the first origin that holds a day names it."""
    open_ = np.ones(len(bars), dtype=np.bool_)
    sources: list[str] = []
    for origin in contract.origins:
        held = open_.copy()
        if origin.first:
            held &= bars["day"] >= to_day(origin.first)
        if origin.last:
            held &= bars["day"] <= to_day(origin.last)
        if held.any():
            if origin.name not in sources:
                sources.append(origin.name)
            bars["source"][held] = sources.index(origin.name)
            open_ &= ~held
    return tuple(sources)
