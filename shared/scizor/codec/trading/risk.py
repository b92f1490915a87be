"""Limits, what breaks them, and how much is at risk."""

from __future__ import annotations

from decimal import Decimal

from scizor.codec.times import to_timestamp
from scizor.codec.trading.exact import (
    decimal_from_proto,
    decimal_to_proto,
    decimal_to_proto_if_any,
    money_to_proto,
    money_to_proto_if_any,
)
from scizor.domain.errors import InvalidInput
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.stress import Scenario, StressLine
from scizor.domain.trading.views import ExposureLine, ExposureView, StressView
from scizor.ports.trading import BreachAction, RiskEvent, RiskEventKind, StoredLimit
from scizor.trading.v1 import risk_pb2 as pb


def rule_from_proto(rule: pb.RiskRule.ValueType) -> Rule | None:
    """The rule, or None for any."""
    return Rule(rule) if rule else None


def scope_from_proto(scope: pb.RiskScope.ValueType) -> Scope | None:
    """The scope, or None for any."""
    return Scope(scope) if scope else None


def kind_from_proto(kind: pb.RiskEventKind.ValueType) -> RiskEventKind | None:
    """The kind, or None for any."""
    return RiskEventKind(kind) if kind else None


def value_from_proto(message: pb.RiskLimit) -> Decimal:
    """How much, 0 for rules that have no value. Raises InvalidInput for what is no number."""
    return decimal_from_proto(message.value, "limit.value") if message.HasField("value") else Decimal(0)


def action_from_proto(message: pb.RiskLimit) -> BreachAction:
    """What a breach does; it is told when nothing is said."""
    return BreachAction(message.on_breach or BreachAction.TELL)


def limit_to_proto(stored: StoredLimit) -> pb.RiskLimit:
    """A limit as stored."""
    message = _limit(stored.limit)
    message.on_breach = pb.BreachAction.ValueType(stored.on_breach)
    message.update_time.CopyFrom(to_timestamp(stored.update_time))
    message.etag = stored.etag
    return message


def violation_to_proto(violation: Violation) -> pb.RiskViolation:
    """A limit that is broken, with what it came to."""
    return pb.RiskViolation(
        limit=_limit(violation.limit),
        value=decimal_to_proto_if_any(violation.value),
        message=violation.message,
    )


def event_to_proto(event: RiskEvent) -> pb.RiskEvent:
    """Something that happened."""
    return pb.RiskEvent(
        sequence=event.sequence,
        time=to_timestamp(event.time),
        kind=pb.RiskEventKind.ValueType(event.kind),
        account=event.account,
        strategy_id=event.strategy_id,
        symbol=event.instrument,
        order_id=event.order_id,
        violations=map(violation_to_proto, event.violations),
        message=event.message,
        trading_state=pb.TradingState.ValueType(event.state or 0),
    )


def exposure_to_proto(view: ExposureView) -> pb.Exposure:
    """How much is at risk."""
    base = view.base_currency
    return pb.Exposure(
        gross=money_to_proto(view.gross, base),
        net=money_to_proto(view.net, base),
        long=money_to_proto(view.long, base),
        short=money_to_proto(view.short, base),
        worst_gross=money_to_proto(view.worst_gross, base),
        leverage=view.leverage,
        value_at_risk=money_to_proto_if_any(view.value_at_risk, base),
        expected_shortfall=money_to_proto_if_any(view.expected_shortfall, base),
        lines=[_exposure_line(line, base) for line in view.lines],
        unpriced_symbols=view.unpriced,
    )


def scenario_from_proto(message: pb.StressScenario, field: str) -> Scenario:
    """Shocks as they are written: 0.1 is a tenth. `by_instrument` has symbols as the caller spells them.

    Raises InvalidInput naming the field for what is no number.
    """
    shocks = {
        symbol: _shock(shock, f'{field}.symbol_shocks["{symbol}"]') for symbol, shock in message.symbol_shocks.items()
    }
    return Scenario(message.name, _shock(message.shock, f"{field}.shock"), shocks)


def stress_to_proto(view: StressView) -> pb.StressResult:
    """What a scenario would do."""
    base, result = view.base_currency, view.result
    return pb.StressResult(
        name=result.name,
        pnl=money_to_proto(result.pnl, base),
        equity_fraction=view.equity_fraction,
        violations=map(violation_to_proto, view.violations),
        lines=[_stress_line(line, base) for line in result.lines],
    )


def _limit(limit: Limit) -> pb.RiskLimit:
    return pb.RiskLimit(
        id=limit.id,
        rule=pb.RiskRule.ValueType(limit.rule),
        scope=pb.RiskScope.ValueType(limit.scope),
        key=limit.key,
        value=decimal_to_proto(limit.value) if limit.rule.has_value else None,
    )


def _exposure_line(line: ExposureLine, base: str) -> pb.ExposureLine:
    return pb.ExposureLine(
        symbol=line.instrument,
        quantity=decimal_to_proto(line.holding.shares),
        buying=decimal_to_proto(line.holding.buying),
        selling=decimal_to_proto(line.holding.selling),
        value=money_to_proto_if_any(line.value, base),
        worst_value=money_to_proto_if_any(line.worst_value, base),
        equity_fraction=line.equity_fraction,
    )


def _stress_line(line: StressLine, base: str) -> pb.StressLine:
    return pb.StressLine(symbol=line.instrument, shock=float(line.shock), pnl=money_to_proto(line.pnl, base))


def _shock(shock: float, field: str) -> Decimal:
    value = Decimal(str(shock))
    if not value.is_finite():
        raise InvalidInput.of_field(field, "must be a number")
    return value
