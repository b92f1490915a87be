from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.strategy import Bars, Context, EventStrategy, FloatArray, StrategyError, TimeInForce, VectorStrategy
from scizor.strategy import backtest as backtest_module
from scizor.strategy import indicators as ta
from scizor.strategy.drive import Driver
from scizor.strategy.weights import weights_of
from tests.unit.strategy.build import NAN, panel_of

HERE = Path(__file__).name
PANEL = panel_of([[10.0, 20.0], [11.0, 21.0], [12.0, 22.0], [13.0, NAN]], symbols=["A", "B"])


def error_of(act: Callable[[Context], object], *, row: int = 2, market: Market | None = None) -> StrategyError:
    class Acting(EventStrategy):
        mean = ta.sma(window=1)

        def on_start(self, ctx: Context) -> None:
            self.row = 0

        def on_bar(self, ctx: Context) -> None:
            if self.row == row:
                act(ctx)
            self.row += 1

    with pytest.raises(StrategyError) as caught:
        Driver(Acting(), market or Market(PANEL), Settings()).run()
    return caught.value


AT = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("act", "symbol", "problem"),
    [
        (lambda ctx: ctx.buy("C", 1), "C", "symbol: 'C' is none of this run: it has A, B"),
        (lambda ctx: ctx.close("C"), "C", "symbol: 'C' is none of this run: it has A, B"),
        (lambda ctx: ctx.position("C"), "C", "symbol: 'C' is none of this run: it has A, B"),
        (lambda ctx: ctx.history("C", 1), "C", "symbol: 'C' is none of this run: it has A, B"),
        (lambda ctx: ctx.buy("A", 0), "A", "quantity: must be above 0 and at most 1e+09, is 0"),
        (lambda ctx: ctx.buy("A", -5), "A", "quantity: must be above 0 and at most 1e+09, is -5"),
        (lambda ctx: ctx.sell("A", NAN), "A", "quantity: must be above 0 and at most 1e+09, is nan"),
        (lambda ctx: ctx.sell("A", float("inf")), "A", "quantity: must be above 0 and at most 1e+09, is inf"),
        (lambda ctx: ctx.buy("A", 2e9), "A", "quantity: must be above 0 and at most 1e+09, is 2000000000.0"),
        (lambda ctx: ctx.buy("A", True), "A", "quantity: must be a number, is True"),
        (lambda ctx: ctx.sell("A", False), "A", "quantity: must be a number, is False"),
        (lambda ctx: ctx.bracket("A", True, stop_loss=5.0), "A", "quantity: must be a number, is True"),
        (lambda ctx: ctx.buy("A", 1, limit=True), "A", "limit: must be a number, is True"),
        (lambda ctx: ctx.target("A", True), "A", "weight: must be a number, is True"),
        (lambda ctx: ctx.buy(["A"], 1), "['A']", "symbol: ['A'] is none of this run"),
        (lambda ctx: ctx.buy("A", "5"), "A", "quantity: must be above 0 and at most 1e+09, is '5'"),
        (lambda ctx: ctx.buy("A", 1.5), "A", "quantity: must be a whole number of lots of 1, is 1.5"),
        (lambda ctx: ctx.buy("A", 1e-12), "A", "quantity: must be a whole number of lots of 1, is 1e-12"),
        (lambda ctx: ctx.buy("A", 1, limit=-1.0), "A", "limit: must be positive and finite, is -1.0"),
        (lambda ctx: ctx.buy("A", 1, stop=NAN), "A", "stop: must be positive and finite, is nan"),
        (lambda ctx: ctx.buy("A", 1, trail=0.0), "A", "trail: must be positive and finite, is 0.0"),
        (lambda ctx: ctx.buy("A", 1, trail_fraction=1.0), "A", "trail_fraction: must be below 1, is 1.0"),
        (lambda ctx: ctx.buy("A", 1, stop=1.0, touch=2.0), "A", "touch: stop and touch make no order together"),
        (lambda ctx: ctx.buy("A", 1, limit=1.0, trail=2.0), "A", "trail: limit and trail make no order together"),
        (
            lambda ctx: ctx.buy("A", 1, expires=AT.replace(tzinfo=None)),
            "A",
            "expires: must be a datetime with a time zone",
        ),
        (lambda ctx: ctx.buy("A", 1, expires=AT, tif=TimeInForce.IOC), "A", "expires: means good till date, not IOC"),
        (lambda ctx: ctx.buy("A", 1, tif=TimeInForce.GTD), "A", "expires: is needed for GTD"),
        (lambda ctx: ctx.buy("A", 1, stop=1.0, tif=TimeInForce.OPG), "A", "tif: OPG is for orders at the market"),
        (lambda ctx: ctx.buy("A", 1, group=3), "A", "group: 3 is no group"),
        (
            lambda ctx: ctx.bracket("A", 1),
            "A",
            "take_profit: a bracket has a take_profit, a stop_loss or a trail",
        ),
        (lambda ctx: ctx.bracket("A", 1, take_profit=5.0, stop_loss=6.0), "A", "take_profit: must be above stop_loss"),
        (lambda ctx: ctx.target("A", 1.5), "A", "weight: must be between -1 and 1, is 1.5"),
        (lambda ctx: ctx.target("A", NAN), "A", "weight: must be between -1 and 1, is nan"),
        (lambda ctx: ctx.target("C", 0.5), "C", "symbol: 'C' is none of this run"),
        (lambda ctx: ctx.cancel(7), "", "order_id: 7 is no order of this run"),
        (lambda ctx: ctx.order(0), "", "order_id: 0 is no order of this run"),
        (lambda ctx: ctx.history("A", -1), "A", "n: must be a whole number of bars, 1 or more, is -1"),
        (lambda ctx: ctx.history("A", 0), "A", "n: must be a whole number of bars, 1 or more, is 0"),
        (lambda ctx: ctx.history("A", 1, "price"), "A", "column: must be one of open, high, low, close, volume"),
        (lambda ctx: 1 / 0, "", "ZeroDivisionError: division by zero"),
        (lambda ctx: ctx.buy("A", 1, limt=5.0), "A", "limt: is nothing an order has: it has limit, stop, touch"),
        (lambda ctx: ctx.buy("A", 1, tif="DAY"), "A", "tif: must be TimeInForce.NAME of DAY, GTC, "),
        (lambda ctx: ctx.buy("A", 1, expires="2030-01-01"), "A", "expires: must be a datetime with a time zone"),
        (lambda ctx: ctx.bracket("A", 1, side="BUY", stop_loss=6.0), "A", "side: must be Side.NAME of BUY, SELL"),
        (lambda ctx: ctx.cancel("7"), "", "order_id: '7' is no order of this run"),
    ],
)
def test_what_no_market_would_take_ends_the_run_with_bar_and_line(
    act: Callable[[Context], object], symbol: str, problem: str
) -> None:
    error = error_of(act)
    assert problem in error.message
    assert error.message.startswith(f"{HERE}:{error.line} at 1970-01-03: ")
    assert (error.strategy, error.time, error.symbol) == ("acting", "1970-01-03", symbol)
    assert (Path(error.file).name, error.line > 0) == (HERE, True)


def test_a_field_that_broke_a_rule_stays_a_violation() -> None:
    error = error_of(lambda ctx: ctx.buy("A", 1.5))
    assert [violation.field for violation in error.violations] == ["quantity"]


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = error_of(lambda ctx: ctx.buy("A", 1.5))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (again.message, again.line, again.symbol) == (error.message, error.line, "A")


def test_quantities_are_whole_lots() -> None:
    market = Market(PANEL, listings={"A": Listing(lot_size=0.1), "B": Listing(lot_size=100.0)})
    assert "whole number of lots of 100" in error_of(lambda ctx: ctx.buy("B", 150), market=market).message
    assert "whole number of lots of 0.1" in error_of(lambda ctx: ctx.buy("A", 0.25), market=market).message

    class Buying(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            if not ctx.positions() and not ctx.orders():
                ctx.buy("A", 0.1 + 0.2)  # 0.30000000000000004: three lots, whatever the floats say
                ctx.buy("B", 200)

    Driver(Buying(), market, Settings()).run()


def test_a_symbol_without_a_bar_yet_has_no_price_to_trade_at() -> None:
    panel = panel_of([[NAN, 1.0], [10.0, 1.0]], symbols=["A", "B"])
    error = error_of(lambda ctx: ctx.buy("A", 1), row=0, market=Market(panel))
    assert "symbol: A has no bar yet" in error.message


def test_no_order_is_taken_before_the_first_row_or_after_the_last() -> None:
    class Early(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            ctx.cancel_all()
            ctx.buy("A", 1)

    class Late(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            pass

        def on_stop(self, ctx: Context) -> None:
            ctx.buy("A", 1)

    with pytest.raises(StrategyError, match="no bar has closed yet"):
        Driver(Early(), Market(PANEL), Settings()).run()
    with pytest.raises(StrategyError, match="from the first bar to the last only"):
        Driver(Late(), Market(PANEL), Settings()).run()


@pytest.mark.parametrize(
    "look",
    [
        lambda ctx: ctx.close("A"),
        lambda ctx: ctx.bar("A"),
        lambda ctx: ctx.history("A", 3),
        lambda ctx: ctx.time,
        lambda ctx: ctx.session,
    ],
)
def test_there_is_nothing_to_see_before_the_first_row(look: Callable[[Context], object]) -> None:
    class Early(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            look(ctx)

    with pytest.raises(StrategyError, match="no bar has closed yet"):
        Driver(Early(), Market(PANEL), Settings()).run()


def test_open_orders_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_module, "MAX_OPEN_ORDERS", 50)
    error = error_of(lambda ctx: [ctx.buy("A", 1, limit=1.0) for _ in range(60)])
    assert "more than 50 orders are open" in error.message


def test_an_answer_to_every_answer_is_ended() -> None:
    class Endless(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            ctx.cancel(ctx.buy("A", 1, limit=1.0))

        def on_order(self, ctx: Context, order: object) -> None:
            ctx.cancel(ctx.buy("A", 1, limit=1.0))

    with pytest.raises(StrategyError, match="events in one row"):
        Driver(Endless(), Market(PANEL), Settings(), max_events_a_row=100).run()


def of_targets(targets: Callable[[Bars], object]) -> StrategyError:
    class Odd(VectorStrategy):
        def targets(self, bars: Bars) -> FloatArray:
            return targets(bars)  # type: ignore[return-value]  # the mistake is meant

    with pytest.raises(StrategyError) as caught:
        weights_of(Odd(), Market(PANEL), Settings())
    return caught.value


def _weights(row: int, column: int, weight: float) -> FloatArray:
    weights = np.full((4, 2), NAN)
    weights[row, column] = weight
    return weights


@pytest.mark.parametrize(
    ("targets", "time", "symbol", "problem"),
    [
        (lambda bars: None, "", "", "targets() must return an array, returned NoneType"),
        (lambda bars: np.zeros(4), "", "", "targets() must return shape (4, 2), returned (4,)"),
        (lambda bars: np.zeros((4, 2), np.int64), "", "", "targets() must return float64, returned int64"),
        (lambda bars: _weights(1, 1, 1.5), "1970-01-02", "B", "a weight must be between -1 and 1, is 1.5"),
        (lambda bars: _weights(3, 0, -np.inf), "1970-01-04", "A", "a weight must be between -1 and 1, is -inf"),
        (lambda bars: np.full((4, 2), 0.6), "1970-01-01", "", "absolute weights must not sum to over 1, sum to 1.2"),
        (lambda bars: bars.close[9], "", "", "IndexError"),
    ],
)
def test_weights_that_cannot_be_held_are_refused_with_row_and_symbol(
    targets: Callable[[Bars], object], time: str, symbol: str, problem: str
) -> None:
    error = of_targets(targets)
    assert problem in error.message
    assert (error.strategy, error.time, error.symbol) == ("odd", time, symbol)
    assert Path(error.file).name == HERE
    assert error.line > 0


def test_an_indicator_against_a_symbol_the_run_has_not_is_refused_by_name() -> None:
    class Against(VectorStrategy):
        level = ta.sma(ta.of("SPY"), window=2)

        def targets(self, bars: Bars) -> FloatArray:
            return self.level.matrix

    with pytest.raises(StrategyError, match="SPY is none of this run") as caught:
        weights_of(Against(), Market(PANEL), Settings())
    assert caught.value.symbol == "SPY"


def test_a_value_of_the_other_way_of_writing_says_what_to_read_instead() -> None:
    class Mixed(EventStrategy):
        mean = ta.sma(window=2)

        def on_bar(self, ctx: Context) -> None:
            _ = self.mean.matrix

    with pytest.raises(StrategyError, match=r"whole columns are for vector strategies: read self\.name\[symbol\]"):
        Driver(Mixed(), Market(PANEL), Settings()).run()
