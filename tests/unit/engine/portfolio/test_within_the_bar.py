"""The way of the price through a bar: (open, high, low, close, volume)."""

from __future__ import annotations

from typing import Any

import pytest

from scizor.domain.orders import LimitPolicy, OrderEnd, OrderState, OrderType, PathPolicy, Side, TimeInForce
from scizor.engine.tickets import Ticket
from tests.unit.engine.build import bars, settings
from tests.unit.engine.portfolio.play import bracket, buy, ends, fills, play, sell

FLAT = (10, 10, 10, 10)
LONG = Ticket(0, Side.BUY, 10)


@pytest.mark.parametrize(
    ("path", "price", "best", "worst"),
    [
        (PathPolicy.WORST_CASE, 9, 30, 0),
        (PathPolicy.BEST_CASE, 12, 0, -30),
        (PathPolicy.OHLC, 12, 0, 0),
        (PathPolicy.OLHC, 9, 0, 0),
        (PathPolicy.NEAREST_EXTREME, 9, 0, 0),
    ],
)
def test_a_bar_that_holds_both_exits_of_a_bracket_is_settled_by_the_policy(
    path: PathPolicy, price: float, best: float, worst: float
) -> None:
    result = play(bars([FLAT, (10, 13, 8, 11)]), {0: [bracket(LONG, 12, 9)]}, settings(path=path))
    assert fills(result)[1:] == [(1, 2 if price == 12 else 3, -10, price)]
    assert (result.ambiguity.best, result.ambiguity.worst) == (best, worst)
    assert result.ambiguity.n_bars == (best != worst)


def test_a_bar_that_holds_one_exit_only_is_not_ambiguous() -> None:
    result = play(bars([FLAT, (10, 13, 9.5, 11)]), {0: [bracket(LONG, 12, 9)]})
    assert fills(result)[1:] == [(1, 2, -10, 12)]
    assert result.ambiguity.n_bars == 0


def test_the_exits_of_a_bracket_wait_for_the_whole_entry() -> None:
    entry = LONG._replace(type=OrderType.LIMIT, limit=9)
    result = play(bars([FLAT, (10, 12, 9.5, 10), (10, 10, 8.5, 8.5), (9, 12, 9, 12)]), {0: [bracket(entry, 11, 8)]})
    assert fills(result) == [(2, 1, 10, 9), (3, 2, -10, 11)]
    assert ends(result)[2] == (OrderState.CANCELLED, OrderEnd.GROUP)


def test_an_entry_that_ends_unfilled_ends_its_exits() -> None:
    entry = LONG._replace(type=OrderType.LIMIT, limit=5, tif=TimeInForce.DAY)
    result = play(bars([FLAT] * 2), {0: [bracket(entry, 11, 4)]})
    assert ends(result)[1:] == [(OrderState.CANCELLED, OrderEnd.PARENT)] * 2


def test_an_entry_filled_in_part_leaves_exits_of_that_size() -> None:
    rows = [FLAT, (10, 10, 10, 10, 40), (10, 12, 10, 12, 1e6)]
    entry = LONG._replace(tif=TimeInForce.IOC)
    result = play(bars(rows), {0: [bracket(entry, 11, 8)]}, settings(max_participation=0.1))
    assert fills(result) == [(1, 1, 4, 10), (2, 2, -4, 11)]


def test_an_exit_filled_in_part_reduces_the_other_by_as_much() -> None:
    rows = [FLAT, (10, 10, 10, 10, 1e6), (10, 12, 10, 11, 40), (10, 10, 7, 7, 1e6)]
    result = play(bars(rows), {0: [bracket(LONG, 11.5, 8)]}, settings(max_participation=0.1))
    assert fills(result) == [(1, 1, 10, 10), (2, 2, -4, 11.5), (3, 3, -6, 8)]
    assert ends(result)[1] == (OrderState.CANCELLED, OrderEnd.GROUP)


def test_a_stop_loss_may_trail() -> None:
    rows = [FLAT, (10, 12, 10, 12), (12, 12, 10.5, 11)]
    result = play(bars(rows), {0: [bracket(LONG, None, None, stop_loss_trail=1.0)]}, settings(path=PathPolicy.OLHC))
    assert fills(result)[1:] == [(2, 2, -10, 11)]


def test_an_order_of_a_group_that_fills_cancels_the_others_also_of_other_symbols() -> None:
    result = play(
        bars([FLAT, (10, 12, 8, 10)]),
        {0: [buy(1, OrderType.STOP, trigger=11, group=7), sell(1, OrderType.STOP, trigger=9, group=7)]},
        settings(path=PathPolicy.OLHC),
    )
    assert fills(result) == [(1, 2, -1, 9)]
    assert ends(result)[0] == (OrderState.CANCELLED, OrderEnd.GROUP)


@pytest.mark.parametrize(
    ("policy", "path", "touched"),
    [(LimitPolicy.TOUCH, PathPolicy.OHLC, 1), (LimitPolicy.THROUGH, PathPolicy.OHLC, 0)],
)
def test_a_limit_that_is_only_touched_fills_by_the_policy_and_is_counted(
    policy: LimitPolicy, path: PathPolicy, touched: int
) -> None:
    script = {0: [buy(1, OrderType.LIMIT, limit=9)]}
    result = play(bars([FLAT, (10, 11, 9, 10)]), script, settings(limit_fills=policy, path=path))
    assert len(result.fills) == result.ambiguity.n_touch_fills == touched
    through = play(bars([FLAT, (10, 11, 8.9, 10)]), script, settings(limit_fills=policy, path=path))
    assert fills(through) == [(1, 1, 1, 9)]
    assert through.ambiguity.n_touch_fills == 0


def test_a_stop_limit_triggers_on_the_way_up_and_fills_on_the_way_down() -> None:
    script = {0: [buy(1, OrderType.STOP_LIMIT, trigger=11, limit=10.5)]}
    first_up = play(bars([FLAT, (10, 12, 9, 11.5)]), script, settings(path=PathPolicy.OHLC))
    assert fills(first_up) == [(1, 1, 1, 10.5)]
    first_down = play(bars([FLAT, (10, 12, 9, 11.5)]), script, settings(path=PathPolicy.OLHC))
    assert fills(first_down) == []


def test_a_trailing_stop_follows_the_way() -> None:
    script = {0: [buy(10), sell(10, OrderType.TRAILING, trail_amount=1.5)]}
    how = settings(path=PathPolicy.OHLC)
    assert fills(play(bars([FLAT, (10, 12, 10.4, 11)]), script, how))[1:] == [(1, 2, -10, 10.5)]
    how = settings(path=PathPolicy.OLHC)
    assert fills(play(bars([FLAT, (10, 12, 10.4, 11)]), script, how))[1:] == []


def test_orders_happen_in_the_order_their_prices_are_met() -> None:
    script = {0: [buy(10), sell(5, OrderType.LIMIT, limit=12), sell(5, OrderType.LIMIT, limit=11)]}
    assert fills(play(bars([FLAT, (10, 13, 10, 13)]), script))[1:] == [(1, 3, -5, 11), (1, 2, -5, 12)]


@pytest.mark.parametrize("said", [{"max_participation": 0.25}, {"max_participation": 0.299}])
def test_a_bar_fills_no_more_than_its_share_of_volume_and_the_rest_stays(said: dict[str, Any]) -> None:
    rows = [FLAT, (10, 10, 10, 10, 20), (10, 10, 10, 10, 0), (10, 10, 10, 10, 1_000)]
    result = play(bars(rows), {0: [buy(7), buy(1)]}, settings(**said))
    assert fills(result) == [(1, 1, 5, 10), (3, 1, 2, 10), (3, 2, 1, 10)]


def test_fills_in_bars_without_volume_are_counted() -> None:
    rows = [FLAT, (10, 10, 10, 10, 0), (10, 10, 10, 10, 5)]
    assert play(bars(rows), {0: [buy(1)], 1: [buy(1)]}).n_zero_volume_fills == 1


def test_an_order_to_fill_whole_or_not_at_all_does_either() -> None:
    rows = [FLAT, (10, 10, 10, 10, 100), (10, 10, 10, 10, 100)]
    orders = {0: [buy(11, tif=TimeInForce.FOK)], 1: [buy(10, tif=TimeInForce.FOK)]}
    result = play(bars(rows), orders, settings(max_participation=0.1))
    assert fills(result) == [(2, 2, 10, 10)]
