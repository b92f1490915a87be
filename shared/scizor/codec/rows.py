"""Rows to import, from columns on the wire."""

from __future__ import annotations

from typing import Any

import numpy as np

from scizor.codec.bars import column
from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.rows import RowBatch, Unreadable, written
from scizor.domain.sessions import yyyymmdd_to_days


def from_rows(message: Any, symbol: str, first_number: int) -> RowBatch:
    """The rows of a typed or twin `ImportRows`, numbered from `first_number`; `symbol` is that of all of them."""
    numbers = column(message, "session_date", "<i4")
    days, is_date = yyyymmdd_to_days(numbers)
    values = {name: column(message, name, "<f8") for name in VALUE_COLUMNS}
    unreadable = {
        int(place): Unreadable(
            detail=f"session_date {numbers[place]} is no date",
            symbol=symbol,
            session=str(numbers[place]),
            raw=",".join(written(float(values[name][place])) for name in VALUE_COLUMNS),
        )
        for place in np.flatnonzero(~is_date)
    }
    return RowBatch(
        number=np.arange(first_number, first_number + len(days), dtype=np.int64),
        symbol=np.zeros(len(days), dtype=np.int32),
        symbols=(symbol,),
        day=days,
        unreadable=unreadable,
        **values,
    )
