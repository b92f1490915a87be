"""A strategy at work told again, as a backtest: in a locked process, on the bars it is given.

`replayed` asks from outside; `run` is the Program behind the locks. Its answer is numbers that nobody vouches for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import Side
from scizor.engine.costs import Financing
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.ports.sandbox import Answer, Limits, OnMessage, Question, Sandbox
from scizor.services.research.live_parts import Array, Start, rows_parts, start_of, start_parts
from scizor.strategy import registry
from scizor.strategy.live import Row
from scizor.strategy.loader import load
from scizor.strategy.run import run as run_strategy
from scizor.strategy.views import Bar

PROGRAM: Final = "scizor.services.research.replayed:run"
_OPEN: Final = 0
_COLUMNS: Final = ("row", "symbol", "order", "side", "phase", "quantity", "price", "commission")
_DECIDED: Final = len(_COLUMNS)


@dataclass(frozen=True, slots=True)
class ReplayedFill:
    """A trade of the backtest. `row`, `decided`: places of rows; `order`: the strategy's number, 0 for none."""

    row: int
    decided: int
    symbol: str
    order: int
    side: Side
    at_open: bool
    quantity: Decimal
    price: Decimal
    commission: Decimal


async def replayed(
    sandbox: Sandbox,
    start: Start,
    rows: Sequence[Row],
    splits: Mapping[str, Sequence[tuple[date, Decimal]]],
    first_row: int,
    limits: Limits,
) -> list[ReplayedFill]:
    """What the strategy would have traded, had it begun to at `first_row`. Raises as `Sandbox.run`."""
    told = {symbol: [[day.isoformat(), str(ratio)] for day, ratio in ones] for symbol, ones in splits.items()}
    document = {"start": start_parts(start), "first_row": first_row, "splits": told}
    arrays = await asyncio.to_thread(rows_parts, rows, start.symbols)
    answer = await sandbox.run(PROGRAM, document, arrays, limits)
    return _read(answer.arrays.get("fills"), start.symbols, len(rows))


def run(question: Question, _say: OnMessage) -> Answer:
    """Run the strategy over the rows. Raises StrategyError, InvalidInput, NotFound."""
    document = question.document
    start = start_of(document["start"])
    found = registry.get(start.builtin) if start.builtin else load(start.source, start.file)
    market = _market(start, document["splits"], question.arrays)
    settings = replace(start.settings, financing=Financing.none())
    result = run_strategy(found(**(start.parameters or {})), market, settings, first_row=document["first_row"]).result
    placed = {int(one["number"]): int(one["placed_row"]) for one in result.orders}
    fills = [
        [*(float(one[name]) for name in _COLUMNS), placed.get(int(one["order"]), int(one["row"]) - 1)]
        for one in result.fills
    ]
    return Answer({}, {"fills": np.array(fills, np.float64).reshape(-1, _DECIDED + 1)})


def _market(start: Start, splits: Mapping[str, Any], arrays: Mapping[str, Array]) -> Market:
    slots, bars = arrays["slots"], arrays["bars"]
    series: dict[str, Series] = {}
    for place, symbol in enumerate(start.symbols):
        there = ~np.isnan(bars[:, place, Bar._fields.index("open")])
        columns = {name: np.ascontiguousarray(bars[there, place, at]) for at, name in enumerate(Bar._fields)}
        day, opened, closed = (np.ascontiguousarray(column) for column in slots[there].T)
        series[symbol] = Series(day.astype("datetime64[D]"), **columns, open_ns=opened, close_ns=closed)
    actions: defaultdict[str, list[CorporateAction]] = defaultdict(list)
    for symbol, ones in splits.items():
        for day_text, ratio in ones:
            action = CorporateAction(ActionType.SPLIT, date.fromisoformat(day_text), Decimal(ratio), "")
            actions[symbol].append(action)
    return Market(Panel.align(series), dict(start.listings or {}), actions)


def _read(fills: Array | None, symbols: Sequence[str], n_rows: int) -> list[ReplayedFill]:
    """Raises InvalidInput for an answer that cannot be one."""
    if fills is None or fills.ndim != 2 or fills.shape[1] != _DECIDED + 1 or not np.all(np.isfinite(fills)):
        raise InvalidInput.of_field("fills", "is no table of numbers")
    read: list[ReplayedFill] = []
    for row, symbol, order, side, phase, quantity, price, commission, decided in fills.tolist():
        if not (0 <= row < n_rows and -1 <= decided <= row and 0 <= symbol < len(symbols) and side in {-1.0, 1.0}):
            raise InvalidInput.of_field("fills", "names rows or symbols that there are not")
        exact = (Decimal(repr(one)) for one in (quantity, price, commission))
        at_open = int(phase) == _OPEN
        read.append(
            ReplayedFill(int(row), int(decided), symbols[int(symbol)], int(order), Side(int(side)), at_open, *exact)
        )
    return read
