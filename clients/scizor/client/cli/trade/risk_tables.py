"""Limits, what breaks them and how much is at risk, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from scizor.client.cli.tables import counted, instant, word
from scizor.client.cli.trade.words import cash, coloured, facts_of, gain, number, rows_of
from scizor.trading.v1 import risk_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

_BETWEEN = " | "


def limits_table(limits: Sequence[pb.RiskLimit]) -> Table:
    """Limits, one a line."""
    return rows_of(
        counted(len(limits), "limit"),
        ("rule", "scope", "~key", ">value", "on breach", "set", "id"),
        (
            (
                word(pb.RiskRule, one.rule),
                word(pb.RiskScope, one.scope),
                one.key,
                number(one.value),
                word(pb.BreachAction, one.on_breach),
                instant(one.update_time),
                one.id,
            )
            for one in limits
        ),
    )


def limit_line(limit: pb.RiskLimit) -> str:
    """A limit in one line."""
    of = f" of {word(pb.RiskScope, limit.scope)} {limit.key}".rstrip()
    value = f" {number(limit.value)}" if limit.HasField("value") else ""
    return f"{word(pb.RiskRule, limit.rule)}{value}{of}"


def violations_table(violations: Iterable[pb.RiskViolation]) -> Table:
    """Limits that are, or would be, broken."""
    broken = list(violations)
    return rows_of(
        f"{counted(len(broken), 'limit')} broken",
        ("rule", "scope", "key", ">limit", ">is", "~told"),
        (
            (
                word(pb.RiskRule, one.limit.rule),
                word(pb.RiskScope, one.limit.scope),
                one.limit.key,
                number(one.limit.value),
                number(one.value),
                one.message,
            )
            for one in broken
        ),
    )


def check_facts(answer: rpc.CheckOrderResponse) -> Table:
    """What an order's checks come to."""
    return facts_of(
        "Order check",
        [
            ("result", "it would be placed" if answer.passed else "it would be refused"),
            ("value", cash(answer.value)),
            ("commission", cash(answer.commission)),
        ],
    )


def events_table(events: Sequence[pb.RiskEvent]) -> Table:
    """What happened about risk, one a line."""
    return rows_of(
        counted(len(events), "risk event"),
        (">#", "time", "kind", "~of", "~message", "state"),
        (
            (
                str(one.sequence),
                instant(one.time),
                word(pb.RiskEventKind, one.kind),
                _about(one),
                one.message,
                coloured(word(pb.TradingState, one.trading_state)),
            )
            for one in events
        ),
    )


def event_line(event: pb.RiskEvent) -> str:
    """A risk event as a line of text."""
    parts = (
        instant(event.time),
        event.account,
        word(pb.RiskEventKind, event.kind),
        _about(event),
        event.message,
        word(pb.TradingState, event.trading_state),
    )
    return _BETWEEN.join(filter(None, parts))


def exposure_facts(exposure: pb.Exposure) -> Table:
    """How much is at risk in all."""
    return facts_of(
        "Exposure",
        [
            ("gross", cash(exposure.gross)),
            ("net", cash(exposure.net)),
            ("long", cash(exposure.long)),
            ("short", cash(exposure.short)),
            ("gross with open orders", cash(exposure.worst_gross)),
            ("leverage", f"{exposure.leverage:.2f}"),
            ("value at risk, 1 day, 95 %", cash(exposure.value_at_risk)),
            ("expected shortfall", cash(exposure.expected_shortfall)),
            ("without a price", ", ".join(exposure.unpriced_symbols)),
        ],
    )


def exposure_table(exposure: pb.Exposure) -> Table:
    """By instrument, the largest first."""
    return rows_of(
        counted(len(exposure.lines), "instrument"),
        ("symbol", ">held", ">buying", ">selling", ">value", ">worst", ">of equity"),
        (
            (
                one.symbol,
                number(one.quantity),
                number(one.buying),
                number(one.selling),
                cash(one.value),
                cash(one.worst_value),
                f"{one.equity_fraction:.1%}",
            )
            for one in exposure.lines
        ),
    )


def stress_table(results: Sequence[pb.StressResult]) -> Table:
    """Scenarios, one a line, with the instrument that hurts most."""
    return rows_of(
        counted(len(results), "scenario"),
        ("scenario", ">profit", ">of equity", ">limits broken", "~worst of it"),
        (
            (
                one.name,
                gain(one.pnl),
                f"{one.equity_fraction:+.1%}",
                str(len(one.violations) or ""),
                f"{one.lines[0].symbol} {one.lines[0].shock:+.1%}: {cash(one.lines[0].pnl)}" if one.lines else "",
            )
            for one in results
        ),
    )


def _about(event: pb.RiskEvent) -> str:
    return " ".join(filter(None, (event.strategy_id, event.symbol, event.order_id)))
