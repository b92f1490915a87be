from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import FillCause
from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.strategy import (
    Bar,
    Bracket,
    Context,
    EventStrategy,
    Fill,
    Order,
    OrderEnd,
    OrderState,
    OrderType,
    Side,
    StrategyError,
    TimeInForce,
)
from scizor.strategy.live import Cancel, Intent, LiveStrategy, Place, Row, View, live_of
from tests.unit.strategy.build import random_panel
from tests.unit.strategy.live_host import Host
from tests.unit.strategy.test_live_parity import Busy, log_of, same

DAY_NS = 86_400_000_000_000
VIEW = View(100_000.0, 100_000.0)


class Does(EventStrategy):
    """What the test says, row by row; writes down what it is told."""

    plan: ClassVar[dict[int, Any]] = {}

    def on_start(self, ctx: Context) -> None:
        self.log: list[Any] = []
        self.row = 0

    def on_bar(self, ctx: Context) -> None:
        self.row += 1
        if self.row in self.plan:
            self.log.append(self.plan[self.row](ctx))

    def on_order(self, ctx: Context, order: Order) -> None:
        self.log.append((order.id, order.state, order.end))

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.log.append(fill)

    def on_stop(self, ctx: Context) -> None:
        self.log.append("stopped")


def made(plan: dict[int, Any], *, window_rows: int | None = None, lot_size: float = 1.0) -> LiveStrategy:
    one = type("Does", (Does,), {"plan": plan})()
    return live_of(one, ["A", "B"], Settings(), {"A": Listing(lot_size=lot_size)}, window_rows=window_rows)


def row(day: int, **closes: float) -> Row:
    bars = {symbol: Bar(close, close + 1, close - 0.5, close, 1e6) for symbol, close in closes.items()}
    return Row(date.fromordinal(date(2020, 1, 1).toordinal() + day), day * DAY_NS, (day + 1) * DAY_NS, bars)


def working(number: int, **other: Any) -> Order:
    words = (number, "A", Side.BUY, OrderType.MARKET, TimeInForce.GTC, OrderState.WORKING, OrderEnd.NONE)
    return Order(*words, 10.0, 0.0, None, None, None, None, None, "")._replace(**other)


def test_orders_become_intents_with_ids_that_count_from_one() -> None:
    def act(ctx: Context) -> tuple[int, Bracket, int]:
        bought = ctx.buy("A", 10, limit=9.5, label="first")
        return bought, ctx.bracket("B", 5, take_profit=25, stop_loss=15), ctx.sell("A", 3, trail=0.5)

    live = made({1: act})
    asked = live.advance(row(0, A=10.0, B=20.0), VIEW)
    assert asked == (
        Place(1, "A", Side.BUY, 10.0, OrderType.LIMIT, limit=9.5, label="first"),
        Place(2, "B", Side.BUY, 5.0),
        Place(3, "B", Side.SELL, 5.0, OrderType.LIMIT, limit=25.0, parent=2),
        Place(4, "B", Side.SELL, 5.0, OrderType.STOP, trigger=15.0, parent=2),
        Place(5, "A", Side.SELL, 3.0, OrderType.TRAILING, trail_amount=0.5),
    )
    assert log_of(live) == [(1, Bracket(2, 3, 4), 5)]


def test_what_was_asked_for_is_seen_in_the_same_row() -> None:
    def act(ctx: Context) -> Any:
        ctx.bracket("A", 10, take_profit=12, stop_loss=8)
        ctx.sell("A", 3, trail=0.5)
        before = [(one.id, one.state, one.trigger) for one in ctx.orders("A")]
        return before, ctx.cancel(1), ctx.cancel(1), [one.id for one in ctx.orders()], ctx.order(2).end

    live = made({1: act})
    asked = live.advance(row(0, A=10.0, B=20.0), VIEW)
    states = [(1, OrderState.WORKING, None), (2, OrderState.HELD, None), (3, OrderState.HELD, 8.0)]
    assert log_of(live) == [([*states, (4, OrderState.WORKING, 9.5)], True, False, [4], OrderEnd.PARENT)]
    assert asked[-1] == Cancel(1)


def test_a_weight_is_sized_and_takes_the_place_of_the_one_that_waits() -> None:
    live = made({1: lambda ctx: ctx.target("A", 0.5), 2: lambda ctx: ctx.target("A", 0.25)})
    assert live.advance(row(0, A=10.0, B=20.0), VIEW) == (Place(1, "A", Side.BUY, 5_000.0, weight=0.5, wanted=5_000.0),)
    held = View(90_000.0, 100_000.0, {"A": 1_000.0}, (working(1, weight=0.5, filled=1_000.0, quantity=5_000.0),))
    assert live.advance(row(1, A=10.0), held) == (
        Cancel(1),
        Place(2, "A", Side.BUY, 1_500.0, weight=0.25, wanted=2_500.0),
    )


def test_a_weight_that_asks_for_nothing_more_is_not_sent_and_told_ended() -> None:
    live = made({1: lambda ctx: ctx.target("A", 0.5), 2: lambda ctx: ctx.target("A", 0.5)})
    held = View(95_000.0, 100_000.0, {"A": 5_000.0})
    assert live.advance(row(0, A=10.0), held) == ()
    assert live.advance(row(1, A=10.0), held) == ()
    assert log_of(live) == [None, (1, OrderState.CANCELLED, OrderEnd.NOTHING_TO_DO), None]


def test_an_order_that_nobody_knows_of_was_never_sent_and_its_weight_is_news_again() -> None:
    live = made({1: lambda ctx: (ctx.target("A", 0.5), ctx.buy("B", 1)), 2: lambda ctx: ctx.target("A", 0.5)})
    assert live.advance(row(0, A=10.0, B=20.0), VIEW, acting=False) == ()
    asked = live.advance(row(1, A=10.0, B=20.0), VIEW)
    assert [one.id for one in asked] == [3]
    rejected = [(number, OrderState.REJECTED, OrderEnd.NONE) for number in (1, 2)]
    assert log_of(live) == [(None, 2), *rejected, None]


def test_a_weight_that_was_refused_stands_until_another_is_asked_for() -> None:
    again = dict.fromkeys((1, 2), lambda ctx: ctx.target("A", 0.5)) | {3: lambda ctx: ctx.target("A", 0.4)}
    live = made(again)
    live.advance(row(0, A=10.0), VIEW)
    refused = working(1, state=OrderState.REJECTED, end=OrderEnd.INSUFFICIENT_FUNDS, weight=0.5)
    assert live.advance(row(1, A=10.0), View(1e5, 1e5, happened=(refused,))) == ()
    assert [one.id for one in live.advance(row(2, A=10.0), VIEW)] == [2]


def test_what_happened_is_told_in_its_order_before_the_row() -> None:
    live = made({1: lambda ctx: ctx.buy("A", 10), 2: lambda ctx: (ctx.position("A"), ctx.cash, ctx.order(1).filled)})
    live.advance(row(0, A=10.0), VIEW)
    filled = working(1, state=OrderState.FILLED, filled=10.0)
    fill = Fill(1, "A", Side.BUY, 10.0, 10.0, 1.0, FillCause.ORDER, None, "")  # type: ignore[arg-type] # told as it is
    live.advance(row(1, A=10.0), View(99_899.0, 99_999.0, {"A": 10.0}, (), (fill, filled)))
    assert log_of(live) == [1, fill, (1, OrderState.FILLED, OrderEnd.NONE), (10.0, 99_899.0, 10.0)]


def test_no_id_is_given_twice_even_where_the_strategy_remembers_fewer() -> None:
    live = made({1: lambda ctx: ctx.buy("A", 1), 2: lambda ctx: ctx.buy("A", 1)})
    live.advance(row(0, A=10.0), View(1.0, 1.0, orders=(working(7),)))
    asked = live.advance(row(1, A=10.0), View(1.0, 1.0, orders=(working(7), working(8)), last_id=30))
    assert [one.id for one in asked] == [31]


def test_a_closed_position_may_be_a_part_of_a_lot() -> None:
    live = made({1: lambda ctx: ctx.close_position("A")}, lot_size=100.0)
    (asked,) = live.advance(row(0, A=10.0), View(0.0, 0.0, {"A": 150.0}))
    assert asked == Place(1, "A", Side.SELL, 150.0)


@pytest.mark.parametrize("cut", [1, 17, 40])
def test_a_run_begun_anew_and_told_the_same_again_is_where_it_was(cut: int) -> None:
    market = Market(random_panel(60, 3, 4))
    first = live_of(Busy(), market.panel.symbols, Settings())
    host = Host(first, market, Settings())
    host.run()
    again = live_of(Busy(), market.panel.symbols, Settings())
    later: list[Intent] = []
    for place, (shown, view) in enumerate(host.seen):
        acting = place >= cut
        later += again.tell(view, acting=acting) if shown is None else again.advance(shown, view, acting=acting)
    assert same(log_of(again), log_of(first))
    assert later
    assert later == host.asked[-len(later) :]


def test_memory_is_bounded_and_so_is_how_far_back_can_be_looked() -> None:
    def look(ctx: Context) -> Any:
        return ctx.history("A", 5).tolist()

    live = made({30: look, 33: lambda ctx: ctx.history("A", 6)}, window_rows=5)
    for day in range(32):
        live.advance(row(day, A=10.0 + day), VIEW)
    assert log_of(live) == [[35.0, 36.0, 37.0, 38.0, 39.0]]
    with pytest.raises(StrategyError, match="n: must be at most 5, the rows a run that trades looks back on, is 6"):
        live.advance(row(32, A=10.0), VIEW)


def test_bars_that_were_let_go_of_are_not_passed_over_in_silence() -> None:
    live = made({40: lambda ctx: ctx.history("B", 2)}, window_rows=5)
    for day in range(39):
        live.advance(row(day, A=10.0) if day else row(day, A=10.0, B=20.0), VIEW)
    with pytest.raises(StrategyError, match="B has had 0 bars in the rows"):
        live.advance(row(39, A=10.0), VIEW)


def test_an_error_names_the_line_and_the_bar() -> None:
    live = made({1: lambda ctx: 1 / 0})
    with pytest.raises(StrategyError, match=r"test_live_event\.py:\d+ at 2020-01-01: ZeroDivisionError") as caught:
        live.advance(row(0, A=10.0), VIEW)
    assert caught.value.line
    with pytest.raises(StrategyError, match="B has no bar yet"):
        made({1: lambda ctx: ctx.buy("B", 1)}).advance(row(0, A=10.0), VIEW)
    with pytest.raises(StrategyError, match="must be a whole number of lots of 100"):
        made({1: lambda ctx: ctx.buy("A", 10)}, lot_size=100.0).advance(row(0, A=10.0), VIEW)


def test_a_row_that_does_not_follow_is_refused_and_was_not_seen() -> None:
    live = made({2: lambda ctx: ctx.history("A", 9).tolist()})
    live.advance(row(1, A=10.0), VIEW)
    for wrong in (row(1, A=11.0), row(2, C=1.0), row(2, A=-1.0)):
        with pytest.raises(InvalidInput) as caught:
            live.advance(wrong, VIEW)
        assert not isinstance(caught.value, StrategyError)
    live.advance(row(2, A=12.0), VIEW)
    assert log_of(live) == [[10.0, 12.0]]


def test_nothing_can_be_asked_for_before_the_first_row_and_after_the_last() -> None:
    class Early(Does):
        def on_start(self, ctx: Context) -> None:
            super().on_start(ctx)
            self.log.append((ctx.cash, ctx.close("A")))

        def on_stop(self, ctx: Context) -> None:
            ctx.buy("A", 1)

    live = live_of(Early(), ["A"], Settings(initial_cash=5.0))
    live.warm(row(0, A=3.0))
    live.advance(row(1, A=4.0), VIEW)
    assert log_of(live) == [(5.0, 3.0)]
    with pytest.raises(StrategyError, match="from the first bar to the last only"):
        live.stop(VIEW)


def test_a_strategy_that_was_shown_no_row_is_not_told_of_an_end() -> None:
    live = made({})
    live.warm(row(0, A=3.0))
    live.stop(VIEW)
    assert not hasattr(live._strategy, "log")  # type: ignore[attr-defined] # on_start was not called either


def test_one_row_takes_so_many_orders_and_no_more() -> None:
    live = made({1: lambda ctx: [ctx.buy("A", 1) for _ in range(2_001)]})
    with pytest.raises(StrategyError, match="more than 2,000 orders and cancels in one row"):
        live.advance(row(0, A=10.0), VIEW)


def test_indicators_and_history_are_numbers_that_cannot_be_written_to() -> None:
    live = made({1: lambda ctx: ctx.history("A", 1).flags.writeable})
    live.advance(row(0, A=10.0), VIEW)
    assert log_of(live) == [False]
