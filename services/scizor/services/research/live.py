"""A strategy at work in a locked process: the program that keeps it, and answers with what it asks for.

It loads a text that nobody vouches for, which then runs here with all that this process may: nothing that it says is
believed. What it is told is in `live_parts`, what it answers in `live_intents`; the other side is `live_talk`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from scizor.engine.settings import Settings
from scizor.ports.sandbox import Answer, Question, Responder
from scizor.services.research.live_intents import intents_parts
from scizor.services.research.live_parts import (
    Array,
    Start,
    Step,
    rows_of,
    start_of,
    start_parts,
    steps_of,
    steps_parts,
)
from scizor.strategy import registry
from scizor.strategy.live import Intent, LiveStrategy, Row, View, live_of
from scizor.strategy.loader import load
from scizor.strategy.views import Bar

_WARM_ROWS: Final = 60
_DAY_NS: Final = 86_400_000_000_000


def opened(question: Question) -> Responder:
    """A strategy that is to be shown rows. Raises StrategyError, InvalidInput, NotFound."""
    start = start_of(question.document)
    found = registry.get(start.builtin) if start.builtin else load(start.source, start.file)
    strategy = found(**(start.parameters or {}))
    symbols = start.symbols
    live = live_of(strategy, symbols, start.settings, start.listings, window_rows=start.window_rows or None)

    def respond(asked: Question) -> Answer:
        document, arrays = asked.document, asked.arrays
        if document["what"] == "warm":
            _warm(live, document, arrays, symbols)
            return Answer({})
        steps = steps_of(document, arrays, symbols)
        if document["what"] == "stop":
            live.stop(steps[0].view)
            return Answer({})
        asks = [_take(live, step, document["acting"]) for step in steps]
        return Answer({"intents": [intents_parts(one, symbols) for one in asks]})

    return respond


def ready() -> None:
    """Load and compile what strategies at work need: what is there now need not be in each process."""
    symbols = ("UP", "DOWN")
    rows = [_made_up(day, symbols) for day in range(_WARM_ROWS)]
    for found in registry.all_strategies():
        start = Start(symbols, Settings(), builtin=found.id)
        respond = opened(Question(start_parts(start)))
        for row in rows:
            document, arrays = steps_parts([Step(View(1e5, 1e5), row)], symbols)
            respond(Question(document | {"what": "steps", "acting": True}, arrays))


def _warm(live: LiveStrategy, document: Mapping[str, Any], arrays: Mapping[str, Array], symbols: Sequence[str]) -> None:
    splits: dict[int, list[tuple[str, float]]] = {}
    for place, symbol, ratio in document["splits"]:
        splits.setdefault(place, []).append((symbol, ratio))
    for place, row in enumerate(rows_of(arrays, symbols)):
        for symbol, ratio in splits.get(place, ()):
            live.split(symbol, ratio)
        live.warm(row)


def _take(live: LiveStrategy, step: Step, acting: bool) -> tuple[Intent, ...]:
    for symbol, ratio in step.splits:
        live.split(symbol, ratio)
    if step.row is None:
        return live.tell(step.view, acting=acting)
    return live.advance(step.row, step.view, acting=acting)


def _made_up(day: int, symbols: Sequence[str]) -> Row:
    """A row that no market made, of prices that go up and down."""
    closes = (100.0 + 10.0 * (day % 20), 300.0 - 10.0 * (day % 20))
    bars = {s: Bar(close, close + 1, close - 1, close, 1e6) for s, close in zip(symbols, closes, strict=True)}
    return Row(date(2020, 1, 1) + timedelta(days=3 * day), day * _DAY_NS, (day + 1) * _DAY_NS, bars)
