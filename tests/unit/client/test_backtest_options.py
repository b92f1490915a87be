"""Words of the command line about a backtest, and the request they come to."""

from __future__ import annotations

import pytest

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.backtest import create_backtest
from scizor.client.cli.backtest_options import Account, Asked, LimitWord, Timing, Way
from scizor.client.cli.backtest_request import arguments_of, commission_terms, slippage_terms
from scizor.client.cli.usage import CommandFailed
from scizor.domain.backtests import CommissionPlan, CommissionTerms, SlippageKind, SlippageTerms
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy


def test_words_and_choices_are_one() -> None:
    for words, choices in (
        (Account, AccountType),
        (Timing, FillTiming),
        (Way, PathPolicy),
        (LimitWord, LimitPolicy),
    ):
        assert [one.name for one in words] == [one.name for one in choices]


def test_commissions_are_a_plan_or_so_much_a_share() -> None:
    assert commission_terms("") is None
    assert commission_terms("ib_tiered") == CommissionTerms(CommissionPlan.IB_TIERED)
    assert commission_terms("0.005") == CommissionTerms(per_share=0.005)
    assert commission_terms("0.005:1") == CommissionTerms(per_share=0.005, minimum=1.0)
    with pytest.raises(CommandFailed, match="ib_fixed, ib_tiered"):
        commission_terms("cheap")


def test_slippage_is_a_model_and_an_amount() -> None:
    assert slippage_terms("") is None
    assert slippage_terms("volume_share:0.1") == SlippageTerms(SlippageKind.VOLUME_SHARE, 0.1)
    for wrong in ("half_spread", "much:1", "0.01"):
        with pytest.raises(CommandFailed, match=r"half_spread:0\.01"):
            slippage_terms(wrong)


def test_every_choice_reaches_the_request() -> None:
    asked = Asked(
        "sma_cross",
        ["AAPL"],
        account=Account.MARGIN,
        fill_timing=Timing.NEXT_CLOSE,
        path=Way.OHLC,
        limit_fills=LimitWord.THROUGH,
        commission="ib_fixed",
        slippage="half_spread:0.01",
        max_participation=0.1,
        cash_buffer=0.02,
        financing=False,
        benchmark="SPY",
    )
    backtest = create_backtest(asked.strategy, asked.symbols, **arguments_of(asked)).request
    assert isinstance(backtest, type(create_backtest("a", ["A"], capital=1).request))
    sent = getattr(backtest, "backtest")  # noqa: B009 - a call's request is any message
    assert sent.account == bt.ACCOUNT_TYPE_MARGIN
    assert sent.fill_timing == bt.FILL_TIMING_NEXT_CLOSE
    assert sent.path == bt.PATH_POLICY_OHLC
    assert sent.limit_fills == bt.LIMIT_POLICY_THROUGH
    assert sent.commission.plan == bt.COMMISSION_PLAN_IB_FIXED
    assert sent.slippage.amount == 0.01
    assert (sent.max_participation, sent.cash_buffer, sent.no_financing) == (0.1, 0.02, True)
    assert sent.benchmark == "SPY"
