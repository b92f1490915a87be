"""The command line's words about a backtest as what they mean."""

from __future__ import annotations

from typing import Any

from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.domain.backtests import CommissionPlan, CommissionTerms, Sizing, SlippageKind, SlippageTerms
from scizor.domain.bars import Adjustment
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy


def arguments_of(asked: Asked) -> dict[str, Any]:
    """What `create_backtest` takes beside strategy and symbols. Raises CommandFailed for words that mean nothing."""
    return {
        "start": asked.start,
        "end": asked.end,
        "capital": asked.capital,
        "currency": asked.currency,
        "parameters": asked.parameters,
        "commission_bps": asked.commission_bps,
        "slippage_bps": asked.slippage_bps,
        "sizing": Sizing[asked.sizing.name],
        "adjustment": Adjustment[asked.adjustment.name],
        "title": asked.title,
        "keep_open_at_end": asked.keep_open,
        "interval": asked.interval.interval,
        "account": AccountType[asked.account.name],
        "fill_timing": FillTiming[asked.fill_timing.name],
        "path": PathPolicy[asked.path.name],
        "limit_fills": LimitPolicy[asked.limit_fills.name],
        "commission": commission_terms(asked.commission),
        "slippage": slippage_terms(asked.slippage),
        "max_participation": asked.max_participation,
        "cash_buffer": asked.cash_buffer,
        "financing": asked.financing,
        "benchmark": asked.benchmark,
    }


def commission_terms(text: str) -> CommissionTerms | None:
    """A plan's name, or `RATE` a share and after a colon the least an order costs; None for an empty text."""
    if not text:
        return None
    plans = {plan.name.lower(): plan for plan in CommissionPlan if plan}
    if text in plans:
        return CommissionTerms(plans[text])
    rate, _, minimum = text.partition(":")
    try:
        return CommissionTerms(per_share=float(rate), minimum=float(minimum or 0))
    except ValueError:
        known = ", ".join(plans)
        rule = f"--commission is {known}, or so much a share such as 0.005 or 0.005:1, not {text!r}"
        raise CommandFailed(rule, EXIT_USAGE) from None


def slippage_terms(text: str) -> SlippageTerms | None:
    """`MODEL:AMOUNT`; None for an empty text."""
    if not text:
        return None
    model, _, amount = text.partition(":")
    try:
        return SlippageTerms(SlippageKind[model.upper()], float(amount))
    except (KeyError, ValueError):
        rule = f"--slippage is half_spread:0.01, volume_share:0.1 or bps:2, not {text!r}"
        raise CommandFailed(rule, EXIT_USAGE) from None
