"""Stored bars of many symbols at once: whole days come in one stream, shorter ones in pages, symbol by symbol."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.client.sync import Client
from scizor.client.values import Bars
from scizor.domain.bars import Adjustment
from scizor.domain.intervals import Interval


def stored_bars(
    client: Client, symbols: Sequence[str], start: str, end: str, *, interval: Interval, adjustment: Adjustment
) -> dict[str, Bars]:
    """By symbol id, those that have any, in the order asked for. Raises CallError."""
    if interval.intraday:
        pages = [client.bars.get(one, start, end, interval=interval, adjustment=adjustment) for one in symbols]
        return {one.symbol: one for one in pages if len(one)}
    parts: dict[str, list[Bars]] = {}
    for part in client.bars.stream(symbols, start, end, interval=interval, adjustment=adjustment):
        parts.setdefault(part.symbol, []).append(part)
    return {symbol: Bars.joined(pieces) for symbol, pieces in parts.items()}
