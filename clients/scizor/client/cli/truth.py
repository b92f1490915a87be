"""`scizor coverage`, `quality` and `market-hours`: what is known of the data, and of the exchanges they come from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import End, Json, Start, example, help_of
from scizor.client.cli.hours import hours_facts
from scizor.client.cli.parse import Length, symbol_names
from scizor.client.cli.tables import show
from scizor.client.cli.truth_tables import (
    coverage_table,
    flags_table,
    import_table,
    lacking_table,
    rejected_table,
    rule_of,
    rules,
    states_table,
)

Rule = Annotated[str, typer.Option(help="Only this rule, such as off_calendar.", show_default="all")]
ImportId = Annotated[str, typer.Option("--import", help="Only this import.", show_default="all")]
Limit = Annotated[int, typer.Option(min=1, help="How many rejected rows at most.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("coverage", help=help_of("coverage"), epilog=example("scizor coverage AAPL --start 2010-01-01"))(
        coverage
    )
    app.command("quality", help=help_of("quality"), epilog=example("scizor quality AAPL"))(quality)
    app.command("market-hours", help=help_of("market-hours"), epilog=example("scizor market-hours ASX"))(market_hours)


def coverage(
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="One or more symbols.")],
    start: Start = "",
    end: End = "",
    interval: Annotated[Length, typer.Option(help="How long a bar lasts.")] = Length.DAY_1,
    as_json: Json = False,
) -> None:
    """Compare the stored bars with the exchange's calendar."""
    with connect() as client:
        found = [
            client.bars.coverage(symbol, start, end, interval=interval.interval) for symbol in symbol_names(symbols)
        ]

    if as_json:
        print_json({"coverage": [as_document(one) for one in found]})
        return
    show(coverage_table(found))
    if any(one.counts for one in found):
        show(states_table(found))
    show(*filter(None, map(lacking_table, found)))


def quality(
    symbol: Annotated[str, typer.Argument(metavar="[SYMBOL]", help="Only this symbol.", show_default="all")] = "",
    import_id: ImportId = "",
    rule: Rule = "",
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Show how imports were judged, the rows kept aside, and what looks wrong in stored bars."""
    with connect() as client:
        found = client.bars.quality(symbol=symbol, import_id=import_id, rule=rule_of(rule), limit=limit)
    if as_json:
        print_json(found)
        return
    by_rule = f": {rules(found.rejected_by_rule)}" if found.rejected_by_rule else ""
    show(import_table(found.imports), f"{found.rows_rejected:,} rows kept aside{by_rule}")
    if found.rows:
        show(rejected_table(found.rows))
    if found.flags:
        show(flags_table(found.flags))


def market_hours(
    exchange: Annotated[str, typer.Argument(help="The exchange, such as NASDAQ or ASX.")],
    date: Annotated[str, typer.Option(help="The date, YYYY-MM-DD.", show_default="today on the exchange")] = "",
    as_json: Json = False,
) -> None:
    """Show an exchange's sessions around a date, and whether it is open now."""
    name = exchange.upper()
    with connect() as client:
        found = client.market_hours(name, date)

    if as_json:
        print_json(found)
    else:
        show(hours_facts(name, found, datetime.now(UTC)))
