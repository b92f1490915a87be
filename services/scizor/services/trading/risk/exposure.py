"""How much is at risk, and what would become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from scizor.domain.errors import FailedPrecondition
from scizor.domain.trading.exposure import Funds, RiskBook
from scizor.domain.trading.limits import Limit
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.question import Prices
from scizor.domain.trading.risk import breaches
from scizor.domain.trading.stress import History, Scenario, StressResult, stressed, tail
from scizor.domain.trading.views import ExposureLine, ExposureView, StressView
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.trading.risk.past import history

_TAIL_OVER: Final = timedelta(days=5 * 365)
"""Older days say little of tomorrow's; the worst days are looked for in all there are."""
_CENT: Final = Decimal("0.01")


async def exposure(storage: Storage, clock: Clock, book: RiskBook, prices: Prices, strategy_id: str) -> ExposureView:
    """Of an account, or of one strategy on it, at the prices that are known.

    Raises FailedPrecondition(EXCHANGE_RATE_UNKNOWN).
    """
    equity = book.funds_of(strategy_id).equity
    lines = sorted(
        (_line(book, prices, strategy_id, name, equity) for name in book.holdings(strategy_id)),
        key=lambda line: (-(line.worst_value or ZERO), line.instrument),
    )
    values = {line.instrument: line.value for line in lines if line.value is not None}
    long, short = (sum((one for one in values.values() if (one > 0) is up), ZERO) for up in (True, False))
    at_risk, beyond = await _tail(storage, clock, {name: value for name, value in values.items() if value})
    gross = long - short
    return ExposureView(
        prices.rates.base,
        gross=gross,
        net=long + short,
        long=long,
        short=-short,
        worst_gross=sum((line.worst_value for line in lines if line.worst_value is not None), ZERO),
        leverage=_fraction(gross, equity),
        value_at_risk=at_risk,
        expected_shortfall=beyond,
        lines=tuple(lines),
        unpriced=tuple(line.instrument for line in lines if line.value is None),
    )


async def stress(
    storage: Storage, book: RiskBook, prices: Prices, limits: Sequence[Limit], scenarios: Sequence[Scenario], days: int
) -> list[StressView]:
    """What scenarios would do to an account, then the `days` worst of stored history.

    Raises FailedPrecondition(BARS_NOT_FOUND, EXCHANGE_RATE_UNKNOWN).
    """
    values = _values(book, prices, "")
    results = [stressed(values, one) for one in scenarios]
    if days and values:
        results += (await history(storage, values)).worst(values, days)
    return [_shown(book, prices, limits, one) for one in results]


def _line(book: RiskBook, prices: Prices, strategy_id: str, instrument: str, equity: Decimal) -> ExposureLine:
    held, value = book.holding(strategy_id, instrument), _share_value(prices, instrument)
    if value is None:
        return ExposureLine(instrument, held)
    worst = held.worst * value
    return ExposureLine(instrument, held, held.shares * value, worst, _fraction(worst, equity))


def _values(book: RiskBook, prices: Prices, strategy_id: str) -> dict[str, Decimal]:
    """Of what is held and priced, in base currency."""
    return {
        name: held.shares * value
        for name, held in book.holdings(strategy_id).items()
        if held.shares and (value := _share_value(prices, name)) is not None
    }


def _share_value(prices: Prices, instrument: str) -> Decimal | None:
    """In base currency; None without a price."""
    mark = prices.marks.get(instrument)
    return None if mark is None else mark.price * prices.rates.of(instrument.rpartition(".")[2])


async def _tail(storage: Storage, clock: Clock, values: Mapping[str, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    if not values:
        return None, None
    try:
        past: History = await history(storage, values, (clock.now() - _TAIL_OVER).date())
    except FailedPrecondition:
        return None, None
    # A position without a past would count as one that never moves.
    found = tail(past.pnl(values)) if set(values) <= set(past.instruments) else None
    if found is None:
        return None, None
    at_risk, beyond = (Decimal(repr(one)).quantize(_CENT) for one in found)
    return at_risk, beyond


def _shown(book: RiskBook, prices: Prices, limits: Sequence[Limit], result: StressResult) -> StressView:
    shocks = {line.instrument: line.shock for line in result.lines}
    marks = {
        name: replace(mark, price=mark.price * (1 + shocks.get(name, ZERO))) for name, mark in prices.marks.items()
    }
    strategies = {
        name: _after(funds, stressed(_values(book, prices, name), Scenario("", by_instrument=shocks)).pnl)
        for name, funds in book.strategy_funds.items()
    }
    poorer = replace(book, funds=_after(book.funds, result.pnl), strategy_funds=strategies)
    violations = breaches(poorer, limits, replace(prices, marks=marks))
    return StressView(prices.rates.base, result, _fraction(result.pnl, book.funds.equity), violations)


def _after(funds: Funds, pnl: Decimal) -> Funds:
    return replace(funds, equity=funds.equity + pnl, available=funds.available + pnl)


def _fraction(value: Decimal, equity: Decimal) -> float:
    return float(value / equity) if equity > 0 else 0.0
