"""What was asked for, as the engine's settings."""

from __future__ import annotations

import pytest

from scizor.domain.backtests import CommissionPlan, CommissionTerms, SlippageKind, SlippageTerms
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
from scizor.engine.costs import Commission, Financing, Slippage, SlippageModel
from scizor.engine.costs.schedules import ib_fixed_asx, ib_tiered_us
from scizor.engine.settings import Settings
from scizor.services.backtest.terms import settings_of
from tests.unit.backtest.build import spec_of


def test_what_is_not_said_is_what_the_engine_takes() -> None:
    assert settings_of(spec_of()) == Settings(initial_cash=10_000.0, close_open_at_end=True)


def test_every_choice_arrives() -> None:
    settings = settings_of(
        spec_of(
            account=AccountType.CASH,
            fill_timing=FillTiming.NEXT_CLOSE,
            path=PathPolicy.OLHC,
            limit_fills=LimitPolicy.THROUGH,
            max_participation=0.1,
            cash_buffer=0.05,
            no_financing=True,
            keep_open_at_end=True,
            commission_bps=5.0,
            slippage=SlippageTerms(SlippageKind.VOLUME_SHARE, 0.1),
        )
    )
    assert (settings.account, settings.fill_timing) == (AccountType.CASH, FillTiming.NEXT_CLOSE)
    assert (settings.path, settings.limit_fills) == (PathPolicy.OLHC, LimitPolicy.THROUGH)
    assert (settings.max_participation, settings.cash_buffer) == (0.1, 0.05)
    assert settings.financing == Financing.none()
    assert not settings.close_open_at_end
    assert settings.commission == Commission(value_bps=5.0)
    assert settings.slippage == Slippage(SlippageModel.VOLUME_SHARE, 0.1)


def test_a_plan_is_that_of_the_accounts_country() -> None:
    plans = [(CommissionPlan.IB_TIERED, "USD"), (CommissionPlan.IB_FIXED, "AUD")]
    found = [settings_of(spec_of(commission=CommissionTerms(plan), currency=money)).commission for plan, money in plans]
    assert found == [ib_tiered_us(), ib_fixed_asx()]
    with pytest.raises(
        InvalidInput, match=r"backtest\.commission\.plan: IB_FIXED is known for accounts in USD and AUD"
    ):
        settings_of(spec_of(commission=CommissionTerms(CommissionPlan.IB_FIXED), currency="EUR"))


def test_ones_own_figures_are_a_schedule() -> None:
    terms = CommissionTerms(per_share=0.005, minimum=1.0, maximum_bps=50.0)
    assert settings_of(spec_of(commission=terms)).commission == Commission(per_share=0.005, minimum=1.0, maximum_bps=50)


def test_what_no_run_can_have_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"backtest\.slippage\.amount"):
        settings_of(spec_of(slippage=SlippageTerms(SlippageKind.VOLUME_SHARE, 2.0)))
