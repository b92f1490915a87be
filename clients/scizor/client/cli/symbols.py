"""`scizor symbols …`: the instruments that bars are kept of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, SymbolName, example, group, help_of
from scizor.client.cli.marketdata_tables import (
    outcomes_table,
    populated_line,
    symbol_facts,
    symbols_table,
    validated_line,
)
from scizor.client.cli.parse import symbol_names
from scizor.client.cli.populating import populate
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import show
from scizor.client.cli.usage import EXIT_INTERRUPTED, CommandFailed
from scizor.marketdata.v1 import symbol_pb2
from scizor.marketdata.v1.market_data_service_pb2 import (
    CreateSymbolResponse,
    DeleteSymbolResponse,
    GetSymbolResponse,
    ListSymbolsResponse,
    UpdateSymbolResponse,
    ValidateProgress,
    ValidationOutcome,
)
from scizor.marketdata.v1.symbol_pb2 import Symbol

commands = group(help_of("symbols"), "scizor symbols list --group ASX200")

Name = Annotated[str, typer.Option(help="The issuer's or fund's name.")]
Sector = Annotated[str, typer.Option(help="The industry sector.")]
Group = Annotated[str, typer.Option("--group", help="The list it belongs to, such as ASX200.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="symbols")


@commands.command("list", epilog=example("scizor symbols list --exchange NASDAQ --limit 20"))
def list_symbols(
    exchange: Annotated[str, typer.Option(help="Only this primary exchange.")] = "",
    group_name: Annotated[str, typer.Option("--group", help="Only this group.")] = "",
    active_only: Annotated[bool, typer.Option("--active", help="Only active ones.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most.", show_default="all")] = None,
    as_json: Json = False,
) -> None:
    """List the stored symbols."""
    with connect() as client:
        found = client.symbols.list(exchange=exchange, group=group_name, active_only=active_only, limit=limit)

    if as_json:
        print_json(ListSymbolsResponse(symbols=found, total_size=len(found)))
    else:
        show(symbols_table(found))


@commands.command("get", epilog=example("scizor symbols get BHP.ASX"))
def get_symbol(symbol: SymbolName, as_json: Json = False) -> None:
    """Show one symbol."""
    with connect() as client:
        found = client.symbols.get(symbol)

    _show_symbol(GetSymbolResponse(symbol=found), as_json=as_json)


@commands.command("create", epilog=example("scizor symbols create AAPL NASDAQ USD --name 'Apple Inc.'"))
def create_symbol(
    symbol: Annotated[str, typer.Argument(help="The ticker, upper case.")],
    exchange: Annotated[str, typer.Argument(help="The exchange it is listed on, such as NASDAQ.")],
    currency: Annotated[str, typer.Argument(help="The currency it is quoted in, such as USD.")],
    name: Name = "",
    sector: Sector = "",
    group_name: Group = "",
    etf: Annotated[bool, typer.Option("--etf", help="An exchange-traded fund and no stock.")] = False,
    skip_validation: Annotated[
        bool, typer.Option("--skip-validation", help="Do not ask the broker: for what it does not know.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Store a symbol that the broker knows."""
    wanted = symbol_pb2.Symbol(
        symbol=symbol,
        primary_exchange=exchange,
        currency=currency,
        name=name,
        sector=sector,
        group=group_name,
        asset_type=symbol_pb2.ASSET_TYPE_ETF if etf else symbol_pb2.ASSET_TYPE_STOCK,
    )
    with connect() as client:
        stored = client.symbols.create(wanted, skip_validation=skip_validation)
    _show_symbol(CreateSymbolResponse(symbol=stored), as_json=as_json)


@commands.command("update", epilog=example("scizor symbols update AAPL --sector Technology --inactive"))
def update_symbol(
    symbol: SymbolName,
    name: Annotated[str | None, typer.Option(help="The issuer's or fund's name.", show_default=False)] = None,
    sector: Annotated[str | None, typer.Option(help="The industry sector.", show_default=False)] = None,
    group_name: Annotated[
        str | None, typer.Option("--group", help="The list it belongs to.", show_default=False)
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether bars are collected.", show_default=False)
    ] = None,
    etag: Annotated[str, typer.Option(help="Change it only if this is still its etag.")] = "",
    as_json: Json = False,
) -> None:
    """Change facts about a symbol; its key never changes."""
    given = {"name": name, "sector": sector, "group": group_name, "active": active}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise CommandFailed("nothing to change: give --name, --sector, --group, --active or --inactive", 2)
    wanted = Symbol(id=symbol, etag=etag)
    for field, value in changes.items():
        setattr(wanted, field, value)
    with connect() as client:
        stored = client.symbols.update(wanted, changes)
    _show_symbol(UpdateSymbolResponse(symbol=stored), as_json=as_json)


@commands.command("delete", epilog=example("scizor symbols delete FB --force"))
def delete_symbol(
    symbol: SymbolName,
    force: Annotated[bool, typer.Option("--force", help="Also when it owns bars: they go with it.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a symbol."""
    with connect() as client:
        bars_deleted = client.symbols.delete(symbol, force=force)

    if as_json:
        print_json(DeleteSymbolResponse(bars_deleted=bars_deleted))
    else:
        show(f"{symbol} removed with {bars_deleted:,} bars")


@commands.command("populate", epilog=example("scizor symbols populate"))
def populate_symbols(
    force: Annotated[bool, typer.Option("--force", help="Do not ask the broker about them.")] = False,
    as_json: Json = False,
) -> None:
    """Store the built-in universe of 357 symbols; those already stored stay as they are."""
    with _stoppable("scizor symbols populate"), connect() as client:
        last = populate(client, force=force, as_json=as_json)
    if not as_json:
        show(populated_line(last))


@commands.command("validate", epilog=example("scizor symbols validate --limit 50"))
def validate_symbols(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="Only these.", show_default="all")
    ] = None,
    force_revalidate: Annotated[
        bool, typer.Option("--force-revalidate", help="Ask also about those verified lately.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many at most, the longest not verified first.", show_default="all")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the broker whether it knows the stored symbols; tells which were deactivated, archived or are ambiguous."""
    names = symbol_names(symbols) if symbols else []
    last = ValidateProgress()
    outcomes: list[ValidationOutcome] = []
    with _stoppable("scizor symbols validate"), connect() as client, progress_bar("symbols", quiet=as_json) as advance:
        for last in client.symbols.validate(names, force_revalidate=force_revalidate, limit=limit or 0):
            outcomes.extend(last.outcomes)
            advance(last.done, last.total, note=f"{last.invalid:,} invalid, {last.ambiguous:,} ambiguous")
            if as_json:
                print_json(last)

    if as_json:
        del last.outcomes[:]
        last.outcomes.extend(outcomes)
        print_json(last)
        return
    if outcomes:
        show(outcomes_table(outcomes))
    show(validated_line(last))


@contextmanager
def _stoppable(command: str) -> Iterator[None]:
    """Ctrl-C within tells how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        stopped = f"stopped; what was told until now is stored, `{command}` goes on from there"
        raise CommandFailed(stopped, EXIT_INTERRUPTED) from None


def _show_symbol(answer: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        show(symbol_facts(answer.symbol))
