"""The oracle itself, on cases worked out with pencil and paper from docs/fill-model.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import AccountType, LimitPolicy, OrderEnd, OrderState, OrderType, PathPolicy, TimeInForce
from scizor.engine.costs import Commission, Financing, Slippage, SlippageModel, Tier
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Margin, Settings
from tests.unit.engine.oracle.costs import commission_of_order, raw_commission
from tests.unit.engine.oracle.ledger import Fill, round_trips
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.run import replay
from tests.unit.engine.oracle.script import Action, Bracket, Place, Weigh
from tests.unit.engine.oracle.state import Run

D = Decimal
BUY, SELL = 1, -1


def run_of(
    bars: Sequence[tuple[float, ...]],
    *actions: Action,
    row: int = 0,
    corporate: Sequence[CorporateAction] = (),
    **how: Any,
) -> Run:
    """Daily bars (open, high, low, close[, volume]) of one symbol; everything is decided at the close of one row."""
    columns = np.array([(*bar, 1e6)[:5] for bar in bars], np.float64).T.copy()
    days = np.datetime64("2020-01-01") + np.arange(len(bars))
    panel = Panel.align({"A": Series(days, *columns)})
    defaults: dict[str, Any] = {"financing": Financing.none(), "initial_cash": 10_000.0}
    settings = Settings(**defaults | how)
    return replay(Market(panel, actions={"A": corporate}), settings, {row: actions})


def fills_of(run: Run) -> list[tuple[Any, ...]]:
    return [(one.row, one.side, one.quantity, one.price) for one in run.account.log if isinstance(one, Fill)]


def order(side: int, quantity: int, type_: OrderType = OrderType.MARKET, **more: Any) -> Order:
    return Order(0, 0, side, D(quantity), type_, **more)


FLAT = (10.0, 10.0, 10.0, 10.0)


def test_a_stop_gapped_through_fills_at_the_open_and_a_limit_too() -> None:
    stop = Place(order(BUY, 5, OrderType.STOP, trigger=D(11)))
    limit = Place(order(BUY, 5, OrderType.LIMIT, limit=D(9)))
    assert fills_of(run_of([FLAT, (12, 13, 11.5, 12)], stop)) == [(1, BUY, 5, 12)]
    assert fills_of(run_of([FLAT, (8, 9, 7, 8)], limit)) == [(1, BUY, 5, 8)]


def test_within_the_bar_a_stop_fills_at_its_stop_and_a_stop_limit_waits_for_its_limit() -> None:
    bar = (10.0, 12.0, 9.0, 10.0)
    stop = Place(order(BUY, 5, OrderType.STOP, trigger=D(11)))
    stop_limit = Place(order(BUY, 5, OrderType.STOP_LIMIT, trigger=D(11), limit=D("9.5")))
    assert fills_of(run_of([FLAT, bar], stop)) == [(1, BUY, 5, 11)]
    assert fills_of(run_of([FLAT, bar], stop_limit, path=PathPolicy.OHLC)) == [(1, BUY, 5, D("9.5"))]
    assert fills_of(run_of([FLAT, bar], stop_limit, path=PathPolicy.OLHC)) == []


def test_a_trailing_stop_follows_the_path() -> None:
    trailing = order(SELL, 5, OrderType.TRAILING, trail_amount=D(1))
    bars = [FLAT, FLAT, (10.0, 12.0, 9.5, 10.0)]
    long = Place(order(BUY, 5))
    assert fills_of(run_of(bars, long, Place(trailing), path=PathPolicy.OHLC))[1] == (2, SELL, 5, 11)
    # Low first: 9.5 is above the stop of 9; then the high makes it 11, met on the way down to the close.
    assert fills_of(run_of(bars, long, Place(trailing), path=PathPolicy.OLHC))[1] == (2, SELL, 5, 11)


def test_a_bar_that_holds_both_exits_is_ambiguous_and_the_worst_case_takes_the_stop() -> None:
    bracket = Bracket(order(BUY, 10), D(12), D(9))
    worst = run_of([FLAT, (10.0, 12.5, 8.5, 10.0)], bracket)
    assert fills_of(worst) == [(1, BUY, 10, 10), (1, SELL, 10, 9)]
    assert [worst.n_ambiguous, worst.best, worst.worst] == [1, 30, 0]
    assert [(one.state, one.end) for one in worst.account.orders] == [
        (OrderState.FILLED, OrderEnd.NONE),
        (OrderState.CANCELLED, OrderEnd.GROUP),
        (OrderState.FILLED, OrderEnd.NONE),
    ]
    best = run_of([FLAT, (10.0, 12.5, 8.5, 10.0)], bracket, path=PathPolicy.BEST_CASE)
    assert fills_of(best)[1:] == [(1, SELL, 10, 12)]
    assert [best.n_ambiguous, best.best, best.worst] == [1, 0, -30]


def test_a_limit_that_is_only_touched_fills_and_is_counted_or_waits_to_be_gone_through() -> None:
    limit = Place(order(BUY, 5, OrderType.LIMIT, limit=D(9)))
    bars = [FLAT, (10.0, 11.0, 9.0, 10.0), (10.0, 11.0, 8.75, 10.0)]
    touched = run_of(bars, limit)
    assert (fills_of(touched), touched.account.n_touch_fills) == ([(1, BUY, 5, 9)], 1)
    through = run_of(bars, limit, limit_fills=LimitPolicy.THROUGH)
    assert (fills_of(through), through.account.n_touch_fills) == ([(2, BUY, 5, 9)], 0)


def test_a_fill_takes_a_quarter_of_the_volume_and_pays_for_its_share_squared() -> None:
    run = run_of(
        [FLAT, (3.5, 3.5, 3.5, 3.5, 200), (3.5, 3.5, 3.5, 3.5, 1_000)],
        Place(order(BUY, 100)),
        max_participation=0.25,
        slippage=Slippage(SlippageModel.VOLUME_SHARE, 0.001),
    )
    assert fills_of(run) == [(1, BUY, 50, D("3.50021875")), (2, BUY, 50, D("3.50000875"))]


def test_the_minimum_is_an_orders_not_a_fills() -> None:
    schedule = Commission(per_share=0.01, minimum=1.0)
    bars = [FLAT, *[(10.0, 10.0, 10.0, 10.0, 60.0)] * 3]
    run = run_of(bars, Place(order(BUY, 150)), max_participation=1.0, commission=schedule)
    assert [one.commission for one in run.account.log if isinstance(one, Fill)] == [1, D("0.2"), D("0.3")]


def test_each_share_pays_the_rate_of_the_tier_it_falls_in_and_sells_pay_their_fees() -> None:
    schedule = Commission(per_share=0.01, tiers=(Tier(100, 0.005),), sell_per_share=0.1, sell_maximum=2.0, sell_bps=1.0)
    assert raw_commission(schedule, D(50), D(500), D(80)) == 20 * D("0.01") + 30 * D("0.005")
    assert commission_of_order(schedule, SELL, D("0.35"), D(50), D(500)) == D("0.35") + 2 + D("0.05")


def test_a_split_scales_the_position_and_the_open_orders_and_pays_the_fraction_out() -> None:
    split = CorporateAction(ActionType.SPLIT, date(2020, 1, 3), D("0.25"), "x")
    exit_ = Place(order(SELL, 9, OrderType.LIMIT, limit=D(12)))
    bars = [FLAT, FLAT, (40.0, 47.0, 39.0, 40.0), (48.0, 50.0, 47.0, 48.0)]
    run = run_of(bars, Place(order(BUY, 9)), exit_, corporate=[split])
    assert fills_of(run) == [(1, BUY, 9, 10), (3, SELL, 2, 48)]
    assert run.cash[2] == 10_000 - 90 + 10  # a quarter of a share at 10 / 0.25
    assert round_trips(run.account.log)[0].net_pnl == 96 + 10 - 90


def test_a_dividend_is_due_from_its_ex_date_and_cash_from_its_pay_date() -> None:
    paid = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 3), D("0.5"), "x", date(2020, 1, 4))
    run = run_of([FLAT] * 5, Place(order(BUY, 10)), corporate=[paid])
    assert run.cash == [10_000, 9_900, 9_900, 9_905, 9_905]
    assert run.equity == [10_000, 10_000, 10_005, 10_005, 10_005]


def test_an_order_by_weight_leaves_room_for_its_commission() -> None:
    run = run_of([FLAT, FLAT], Weigh(0, D(1)), initial_cash=1_000.0, commission=Commission(minimum=6.0))
    assert fills_of(run) == [(1, BUY, 99, 10)]


def test_a_margin_call_sells_the_fraction_that_is_missing() -> None:
    run = run_of(
        [FLAT, FLAT, (6.5, 6.5, 6.5, 6.5), (6.5, 6.5, 6.5, 6.5)],
        Place(order(BUY, 2_000)),
        account=AccountType.MARGIN,
        margin=Margin(0.5, 0.25, 0.375),
    )
    # Equity 3,000 against a quarter of 13,000: 1 - 3,000 / 3,250 of 2,000 shares, rounded up.
    assert fills_of(run) == [(1, BUY, 2_000, 10), (3, SELL, 154, D("6.5"))]
    assert run.n_margin_calls == 1


def test_orders_end_when_their_time_is_over() -> None:
    far: dict[str, Any] = {"type_": OrderType.LIMIT, "limit": D(1)}
    tifs = (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.OPG, TimeInForce.CLS, TimeInForce.GTC)
    run = run_of([FLAT] * 4, *(Place(order(BUY, 1, tif=tif, **far)) for tif in tifs))
    assert [(one.state.name, one.ended_row) for one in run.account.orders] == [
        ("EXPIRED", 1),
        ("CANCELLED", 1),
        ("CANCELLED", 1),
        ("CANCELLED", 1),
        ("WORKING", -1),
    ]
