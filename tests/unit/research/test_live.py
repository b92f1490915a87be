"""A strategy at work asked from afar: the same intents as in this process, and no belief in what comes back."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from scizor.domain.errors import NotFound
from scizor.domain.orders import (
    AccountType,
    FillCause,
    OrderEnd,
    OrderState,
    OrderType,
    PriceRounding,
    Side,
    TimeInForce,
)
from scizor.engine.costs import Commission, Slippage
from scizor.engine.costs.commissions import Tier
from scizor.engine.market import Listing, Market
from scizor.engine.settings import Margin, Settings
from scizor.ports.sandbox import Answer, Limits
from scizor.services.research.live import ready
from scizor.services.research.live_intents import Reader, intents_parts
from scizor.services.research.live_parts import Start, Step, start_of, start_parts, steps_of, steps_parts
from scizor.services.research.live_talk import live_talk
from scizor.strategy import Bar, Fill, Order, StrategyError, get
from scizor.strategy.live import Cancel, Intent, Place, Row, View, live_of
from tests.fakes.sandbox import FakeSandbox
from tests.unit.strategy.build import random_panel
from tests.unit.strategy.live_host import Host, rows_of

SYMBOLS = ("A", "B")
VIEW = View(100_000.0, 100_000.0)
ROW = Row(date(2020, 1, 2), 5, 9, {"A": Bar(1.0, 2.0, 0.5, 1.5, 100.0)})
WORDS = (7, "B", Side.SELL, OrderType.STOP_LIMIT, TimeInForce.GTD, OrderState.WORKING, OrderEnd.NONE)
ORDER = Order(*WORDS, 10.0, 4.0, 9.5, 9.0, 9.25, None, 3, "tag")
FILL = Fill(7, "B", Side.SELL, 4.0, 9.5, 1.0, FillCause.STOP_LOSS, datetime(2020, 1, 2, 15, 0, 0, 1, UTC), "tag")
PLACES = (
    Place(1, "A", Side.BUY, 10.0, OrderType.LIMIT, TimeInForce.GTD, 9.5, expires=datetime(2030, 1, 1, tzinfo=UTC)),
    Place(2, "A", Side.SELL, 10.0, OrderType.LIMIT, limit=11.0, parent=1),
    Place(3, "A", Side.SELL, 10.0, OrderType.TRAILING, trail_amount=0.5, parent=1, label="exit"),
    Cancel(2),
    Place(4, "B", Side.SELL, 5.0, weight=-0.25, wanted=-5.0),
    Place(5, "B", Side.BUY, 5.0, OrderType.STOP, trigger=12.0, group=1),
)


def test_a_start_is_read_as_it_was_told() -> None:
    settings = Settings(
        initial_cash=5_000.0,
        account=AccountType.MARGIN,
        margin=Margin(0.4, 0.2, 0.25),
        cash_buffer=0.01,
        price_rounding=PriceRounding.ADVERSE,
        max_participation=0.1,
        slippage=Slippage.volume_share(0.2),
        commission={"A": Commission(per_share=0.01, tiers=(Tier(100.0, 0.005),)), "": Commission(minimum=1.0)},
        fx_bps=2.0,
    )
    listings = {"A": Listing("EUR", 10.0, 0.05)}
    start = Start(SYMBOLS, settings, "text", "mine.py", "", {"fast": 3, "on": True}, listings, 50)
    assert start_of(start_parts(start)) == start


def test_steps_are_read_as_they_were_told() -> None:
    steps = [
        Step(View(1.0, 2.0, {"B": -3.0}, (ORDER,), (ORDER, FILL, ORDER), {"EUR": 1.1}, 9), ROW, (("A", 2.0),)),
        Step(View(3.0, 4.0)),
        Step(View(5.0, 6.0, {}, (), (FILL,)), ROW),
    ]
    assert steps_of(*steps_parts(steps, SYMBOLS), SYMBOLS) == steps


def test_intents_are_read_as_they_were_asked_for() -> None:
    reader = Reader(SYMBOLS, {})
    assert reader.read({"intents": [intents_parts(PLACES, SYMBOLS), []]}, 2, acting=True) == [PLACES, ()]
    assert reader.last_id == 5


def changed(at: int, field: int, value: Any) -> Callable[[list[Any]], Any]:
    def change(told: list[Any]) -> None:
        told[at][field] = value

    return change


@pytest.mark.parametrize(
    "forge",
    [
        *(changed(0, 0, value) for value in (0, -1, 1.0, True, "1", None, 2**40)),
        *(changed(0, 1, value) for value in (2, -1, "A")),
        *(changed(0, 2, value) for value in (0, 2, None)),
        *(changed(0, 3, value) for value in (0.0, -5.0, math.nan, math.inf, 1e10, "5", None, True)),
        *(changed(0, 4, value) for value in (0, 8, 1, 1.5)),
        *(changed(0, 5, value) for value in (0, 8, int(TimeInForce.GTC))),
        *(changed(0, 6, value) for value in (None, 0.0, math.nan, math.inf, "9")),
        changed(0, 7, 3.0),
        *(changed(0, 10, value) for value in (None, 0, 10**18, "soon")),
        *(changed(0, 11, value) for value in (-1, 2**31, 0.0)),
        *(changed(1, 12, value) for value in (3, 0, 9, "1")),
        changed(1, 3, 9.0),
        changed(1, 2, 1),
        changed(1, 1, 1),
        *(changed(4, 13, value) for value in (None, math.nan, math.inf)),
        changed(4, 14, None),
        changed(5, 15, 7),
        lambda told: told[0].append(1),
        lambda told: told.append(99),
        lambda told: told.append(-1),
        lambda told: told.append(True),
        lambda told: told.append({"id": 1}),
        lambda told: told.append(list(told[0])),
        lambda told: told.insert(3, [6, *told[2][1:]]),
        lambda told: told.extend([1] * 2_000),
    ],
)
def test_what_no_strategy_could_ask_for_is_refused_as_its_fault(forge: Callable[[list[Any]], Any]) -> None:
    told = intents_parts(PLACES, SYMBOLS)
    forge(told)
    with pytest.raises(StrategyError, match="no answer"):
        Reader(SYMBOLS, {}).read({"intents": [told]}, 1, acting=True)


@pytest.mark.parametrize("document", [{}, {"intents": None}, {"intents": [[], []]}, {"intents": [None]}])
def test_an_answer_that_is_none_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="no answer"):
        Reader(SYMBOLS, {}).read(document, 1, acting=True)


def test_ids_are_not_given_twice_over_answers_and_prices_are_on_ticks() -> None:
    reader = Reader(SYMBOLS, {"A": Listing(tick_size=0.5)})
    first = intents_parts((Place(1, "A", Side.BUY, 1.0),), SYMBOLS)
    reader.read({"intents": [first]}, 1, acting=True)
    with pytest.raises(StrategyError, match="id"):
        reader.read({"intents": [first]}, 1, acting=True)
    between = intents_parts((Place(2, "A", Side.BUY, 1.0, OrderType.LIMIT, limit=9.25),), SYMBOLS)
    with pytest.raises(StrategyError, match="multiple of the tick"):
        reader.read({"intents": [between]}, 1, acting=True)
    with pytest.raises(StrategyError, match="told not to act"):
        reader.read({"intents": [intents_parts((Place(9, "A", Side.BUY, 1.0),), SYMBOLS)]}, 1, acting=False)


@pytest.mark.parametrize("strategy_id", ["donchian_breakout_event", "sma_cross"])
async def test_asked_from_afar_a_strategy_does_as_in_this_process_and_again_after_a_new_beginning(
    strategy_id: str,
) -> None:
    market, settings = Market(random_panel(120, 3, 4)), Settings(slippage=Slippage.bps(1.0))
    symbols = market.panel.symbols
    host = Host(live_of(get(strategy_id)(), symbols, settings), market, settings, first_row=30)
    host.run()
    start = Start(symbols, settings, builtin=strategy_id)
    asked: list[Intent] = []
    cut = len(host.seen) // 2
    steps = [Step(view, row) for row, view in host.seen]
    async with live_talk(FakeSandbox(), start, Limits()) as talk:
        await talk.warm(rows_of(market.panel)[:30])
        for row, view in host.seen[:cut]:
            asked += await talk.tell(view) if row is None else await talk.row(row, view)
    async with live_talk(FakeSandbox(), start, Limits()) as talk:
        await talk.warm(rows_of(market.panel)[:30])
        await talk.replay(steps[:cut])
        for row, view in host.seen[cut:]:
            asked += await talk.tell(view) if row is None else await talk.row(row, view)
        await talk.stop(VIEW)
    assert asked == host.asked
    assert asked


async def test_a_text_is_loaded_and_its_errors_name_its_lines() -> None:
    source = """
from scizor.strategy import EventStrategy
class Mine(EventStrategy):
    def on_bar(self, ctx):
        ctx.buy("A", 1, limit=9.0) if ctx.close("A") > 1 else 1 / 0
"""
    start = Start(("A",), Settings(), source=source, file="mine.py")
    async with live_talk(FakeSandbox(), start, Limits()) as talk:
        assert await talk.row(ROW, VIEW) == (Place(1, "A", Side.BUY, 1.0, OrderType.LIMIT, limit=9.0),)
        cheap = Row(date(2020, 1, 3), 10, 11, {"A": Bar(0.5, 0.5, 0.5, 0.5, 1.0)})
        with pytest.raises(StrategyError, match=r"mine\.py:5 at 1970-01-01T00:00:00Z: ZeroDivisionError"):
            await talk.row(cheap, VIEW)


async def test_splits_are_told_before_their_rows() -> None:
    start = Start(("A",), Settings(), source=SPLIT, file="mine.py")
    async with live_talk(FakeSandbox(), start, Limits()) as talk:
        rows = [Row(date(2020, 1, day), day, day + 1, {"A": Bar(8.0, 8.0, 8.0, 8.0, 1.0)}) for day in (1, 2, 3)]
        await talk.warm(rows[:2], {1: [("A", 2.0)]})
        (asked,) = await talk.row(rows[2], VIEW, splits=[("A", 2.0)])
        assert isinstance(asked, Place)
        assert asked.label == "[2.0, 4.0, 8.0]"


async def test_a_strategy_that_forges_is_at_fault() -> None:
    sandbox = FakeSandbox()
    async with live_talk(sandbox, Start(("A",), Settings(), builtin="buy_and_hold_event"), Limits()) as talk:
        sandbox.forge = lambda _: Answer({"intents": [[[1, 0, 1, -5.0, 1, 2, *[None] * 5, 0, *[None] * 3, ""]]]})
        with pytest.raises(StrategyError, match="no answer"):
            await talk.row(ROW, VIEW)


async def test_a_strategy_that_is_not_there_is_not_begun() -> None:
    with pytest.raises(NotFound):
        async with live_talk(FakeSandbox(), Start(("A",), Settings(), builtin="none"), Limits()):
            pytest.fail("it was begun")


def test_what_strategies_need_is_made_ready() -> None:
    ready()


SPLIT = """
from scizor.strategy import EventStrategy
class Mine(EventStrategy):
    def on_bar(self, ctx):
        ctx.buy("A", 1, label=str(ctx.history("A", 3).tolist()))
"""
