"""Each way in which a session at work may come to other than its backtest is told by its cause."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from scizor.domain.errors import NotFound
from scizor.domain.orders import Side
from scizor.domain.trading.parity import ParityCause
from scizor.services.trading.deployments.moments import Split
from scizor.strategy.errors import StrategyError
from tests.unit.trading_parity.stage import BOUGHT, DAYS, FIRST, NAME, SOLD, WARM, Did, Life, close_of, row_of

DATA, TIMING, PRICE, SIZE, FEES = ParityCause
D = Decimal


async def lived(*orders: Did, **more: Any) -> Life:
    life = Life(orders or (BOUGHT, SOLD), **more)
    await life.live()
    return life


async def test_a_strategy_that_trades_as_its_backtest_has_no_difference() -> None:
    reports = await (await lived()).reports()
    assert [(one.session - FIRST).days for one in reports] == list(range(DAYS - 1, WARM, -1))
    assert {one.differences for one in reports} == {()}
    counts = {(one.session - FIRST).days: (one.live_fills, one.backtest_fills, one.equal_fills) for one in reports}
    assert counts == {day: (1, 1, 1) if day in {5, 7} else (0, 0, 0) for day in counts}


async def test_the_newest_sessions_come_first_and_no_more_than_are_asked_for() -> None:
    life = await lived()
    assert [(one.session - FIRST).days for one in await life.reports(2)] == [9, 8]


@pytest.mark.parametrize(
    ("bought", "cause", "made"),
    [
        (replace(BOUGHT, price="105.03"), PRICE, D("-0.30")),
        (replace(BOUGHT, price="104.90"), PRICE, D("1.00")),
        (replace(BOUGHT, quantity="8"), SIZE, D("-1.0")),  # two shares less of a bar that rose by a half
        (replace(BOUGHT, fee="1.35"), FEES, D("-0.35")),
        (replace(BOUGHT, fee=None), FEES, D("1.0")),
        (replace(BOUGHT, traded=6, price="106"), TIMING, D(-10)),
    ],
)
async def test_what_a_trade_has_of_its_own_is_its_cause(bought: Did, cause: ParityCause, made: Decimal) -> None:
    life = await lived(bought, SOLD)
    assert await life.differences() == [(5, cause, made)]
    report = next(one for one in await life.reports() if one.differences)
    assert (report.pnl, report.equal_fills, report.differences[0].order_id) == (made, 0, "o1")


async def test_one_who_slept_while_his_backtest_traded_is_out_of_time() -> None:
    life = Life(())
    await life.live()
    # Ten shares bought would have gained a half each, ten sold would have missed one, and both cost fees.
    assert await life.differences() == [(5, TIMING, D("-4.0")), (7, TIMING, D("6.00166"))]


async def test_an_order_that_never_filled_is_out_of_time() -> None:
    life = await lived(BOUGHT, SOLD)
    entries = life.storage.tables.trading.entries
    entries["DU1"] = [one for one in entries["DU1"] if one.order.id != "o2"]
    assert await life.differences() == [(7, TIMING, D("6.00166"))]


async def test_what_was_decided_on_another_bar_is_a_matter_of_data() -> None:
    # Shown live, the bar closed below 104; it was corrected since. So the strategy bought a day later.
    life = await lived(replace(BOUGHT, decided=5, price="106"), SOLD, shown={4: row_of(4, close=103.5)})
    assert await life.differences() == [(5, DATA, D("-4.0")), (6, DATA, D("4.0"))]


async def test_a_price_that_was_corrected_since_is_a_matter_of_data() -> None:
    life = await lived(replace(BOUGHT, price="105.50"), SOLD, shown={5: row_of(5, open=105.5)})
    assert await life.differences() == [(5, DATA, D("-5.00"))]


async def test_other_bars_excuse_nothing_that_they_do_not_explain() -> None:
    life = await lived(replace(BOUGHT, price="105.25"), SOLD, shown={8: row_of(8, close=108.0)})
    assert await life.differences() == [(5, PRICE, D("-2.50"))]


async def test_an_order_that_the_strategy_never_asked_for_is_not_its_own() -> None:
    stranger = Did(Side.BUY, 7, "108")
    life = await lived(BOUGHT, SOLD, stranger, asleep=[7])
    assert await life.differences() == []


async def test_sessions_are_valued_at_their_own_last_prices() -> None:
    short, long = await lived(replace(BOUGHT, quantity="8"), SOLD, days=7), await lived(replace(BOUGHT, quantity="8"))
    assert (await short.differences())[0] == (await long.differences())[0]


async def test_a_trade_after_the_newest_row_waits_for_the_row() -> None:
    late = replace(BOUGHT, decided=4, traded=8, price="105")
    life = await lived(late, SOLD, days=8)
    seen = {(report.session - FIRST).days: report.live_fills for report in await life.reports()}
    assert seen[5] == 0
    life.rows.rows.append(row_of(8))
    await life.day(8)
    seen = {(report.session - FIRST).days: report.live_fills for report in await life.reports()}
    assert seen[5] == 1


async def test_what_is_told_late_is_taken_in_without_another_backtest() -> None:
    life = await lived(replace(BOUGHT, fee=None), SOLD)
    assert [cause for _, cause, _ in await life.differences()] == [FEES]
    life.orders = (BOUGHT, SOLD)
    life.journal()
    assert await life.differences() == []
    assert len(life.sandbox.asked) == 1


async def test_a_bar_that_is_corrected_makes_another_backtest() -> None:
    life = await lived()
    assert await life.differences() == []
    life.rows.rows[5] = row_of(5, open=104.75)
    assert await life.differences() == [(5, DATA, D("-2.50"))]
    assert len(life.sandbox.asked) == 2


async def test_before_the_first_row_there_is_nothing_to_compare() -> None:
    assert await (await lived(days=WARM)).reports() == []
    gone = await lived()
    gone.rows.rows = gone.rows.rows[:WARM]
    assert await gone.reports() == []


async def test_a_deployment_that_there_is_not_is_refused() -> None:
    with pytest.raises(NotFound):
        await Life().reports()


async def test_what_the_strategy_does_wrong_is_told_and_forgotten() -> None:
    life = await lived()
    life.sandbox.failure = StrategyError("it divided by nothing")
    with pytest.raises(StrategyError):
        await life.reports()
    assert await life.differences() == []


async def test_a_split_that_was_told_since_makes_other_bars() -> None:
    life = await lived()
    life.rows.splits[8] = (Split(NAME, D(2), close_of(7)),)
    assert await life.differences() == []
    assert len(life.sandbox.asked) == 2
