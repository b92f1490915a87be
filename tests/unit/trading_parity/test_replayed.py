"""A deployed strategy told again as a backtest: what the program answers, and which answers are believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import Side
from scizor.engine.costs.schedules import ib_fixed_us
from scizor.engine.settings import Settings
from scizor.ports.sandbox import Answer, Limits, Question, Sandbox
from scizor.services.research import replayed
from scizor.services.research.live_parts import Start
from scizor.strategy.live import Row
from scizor.strategy.views import Bar

UP, DOWN = "UP.NYSE.USD", "DOWN.NYSE.USD"
FIRST = date(2012, 1, 2)


class InThisProcess:
    """Runs the program here. `answer`: given in place of its own."""

    def __init__(self, answer: Answer | None = None) -> None:
        self._answer = answer

    async def run(self, program: str, document: Mapping[str, Any], arrays: Mapping[str, Any], _: Limits) -> Answer:
        assert program == replayed.PROGRAM
        return self._answer or replayed.run(Question(document, arrays), lambda _: None)


def rows(days: int) -> list[Row]:
    """One symbol rises by one a day, the other is in doubt; it has no bar on the third day."""
    made = []
    for place in range(days):
        session = FIRST + timedelta(days=place)
        opened = int(datetime(session.year, session.month, session.day, 14, 30, tzinfo=UTC).timestamp()) * 10**9
        price = 100.0 + place
        bars = {UP: Bar(price, price + 1, price - 1, price + 0.5, 1e6)}
        if place != 2:
            low = 50.0 + place % 2
            bars[DOWN] = Bar(low, low + 1, low - 1, low, 1e6)
        made.append(Row(session, opened, opened + 23_400 * 10**9, bars))
    return made


async def told(start: Start, days: int, first_row: int, sandbox: InThisProcess | None = None) -> list[Any]:
    box = cast("Sandbox", sandbox or InThisProcess())
    return await replayed.replayed(box, start, rows(days), {}, first_row, Limits())


def start(builtin: str = "buy_and_hold", **parameters: Any) -> Start:
    settings = Settings(initial_cash=10_000.0, commission=ib_fixed_us())
    return Start((UP, DOWN), settings, builtin=builtin, parameters=parameters)


async def test_trading_begins_with_the_first_row_that_was_shown() -> None:
    fills = await told(start(), 10, 5)
    assert {(one.row, one.decided, one.at_open) for one in fills} == {(6, 5, True)}
    assert {one.symbol for one in fills} == {UP, DOWN}
    bought = next(one for one in fills if one.symbol == UP)
    assert (bought.side, bought.price) == (Side.BUY, Decimal("106.0"))
    assert bought.quantity * bought.price <= 5_100
    assert bought.commission == Decimal("1.0")


async def test_rows_before_are_history() -> None:
    crossed = await told(start("sma_cross", fast=2, slow=3), 10, 0)
    later = await told(start("sma_cross", fast=2, slow=3), 10, 7)
    assert [one.row for one in crossed] == [7, 8, 9]
    assert [one.row for one in later] == [9]


@pytest.mark.parametrize(
    "forged",
    [
        None,
        np.zeros(3),
        np.zeros((1, 8)),
        np.full((1, 9), np.nan),
        np.array([[99.0, 0, 1, 1, 0, 1, 1, 0, 0]]),
        np.array([[1.0, 7, 1, 1, 0, 1, 1, 0, 0]]),
        np.array([[1.0, 0, 1, 3, 0, 1, 1, 0, 0]]),
        np.array([[1.0, 0, 1, 1, 0, 1, 1, 0, 2]]),
    ],
)
async def test_an_answer_that_cannot_be_is_not_believed(forged: Any) -> None:
    answer = Answer({}, {} if forged is None else {"fills": forged})
    with pytest.raises(InvalidInput, match="fills"):
        await told(start(), 10, 5, InThisProcess(answer))
