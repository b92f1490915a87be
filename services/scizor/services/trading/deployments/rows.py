"""Bars as strategies at work are shown them: a row an instant, with every symbol that has a bar in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from scizor.strategy.views import Bar


@dataclass(frozen=True, slots=True)
class Row:
    """What closed at one instant. Times are ns since 1970, UTC; `bars` by instrument's reference, prices as traded."""

    session: date
    open_ns: int
    close_ns: int
    bars: Mapping[str, Bar]


class RowSource(Protocol):
    """Where rows come from."""

    async def next(self, after_ns: int) -> Row:
        """Wait for the oldest row that closed after the instant. Raises Unavailable."""
        ...
