"""Orders at the open, and how long they live. All bars: (open, high, low, close, volume)."""

from __future__ import annotations

import pytest

from scizor.domain.orders import FillTiming, OrderEnd, OrderState, OrderType, TimeInForce
from tests.unit.engine.build import bars, panel_of, settings
from tests.unit.engine.portfolio.play import buy, cancel, drive, ends, fills, play, sell, weigh

FLAT = (10, 10, 10, 10, 1e6)
FILLED = (OrderState.FILLED, OrderEnd.NONE)


@pytest.mark.parametrize(
    ("order", "opens", "price"),
    [
        (buy(1, OrderType.LIMIT, limit=9.5), 9, 9),  # better than its limit
        (buy(1, OrderType.STOP, trigger=10.5), 12, 12),  # worse than its stop
        (buy(1, OrderType.STOP_LIMIT, trigger=10.5, limit=12), 11, 11),
        (buy(1, OrderType.MARKET_IF_TOUCHED, trigger=9.5), 9, 9),
        (buy(1, OrderType.LIMIT_IF_TOUCHED, trigger=9.5, limit=9.2), 9, 9),
        (buy(1, OrderType.TRAILING, trail_amount=1), 12, 12),
        (buy(1, OrderType.TRAILING, trail_fraction=0.1), 12, 12),
        (sell(1, OrderType.LIMIT, limit=10.5), 11, 11),
        (sell(1, OrderType.STOP, trigger=9.5), 8, 8),
        (sell(1, OrderType.TRAILING, trail_amount=1), 8, 8),
        (sell(1, OrderType.TRAILING, trail_fraction=0.1), 8, 8),
    ],
)
def test_an_order_gapped_through_fills_at_the_open(order: object, opens: float, price: float) -> None:
    result = play(bars([FLAT, (opens, opens, opens, opens, 100)]), {0: [order]})  # type: ignore[list-item]  # an Act
    assert [(row, fill_price) for row, _, _, fill_price in fills(result)] == [(1, price)]
    assert result.fills["phase"].tolist() == [0]


def test_a_stop_limit_gapped_beyond_its_limit_waits_as_a_limit() -> None:
    order = buy(1, OrderType.STOP_LIMIT, trigger=10.5, limit=11)
    result = play(bars([FLAT, (12, 13, 11.5, 12.5), (12, 12, 10, 11)]), {0: [order]})
    assert fills(result) == [(2, 1, 1, 11)]


def test_what_closes_comes_first_then_sells_then_buys() -> None:
    rows = [[10, 10, 10]] * 3
    script = {0: [buy(50, symbol=0)], 1: [buy(30, symbol=1), sell(20, symbol=2), sell(50, symbol=0)]}
    assert fills(play(panel_of(rows, rows), script))[1:] == [(2, 4, -50, 10), (2, 3, -20, 10), (2, 2, 30, 10)]


def test_a_fill_that_crosses_zero_is_two_of_one_order() -> None:
    result = play(bars([FLAT] * 3), {0: [buy(50)], 1: [sell(80)]})
    assert fills(result) == [(1, 1, 50, 10), (2, 2, -50, 10), (2, 2, -30, 10)]
    assert result.trades["quantity"].tolist() == [50]
    assert result.positions.tolist() == [-30]


def test_an_order_waits_for_the_next_open_of_its_symbol() -> None:
    nan = float("nan")
    result = play(panel_of([10, nan, 12], [10, nan, 12]), {0: [buy(10)]})
    assert fills(result) == [(2, 1, 10, 12)]


@pytest.mark.parametrize(
    ("tif", "state", "end", "ended_row"),
    [
        (TimeInForce.DAY, OrderState.EXPIRED, OrderEnd.TIME_IN_FORCE, 1),
        (TimeInForce.IOC, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE, 1),
        (TimeInForce.FOK, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE, 1),
        (TimeInForce.OPG, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE, 1),
        (TimeInForce.CLS, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE, 1),
        (TimeInForce.GTC, OrderState.WORKING, OrderEnd.NONE, -1),
    ],
)
def test_a_limit_out_of_reach_lives_as_long_as_it_says(
    tif: TimeInForce, state: OrderState, end: OrderEnd, ended_row: int
) -> None:
    result = play(bars([FLAT] * 3), {0: [buy(1, OrderType.LIMIT, limit=5, tif=tif)]})
    assert ends(result) == [(state, end)]
    assert result.orders["ended_row"].tolist() == [ended_row]
    assert result.n_open_orders == (state is OrderState.WORKING)


def test_an_order_good_till_a_date_takes_part_in_no_bar_that_opens_then() -> None:
    panel = bars([FLAT, FLAT, FLAT, (9, 9, 9, 9)])
    order = buy(1, OrderType.LIMIT, limit=9, tif=TimeInForce.GTD, expire_ns=int(panel.open_ns[3]))
    result = play(panel, {0: [order]})
    assert ends(result) == [(OrderState.EXPIRED, OrderEnd.TIME_IN_FORCE)]
    assert result.orders["ended_row"].tolist() == [2]  # its close is that very instant


def test_a_market_on_close_order_fills_at_the_close_and_a_limit_on_close_only_within_its_limit() -> None:
    script = {
        0: [
            buy(1, tif=TimeInForce.CLS),
            buy(1, OrderType.LIMIT, limit=11, tif=TimeInForce.CLS),
            buy(1, OrderType.LIMIT, limit=10.5, tif=TimeInForce.CLS),
        ]
    }
    result = play(bars([FLAT, (10, 12, 9, 11)]), script)
    assert fills(result) == [(1, 1, 1, 11), (1, 2, 1, 11)]
    assert ends(result)[2] == (OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE)
    assert result.fills["phase"].tolist() == [2, 2]


def test_market_orders_fill_at_the_next_close_or_at_the_very_close_when_the_settings_say_so() -> None:
    panel = bars([(10, 10, 10, 11), (12, 12, 12, 13), (14, 14, 14, 15)])
    at_next = play(panel, {0: [buy(1)]}, settings(fill_timing=FillTiming.NEXT_CLOSE))
    assert fills(at_next) == [(1, 1, 1, 13)]
    at_once = play(panel, {0: [buy(1)]}, settings(fill_timing=FillTiming.SAME_CLOSE))
    assert fills(at_once) == [(0, 1, 1, 11)]
    assert at_once.in_market.tolist() == [True, True, True]


def test_a_weight_decided_under_same_close_is_held_at_that_close() -> None:
    panel = bars([(10, 10, 10, 10), (10, 10, 10, 12), (10, 10, 10, 11)])
    result = play(panel, {0: [weigh(1)], 1: [weigh(0)]}, settings(fill_timing=FillTiming.SAME_CLOSE))
    assert fills(result) == [(0, 1, 100, 10), (1, 2, -100, 12)]
    assert result.long_value.tolist() == [1_000, 0, 0]
    assert result.equity.tolist() == [1_000, 1_200, 1_200]


def test_what_was_cancelled_does_not_fill() -> None:
    simulation = drive(bars([FLAT] * 3), {0: [buy(1), cancel(1), cancel(1)]})
    assert ends(simulation.result()) == [(OrderState.CANCELLED, OrderEnd.ASKED)]
    assert len(simulation.fills) == 0
    assert not simulation.cancel(7)
