"""`scizor trade risk …`, `exposure` and `stress`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, example, group
from scizor.client.cli.parse import one_of
from scizor.client.cli.tables import word
from scizor.client.cli.trade import options
from scizor.client.cli.trade.risk_tables import (
    events_table,
    exposure_facts,
    exposure_table,
    limit_line,
    limits_table,
    stress_table,
    violations_table,
)
from scizor.client.cli.trade.words import show_whole
from scizor.client.cli.usage import EXIT_FAILED, EXIT_USAGE, CommandFailed
from scizor.client.sync import Client
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.stress import Scenario
from scizor.ports.trading import BreachAction, RiskEventKind
from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

_SET_SHOWN = "scizor trade risk limit set daily_loss 1000 --on-breach halt"
_SHOCKS = ("-0.05", "-0.1", "-0.2", "0.1")
_RULES = ", ".join(rule.name.lower() for rule in Rule)
_COUNTED = (
    "In shares, base currency, a fraction, orders or seconds, as the rule says; none for restricted, market_hours."
)
risk_commands = group("Limits that orders must keep, and what happened about them.", "scizor trade risk check")
_limit_commands = group("One limit: set it or remove it.", _SET_SHOWN)
risk_commands.add_typer(_limit_commands, name="limit")

ScopeWord = Annotated[str, typer.Option("--scope", help="Whose: account, strategy or symbol.")]
Key = Annotated[str, typer.Option(help="The account, strategy or symbol.", show_default="the only account")]


def register(commands: typer.Typer) -> None:
    """Add the group and the commands."""
    commands.add_typer(risk_commands, name="risk")
    commands.command("exposure", epilog=example("scizor trade exposure"))(exposure)
    commands.command("stress", epilog=example("scizor trade stress --shock -0.2 --shock AAPL=-0.35"))(stress)


@risk_commands.command("check", epilog=example("scizor trade risk check"))
def check(account: options.Account = "", as_json: Json = False) -> int:
    """Tell which limits are broken as things stand; exit status 1 when one is."""
    with connect() as client:
        answer = client.risk.check(account=account)
    if as_json:
        print_json(answer)
    else:
        state = word(risk_pb2.TradingState, answer.trading_state)
        show_whole(*([violations_table(answer.violations)] if answer.violations else ["no limit is broken"]))
        show_whole(f"the account is {state}")
    return 0 if answer.passed else EXIT_FAILED


@risk_commands.command("limits", epilog=example("scizor trade risk limits --scope symbol"))
def list_limits(
    rule: Annotated[str, typer.Option(help="Only this rule, such as daily_loss.", show_default="all")] = "",
    scope: Annotated[str, typer.Option(help="Only of account, strategy or symbol.", show_default="all")] = "",
    key: Annotated[str, typer.Option(help="Only of this account, strategy or symbol.", show_default="all")] = "",
    as_json: Json = False,
) -> None:
    """List the limits by scope, key and rule."""
    wanted = one_of(Rule, rule, "--rule"), one_of(Scope, scope, "--scope")
    with connect() as client:
        found = client.risk.limits(rule=wanted[0], scope=wanted[1], key=_key(wanted[1], key))
    if as_json:
        print_json(rpc.ListRiskLimitsResponse(limits=found))
    else:
        show_whole(limits_table(found))


@_limit_commands.command("set", epilog=example(_SET_SHOWN))
def set_limit(
    rule: Annotated[str, typer.Argument(metavar="RULE", help=_RULES)],
    value: Annotated[str, typer.Argument(metavar="[VALUE]", help=_COUNTED, show_default=False)] = "",
    scope: ScopeWord = "account",
    key: Key = "",
    on_breach: Annotated[
        str,
        typer.Option(help="What a breach without an order does: tell, pause_strategy, reduce or halt."),
    ] = "tell",
    etag: Annotated[
        str, typer.Option(help="Only in place of the one with this etag.", show_default="the one there is")
    ] = "",
    as_json: Json = False,
) -> None:
    """Set a limit, or change the one of this rule, scope and key; it binds from the next order on."""
    limited, whose = one_of(Rule, rule, "RULE"), one_of(Scope, scope, "--scope")
    action = one_of(BreachAction, on_breach, "--on-breach")
    if limited is None or whose is None or action is None:
        raise CommandFailed("RULE, --scope and --on-breach must not be empty", EXIT_USAGE)
    name = _key(whose, key)
    with connect() as client:
        stored = client.risk.set_limit(
            limited,
            value or None,
            scope=whose,
            key=name,
            on_breach=action,
            etag=etag or _etag_there(client, limited, whose, name),
        )
    if as_json:
        print_json(rpc.SetRiskLimitResponse(limit=stored))
    else:
        show_whole(f"{limit_line(stored)} is set as {stored.id}")


@_limit_commands.command("delete", epilog=example(f"scizor trade risk limit delete {options.AN_ID}"))
def delete_limit(
    limit_id: Annotated[str, typer.Argument(metavar="ID", help="The limit's id.")],
    etag: Annotated[str, typer.Option(help="Only if this is still its etag.")] = "",
    as_json: Json = False,
) -> None:
    """Remove a limit."""
    with connect() as client:
        gone = client.risk.delete_limit(limit_id, etag=etag)
    if as_json:
        print_json(rpc.DeleteRiskLimitResponse(limit=gone))
    else:
        show_whole(f"{limit_line(gone)} is removed")


@risk_commands.command("events", epilog=example("scizor trade risk events --kind breach"))
def list_events(
    kind: Annotated[str, typer.Option(help="Only this kind, such as order_refused.", show_default="all")] = "",
    strategy: options.Strategy = "",
    since: options.Since = "",
    account: options.Account = "",
    limit: options.Most = 100,
    as_json: Json = False,
) -> None:
    """List what happened about risk, newest first: refusals, breaches, changes of state, incidents."""
    wanted = one_of(RiskEventKind, kind, "--kind")
    with connect() as client:
        found = client.risk.events(strategy_id=strategy, kind=wanted, start_time=since, account=account, limit=limit)
    if as_json:
        print_json(rpc.ListRiskEventsResponse(events=found))
    else:
        show_whole(events_table(found))


def exposure(strategy: options.Strategy = "", account: options.Account = "", as_json: Json = False) -> None:
    """Show how much is at risk, by instrument and in all."""
    with connect() as client:
        found = client.risk.exposure(strategy_id=strategy, account=account)
    if as_json:
        print_json(rpc.GetExposureResponse(exposure=found))
    else:
        show_whole(exposure_facts(found), exposure_table(found))


def stress(
    shocks: Annotated[
        list[str] | None,
        typer.Option(
            "--shock",
            metavar="[SYMBOL=]FRACTION",
            help="All prices, or one's, move by that: -0.2 for 20 % down. May be repeated.",
            show_default=", ".join(_SHOCKS),
        ),
    ] = None,
    worst_days: Annotated[int, typer.Option(min=0, max=100, help="Also so many of history's worst days.")] = 0,
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """Tell what price shocks, and the worst days of stored history, would do to what is held."""
    words = shocks or ([] if worst_days else list(_SHOCKS))
    with connect() as client:
        results = client.risk.stress_test(list(map(_scenario, words)), worst_days=worst_days, account=account)
    if as_json:
        print_json(rpc.RunStressTestResponse(results=results))
    else:
        show_whole(stress_table(results))


def _scenario(text: str) -> Scenario:
    symbol, one, fraction = text.rpartition("=")
    try:
        shock = Decimal(fraction)
        name = f"{f'{symbol.upper()} ' if one else ''}{shock:+.1%}"
    except InvalidOperation:
        raise CommandFailed(f"--shock takes a fraction such as -0.2 or AAPL=-0.35, not {text!r}", EXIT_USAGE) from None
    return Scenario(name, by_instrument={symbol.upper(): shock}) if one else Scenario(name, shock)


def _key(scope: Scope | None, key: str) -> str:
    return key.upper() if scope is Scope.SYMBOL else key


def _etag_there(client: Client, rule: Rule, scope: Scope, key: str) -> str:
    """The etag of the limit that this one takes the place of; empty where there is none."""
    there = client.risk.limits(rule=rule, scope=scope, key=key)
    if len(there) > 1:
        raise CommandFailed("several accounts have such a limit: say which with --key", EXIT_USAGE)
    return there[0].etag if there else ""
