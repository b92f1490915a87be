from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import FillTiming
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy import (
    Context,
    EventStrategy,
    Fill,
    Interval,
    Order,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from scizor.strategy import indicators as ta
from scizor.strategy.drive import Driver
from tests.unit.strategy.build import NAN, panel_of, random_panel

HOUR_NS = 3_600_000_000_000


def drive(
    strategy: EventStrategy, market: Market | Panel, *, first_row: int = 0, settings: Settings | None = None
) -> Driver:
    market = market if isinstance(market, Market) else Market(market)
    driver = Driver(strategy, market, settings or Settings(), first_row=first_row)
    driver.run()
    return driver


class Diary(EventStrategy):
    """Buys ten in the first row, sells them by a limit, and writes down what it is told."""

    def on_start(self, ctx: Context) -> None:
        self.told: list[object] = ["start"]
        self.orders: list[Order] = []
        self.fills: list[Fill] = []

    def on_bar(self, ctx: Context) -> None:
        self.told.append((ctx.session.day, ctx.position("A")))
        if len(self.told) == 2:
            self.bought = ctx.buy("A", 10, label="entry")
        if len(self.told) == 5:
            self.sold = ctx.sell("A", 10, limit=13.0)

    def on_order(self, ctx: Context, order: Order) -> None:
        self.told.append(("order", order.id, order.state))
        self.orders.append(order)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.told.append(("fill", fill.order_id, ctx.position("A")))
        self.fills.append(fill)

    def on_stop(self, ctx: Context) -> None:
        self.told.append("stop")


def test_what_happened_in_a_row_is_told_before_its_bar() -> None:
    strategy = Diary()
    driver = drive(strategy, panel_of([[10.0], [11.0], [12.0], [12.5]], symbols=["A"]))
    assert strategy.told == [
        "start",
        (1, 0.0),
        ("fill", 1, 10.0),
        ("order", 1, OrderState.FILLED),
        (2, 10.0),
        ("fill", 2, 0.0),
        ("order", 2, OrderState.FILLED),
        (3, 0.0),
        (4, 0.0),
        "stop",
    ]
    bought, sold = strategy.fills
    assert (bought.side, bought.quantity, bought.price, bought.label) == (Side.BUY, 10.0, 11.0, "entry")
    assert (sold.side, sold.price, sold.symbol, sold.time) == (Side.SELL, 13.0, "A", datetime(1970, 1, 4, tzinfo=UTC))
    assert (strategy.orders[0].average_price, strategy.orders[1].limit, strategy.orders[1].remaining) == (11.0, 13.0, 0)
    assert driver.context.labels == {1: "entry"}


class Looking(EventStrategy):
    """Writes down all that can be seen of A."""

    mean = ta.sma(window=2)
    bands = ta.bollinger(window=2)

    def on_start(self, ctx: Context) -> None:
        self.seen: list[tuple[object, ...]] = []

    def on_bar(self, ctx: Context) -> None:
        self.seen.append(
            (ctx.time, ctx.session, ctx.close("A"), ctx.bar("A"), self.mean["A"], ctx.history("A", 2).tolist())
        )
        assert self.bands.middle["A"] == self.mean["A"] or self.mean["A"] != self.mean["A"]


def test_a_row_shows_its_time_its_bar_and_the_values_of_indicators() -> None:
    strategy = Looking()
    drive(strategy, panel_of([[10.0], [20.0]], symbols=["A"]))
    first, second = strategy.seen
    assert first[:4] == (datetime(1970, 1, 2, tzinfo=UTC), date(1970, 1, 1), 10.0, (10.0, 11.0, 9.5, 10.0, 1e6))
    assert np.isnan(first[4])  # type: ignore[call-overload]  # a float among objects
    assert second[4:] == (15.0, [10.0, 20.0])


def test_a_missing_bar_is_none_the_last_close_stays_and_history_skips_it() -> None:
    strategy = Looking()
    drive(strategy, panel_of([[10.0, 1.0], [NAN, 1.0], [30.0, 1.0]], symbols=["A", "B"]))
    close, bar, mean, history = strategy.seen[1][2:]
    assert (close, bar, history) == (10.0, None, [10.0])
    assert np.isnan(mean)  # type: ignore[call-overload]  # a float among objects
    assert strategy.seen[2][4:] == (20.0, [10.0, 30.0])


def test_history_is_a_copy_that_ends_now_and_cannot_be_written() -> None:
    panel = random_panel(50, 2, 3)
    windows: list[FloatArray] = []

    class Keeping(EventStrategy):
        mean = ta.sma(window=3)

        def on_bar(self, ctx: Context) -> None:
            window = ctx.history("S1", 5, "high")
            windows.append(window)
            with pytest.raises(ValueError, match="read-only"):
                window[0] = 1.0
            assert not np.shares_memory(window, panel.high)
            assert window.base is None or not np.shares_memory(window.base, panel.high)
            values = self.mean.history("S1", 2)
            assert values[-1] == self.mean["S1"] or np.isnan(values[-1])

    drive(Keeping(), panel)
    for row, window in enumerate(windows):
        np.testing.assert_array_equal(window, panel.high[max(row - 4, 0) : row + 1, 1])


def test_only_complete_days_are_seen_from_hours() -> None:
    seen: list[list[float]] = []

    class Days(EventStrategy):
        mean = ta.sma(window=2, interval=Interval.DAY_1)

        def on_bar(self, ctx: Context) -> None:
            days = ctx.history("S0", 9, interval=Interval.DAY_1)
            seen.append([*days, self.mean["S0"]])

    panel = random_panel(9, 1, 1, bar_ns=HOUR_NS, bars_a_day=3)
    drive(Days(), panel)
    first, second = float(panel.close[2, 0]), float(panel.close[5, 0])
    assert [row[:-1] for row in seen] == [[]] * 3 + [[first]] * 3 + [[first, second]] * 3
    assert [row[-1] for row in seen[6:]] == [pytest.approx((first + second) / 2)] * 3


def test_windows_and_indicators_are_on_the_scale_of_now() -> None:
    seen: list[tuple[list[float], float, float]] = []

    class Scales(EventStrategy):
        mean = ta.sma(window=2)

        def on_bar(self, ctx: Context) -> None:
            seen.append((ctx.history("A", 3).tolist(), self.mean["A"], ctx.history("A", 3, "volume")[0]))

    panel = panel_of([[100.0], [102.0], [51.0], [52.0]], symbols=["A"])
    split = CorporateAction(ActionType.SPLIT, date(1970, 1, 3), Decimal(2), "test")
    drive(Scales(), Market(panel, actions={"A": [split]}))
    assert seen[1] == ([100.0, 102.0], 101.0, 1e6)
    assert seen[2] == ([50.0, 51.0, 51.0], 51.0, 2e6)
    assert seen[3] == ([51.0, 51.0, 52.0], 51.5, 2e6)


def test_rows_before_the_first_are_seen_and_not_traded() -> None:
    class Warm(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.rows: list[int] = []
            self.known_at_start = ctx.history("S0", 99)

        def on_bar(self, ctx: Context) -> None:
            self.rows.append(len(ctx.history("S0", 99)))

    strategy = Warm()
    drive(strategy, random_panel(20, 1, 1), first_row=15)
    assert len(strategy.known_at_start) == 15
    assert strategy.rows == [16, 17, 18, 19, 20]


def test_open_orders_are_as_of_now_although_the_simulation_runs_ahead() -> None:
    class Waiting(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.open: list[int] = []
            self.row = 0

        def on_bar(self, ctx: Context) -> None:
            self.row += 1
            if self.row == 1:
                ctx.buy("A", 1, limit=5.0)
                other = ctx.one_cancels_other()
                ctx.buy("B", 1, limit=1.0, group=other)
                self.late = ctx.buy("B", 1, limit=1.0, group=other, tif=TimeInForce.GTC)
            self.open.append(len(ctx.orders()))
            if self.row == 3:
                assert ctx.cancel(self.late)
                assert not ctx.cancel(self.late)
                assert ctx.order(self.late).state is OrderState.CANCELLED
                assert [order.type for order in ctx.orders("A")] == [OrderType.LIMIT]
            if self.row == 5:
                assert ctx.cancel_all("B") == 1

    strategy = Waiting()
    drive(strategy, panel_of([[10.0, 10.0]] * 5 + [[5.0, 10.0], [10.0, 10.0]], symbols=["A", "B"]))
    assert strategy.open == [3, 3, 3, 2, 2, 0, 0]


def test_a_bracket_is_an_entry_with_exits_that_know_their_parent() -> None:
    class Bracketed(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.placed = False

        def on_bar(self, ctx: Context) -> None:
            if not self.placed:
                self.placed = True
                self.bracket = ctx.bracket("A", 5, take_profit=20.0, stop_loss=5.0, label="b")
                assert [order.label for order in ctx.orders()] == ["b", "b", "b"]
                assert [order.parent for order in ctx.orders()] == [None, self.bracket.entry, self.bracket.entry]

    strategy = Bracketed()
    drive(strategy, panel_of([[10.0], [10.0], [25.0], [10.0]], symbols=["A"]))
    assert strategy.bracket.take_profit is not None
    assert strategy.bracket.stop_loss is not None


def test_positions_are_closed_by_one_call() -> None:
    class Closing(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.held: list[dict[str, float]] = []

        def on_bar(self, ctx: Context) -> None:
            self.held.append(dict(ctx.positions()))
            if len(self.held) == 1:
                ctx.target("A", 0.5)
                assert ctx.close_position("B") is None
            if len(self.held) == 3:
                assert ctx.close_position("A") is not None

    strategy = Closing()
    drive(strategy, panel_of([[10.0, 10.0]] * 5, symbols=["A", "B"]), settings=Settings(initial_cash=1_000.0))
    assert strategy.held == [{}, {"A": 50.0}, {"A": 50.0}, {}, {}]


@pytest.mark.parametrize("timing", FillTiming)
def test_positions_are_as_of_now_whenever_an_order_fills(timing: FillTiming) -> None:
    class Buying(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.held: list[float] = []
            self.told_at: list[int] = []

        def on_bar(self, ctx: Context) -> None:
            self.held.append(ctx.position("A"))
            if len(self.held) == 1:
                ctx.buy("A", 5)

        def on_fill(self, ctx: Context, fill: Fill) -> None:
            self.told_at.append(len(self.held))

    strategy = Buying()
    drive(strategy, panel_of([[10.0]] * 4, symbols=["A"]), settings=Settings(fill_timing=timing))
    assert (strategy.held, strategy.told_at) == ([0.0, 5.0, 5.0, 5.0], [1])


def test_the_account_can_be_read_before_the_first_row() -> None:
    class Early(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            assert (ctx.cash, ctx.equity, ctx.position("A"), ctx.orders()) == (1_000.0, 1_000.0, 0.0, ())

        def on_bar(self, ctx: Context) -> None:
            assert (ctx.cash, ctx.equity) == (1_000.0, 1_000.0)

    drive(Early(), panel_of([[10.0]], symbols=["A"]), settings=Settings(initial_cash=1_000.0))


def test_no_public_attribute_of_the_context_leads_to_later_bars() -> None:
    found: list[str] = []

    class Prying(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            public = (name for name in dir(ctx) if not name.startswith("_"))
            found.extend(name for name in public if isinstance(getattr(ctx, name), np.ndarray | Panel | Market))

    drive(Prying(), panel_of([[10.0]], symbols=["A"]))
    assert found == []


class Trailing(EventStrategy):
    """Buys ten and trails them; writes down where the stop stands."""

    def on_start(self, ctx: Context) -> None:
        self.stops: list[float | None] = []
        self.trailed: list[int] = []

    def on_bar(self, ctx: Context) -> None:
        if not self.trailed:
            ctx.buy("A", 10)
            self.trailed = [ctx.sell("A", 10, trail=5.0), ctx.sell("A", 10, trail_fraction=0.25)]
        else:
            self.stops += [ctx.order(number).trigger for number in self.trailed]


def test_a_trailing_order_shows_its_stop_as_of_now() -> None:
    strategy = Trailing()
    # Bars reach one above their close: the highest price so far is that of the bar before.
    drive(strategy, panel_of([[100.0], [101.0], [103.0], [103.0], [107.0]], symbols=["A"]))
    highest = [102.0, 104.0, 104.0, 108.0]
    assert strategy.stops == [stop for high in highest for stop in (high - 5.0, high * 0.75)]
