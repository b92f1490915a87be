"""What was asked for, as the engine's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from scizor.domain.backtests import BacktestSpec, CommissionPlan, CommissionTerms
from scizor.domain.errors import InvalidInput
from scizor.engine.costs import Commission, Financing, Slippage, SlippageModel
from scizor.engine.costs.schedules import IB_FIXED, IB_TIERED
from scizor.engine.settings import Settings

# A plan's tariff is that of the country whose currency the account keeps.
_PLANS: Final[Mapping[CommissionPlan, Mapping[str, Callable[[], Commission]]]] = {
    CommissionPlan.IB_FIXED: IB_FIXED,
    CommissionPlan.IB_TIERED: IB_TIERED,
}


def settings_of(spec: BacktestSpec) -> Settings:
    """The settings of a run. Raises InvalidInput naming the field as a caller who creates a backtest spells it."""
    try:
        return Settings(
            initial_cash=float(spec.initial_capital),
            base_currency=spec.currency,
            account=spec.account,
            sizing=spec.sizing,
            cash_buffer=spec.cash_buffer,
            fill_timing=spec.fill_timing,
            path=spec.path,
            limit_fills=spec.limit_fills,
            max_participation=spec.max_participation or None,
            slippage=_slippage(spec),
            commission=_commission(spec.commission or CommissionTerms(value_bps=spec.commission_bps), spec.currency),
            financing=Financing.none() if spec.no_financing else Financing(),
            close_open_at_end=not spec.keep_open_at_end,
        )
    except InvalidInput as error:
        raise error.within("backtest") from None


def _slippage(spec: BacktestSpec) -> Slippage:
    if spec.slippage is None:
        return Slippage.bps(spec.slippage_bps) if spec.slippage_bps else Slippage()
    return Slippage(SlippageModel(spec.slippage.model), spec.slippage.amount)


def _commission(terms: CommissionTerms, currency: str) -> Commission:
    if terms.plan is CommissionPlan.CUSTOM:
        return Commission(
            per_share=terms.per_share,
            value_bps=terms.value_bps,
            minimum=terms.minimum,
            maximum_bps=terms.maximum_bps or None,
        )
    schedules = _PLANS[terms.plan]
    if currency not in schedules:
        rule = f"{terms.plan.name} is known for accounts in {' and '.join(schedules)}, not in {currency}"
        raise InvalidInput.of_field("commission.plan", rule)
    return schedules[currency]()
