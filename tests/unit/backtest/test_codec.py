"""The backtest contract to the domain and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum

import numpy as np
import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.type.money_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st

from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.codec import backtests as codec
from scizor.codec.results import curve_to_proto, metric_to_proto, trade_to_proto
from scizor.domain.backtests import (
    BacktestJob,
    BacktestStage,
    BacktestState,
    CommissionPlan,
    CommissionTerms,
    Progress,
    Sizing,
    SlippageKind,
    SlippageTerms,
)
from scizor.domain.bars import Adjustment
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.intervals import Interval
from scizor.domain.metrics import Metric
from scizor.domain.orders import AccountType, FillCause, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.outcomes import Direction, EquityCurve, Trade
from scizor.domain.sessions import SessionRange, to_day
from scizor.type.v1 import bars_pb2
from tests.unit.backtest.build import spec_of


@given(st.decimals(min_value=-(2**62), max_value=2**62, places=9, allow_nan=False, allow_infinity=False))
def test_money_is_exact_both_ways(amount: Decimal) -> None:
    money = codec.money_from_decimal(amount, "USD")
    assert money.units * money.nanos >= 0
    assert abs(money.nanos) < 1_000_000_000
    assert codec.decimal_from_money(money) == amount


def test_an_amount_of_ten_decimals_is_refused_rather_than_rounded() -> None:
    with pytest.raises(InvalidInput, match="nine decimals"):
        codec.money_from_decimal(Decimal("0.0000000001"), "USD")


def test_what_is_not_said_has_the_contracts_defaults() -> None:
    message = pb.Backtest(
        strategy_id="buy_and_hold", symbols=["A"], initial_capital=Money(currency_code="EUR", units=5)
    )
    spec = codec.spec_from_proto(message)
    assert spec.sizing is Sizing.AT_DECISION
    assert spec.adjustment is Adjustment.SPLIT
    assert spec.sessions == SessionRange()
    assert (spec.currency, spec.initial_capital) == ("EUR", Decimal(5))
    assert spec.parameters == {}
    assert (spec.interval, spec.account) == (Interval.DAY_1, AccountType.UNLEVERED)
    assert (spec.fill_timing, spec.path) == (FillTiming.NEXT_OPEN, PathPolicy.WORST_CASE)
    assert (spec.limit_fills, spec.no_financing) == (LimitPolicy.TOUCH, False)
    assert (spec.commission, spec.slippage, spec.benchmark) == (None, None, "")


def test_a_spec_survives_the_wire() -> None:
    spec = spec_of(
        ["AAPL.NASDAQ", "IBM.NYSE"],
        parameters={"fast": 3.0, "slow": 8.0, "direction": "long_short"},
        sessions=SessionRange(date(2010, 1, 4), date(2012, 12, 31)),
        initial_capital=Decimal("10000.25"),
        commission_bps=5.0,
        slippage_bps=2.5,
        sizing=Sizing.AT_FILL,
        adjustment=Adjustment.TOTAL_RETURN,
        title="a title",
        keep_open_at_end=True,
        interval=Interval.MINUTE_15,
        account=AccountType.MARGIN,
        fill_timing=FillTiming.NEXT_CLOSE,
        path=PathPolicy.NEAREST_EXTREME,
        limit_fills=LimitPolicy.THROUGH,
        commission=CommissionTerms(CommissionPlan.CUSTOM, 0.005, 1.0, 1.5, 100.0),
        slippage=SlippageTerms(SlippageKind.HALF_SPREAD, 0.01),
        max_participation=0.1,
        cash_buffer=0.05,
        no_financing=True,
        benchmark="SPY.ARCA",
    )
    created = datetime(2024, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
    message = codec.backtest_to_proto(BacktestJob("id", spec, Progress(1, BacktestState.QUEUED), created))
    assert codec.spec_from_proto(message) == spec
    assert message.interval == bars_pb2.BAR_INTERVAL_15M
    assert message.state == pb.BACKTEST_STATE_QUEUED
    assert message.create_time.ToDatetime(UTC) == created
    assert not message.HasField("start_time")
    assert not message.HasField("end_time")
    assert not message.HasField("error")


@pytest.mark.parametrize("value", [None, ["a"], {"a": "b"}])
def test_a_parameter_must_be_a_plain_value(value: list[str] | dict[str, str] | None) -> None:
    message = pb.Backtest()
    message.parameters.update({"fast": value})
    with pytest.raises(InvalidInput) as caught:
        codec.spec_from_proto(message)
    assert caught.value.reason is Reason.STRATEGY_PARAMETER_INVALID
    assert caught.value.violations[0].field == "backtest.parameters.fast"


def test_reversed_dates_are_refused_by_the_callers_name() -> None:
    with pytest.raises(InvalidInput, match=r"backtest\.start: must not be after end") as caught:
        codec.spec_from_proto(pb.Backtest(start="2010-01-02", end="2010-01-01"))
    assert [each.field for each in caught.value.violations] == ["backtest.start"]


def test_a_date_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        codec.spec_from_proto(pb.Backtest(start="2010-02-30"))
    assert caught.value.reason is Reason.DATE_RANGE_INVALID
    assert caught.value.violations[0].field == "backtest.start"


@pytest.mark.parametrize(
    ("state", "done", "total", "expected"),
    [
        (BacktestState.QUEUED, 0, 0, 0.0),
        (BacktestState.RUNNING, 25, 100, 0.25),
        (BacktestState.RUNNING, 100, 100, 0.999),
        (BacktestState.FAILED, 100, 100, 0.999),
        (BacktestState.SUCCEEDED, 100, 100, 1.0),
    ],
)
def test_only_success_is_the_whole_fraction(state: BacktestState, done: int, total: int, expected: float) -> None:
    progress = Progress(1, state, BacktestStage.NONE, done, total)
    assert codec.progress_to_proto(progress).fraction == expected


def test_time_left_is_absent_until_known() -> None:
    unknown = codec.progress_to_proto(Progress(1, BacktestState.RUNNING))
    known = codec.progress_to_proto(Progress(1, BacktestState.RUNNING, remaining_s=1.5))
    assert not unknown.HasField("remaining")
    assert known.remaining.ToMilliseconds() == 1500


def test_an_undefined_metric_has_no_value_and_units_are_the_contracts() -> None:
    undefined = metric_to_proto(Metric("sharpe", None, "TRADING_DAY_252", 3, "ratio"))
    assert not undefined.HasField("value")
    zero = metric_to_proto(Metric("longest_drawdown", 0.0, "TRADING_DAY_252", 3, "samples"))
    assert zero.HasField("value")
    assert zero.unit == "sessions"
    assert metric_to_proto(Metric("n_trades", 1.0, "TRADING_DAY_252", 1, "count")).unit == "trades"


def test_a_trade_goes_out_with_every_field() -> None:
    trade = Trade(
        *(
            1,
            "A.X",
            Direction.SHORT,
            5.0,
            date(2020, 1, 2),
            date(2020, 1, 9),
            0.1 + 0.2,
            9.0,
            0.5,
            5.0,
            4.5,
            0.09,
            5,
            True,
        ),
        *(FillCause.ORDER, FillCause.END_OF_RUN, -0.02, 0.05, 1.25, 0.5, datetime(2020, 1, 2, 14, 30, tzinfo=UTC)),
        exit_time=datetime(2020, 1, 9, 21, tzinfo=UTC),
    )
    message = trade_to_proto(trade)
    assert message.entry_price == 0.3
    assert message.direction == pb.TRADE_DIRECTION_SHORT
    assert (message.entry_session, message.exit_session, message.sessions_held) == ("2020-01-02", "2020-01-09", 5)
    assert message.closed_at_end
    assert len(message.ListFields()) == len(message.DESCRIPTOR.fields)


def test_a_curve_goes_out_as_columns_of_equal_length() -> None:
    days = np.array([to_day(date(2020, 1, 2)), to_day(date(2020, 12, 31))], np.int32)
    column = np.array([100.0, 0.1 + 0.2])
    message = curve_to_proto(EquityCurve(days, column, column, column, column, days.astype(np.int64)))
    assert list(message.session_date) == [20200102, 20201231]
    assert list(message.equity) == list(message.cash) == list(message.drawdown) == list(message.exposure) == [100, 0.3]


@pytest.mark.parametrize(
    ("domain", "contract", "prefix"),
    [
        (FillCause, pb.FillCause, "FILL_CAUSE_"),
        (AccountType, pb.AccountType, "ACCOUNT_TYPE_"),
        (FillTiming, pb.FillTiming, "FILL_TIMING_"),
        (PathPolicy, pb.PathPolicy, "PATH_POLICY_"),
        (BacktestState, pb.BacktestState, "BACKTEST_STATE_"),
    ],
)
def test_the_contract_has_every_word_of_the_domain_under_its_number(
    domain: type[IntEnum], contract: EnumTypeWrapper, prefix: str
) -> None:
    told = {name.removeprefix(prefix): number for name, number in contract.items() if number}
    assert {one.name: one.value for one in domain} == told
