"""`scizor collect …`: ask the broker for the bars that are lacking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer

from scizor.client.cli.checking import check_everything
from scizor.client.cli.collecting import finish, follow
from scizor.client.cli.collection_tables import (
    chunk_document,
    collection_document,
    collection_facts,
    collections_table,
    ledger_table,
)
from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, SymbolName, example, group, help_of
from scizor.client.cli.marketdata_tables import populated_line
from scizor.client.cli.parse import Length, one_of, symbol_names
from scizor.client.cli.populating import populate
from scizor.client.cli.tables import show, word
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.client.sync import Client
from scizor.domain.collections import ChunkState, CollectionState
from scizor.marketdata.v1 import collection_pb2 as pb

commands = group(help_of("collect"), "scizor collect daily")

Interval = Annotated[Length, typer.Option(help="How long a bar lasts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for, and ask for nothing.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The collection's id.")]
_AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
_POLL_S = 1.0


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="collect")


@commands.command("daily", epilog=example("scizor collect daily --exchange ASX"))
def collect_daily(
    date: Annotated[str, typer.Option(help="The newest session, YYYY-MM-DD.", show_default="the newest settled")] = "",
    exchange: Annotated[str, typer.Option(help="Only symbols listed here.", show_default="all")] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring every active symbol up to date: only the sessions it lacks are asked for.

    Where no symbol is stored yet, the built-in universe is stored first.
    """
    with connect() as client:
        if not dry_run and not client.health().symbols:
            populated = populate(client, as_json=as_json)
            if not as_json:
                show(populated_line(populated))
        updates = client.collections.daily(date=date, exchange=exchange.upper(), dry_run=dry_run)
        finish(follow(updates, as_json=as_json), as_json=as_json, dry_run=dry_run)


@commands.command("symbol", epilog=example("scizor collect symbol AAPL --interval 5m"))
def collect_symbol(
    symbol: SymbolName, interval: Interval = Length.DAY_1, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Bring one symbol up to date; a session under way gives a partial bar."""
    with connect() as client:
        updates = client.collections.symbol(symbol.upper(), interval=interval.interval, dry_run=dry_run)
        finish(follow(updates, as_json=as_json), as_json=as_json, dry_run=dry_run)


@commands.command("history", epilog=example("scizor collect history AAPL MSFT --start-date 2015-01-01"))
def collect_history(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL...", help="One or more symbols.", show_default=False)
    ] = None,
    all_active: Annotated[bool, typer.Option("--all", help="All active symbols.")] = False,
    start: Annotated[
        str, typer.Option("--start-date", "--start", help="First session.", show_default="three years before the end")
    ] = "",
    end: Annotated[
        str, typer.Option("--end-date", "--end", help="Last session.", show_default="the newest that is over")
    ] = "",
    interval: Interval = Length.DAY_1,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask also for what is stored already.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Collect the past: three years when no dates are given."""
    if all_active == bool(symbols):
        raise CommandFailed("give symbols, or --all", EXIT_USAGE)
    names = symbol_names(symbols) if symbols else []
    with connect() as client:
        updates = client.collections.history(
            names, start, end, interval=interval.interval, refresh=refresh, dry_run=dry_run
        )
        finish(follow(updates, as_json=as_json), as_json=as_json, dry_run=dry_run)


@commands.command("status", epilog=example(f"scizor collect status {_AN_ID} --chunks failed"))
def show_status(
    collection_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A collection, to see its ledger.", show_default="list them")
    ] = "",
    chunks: Annotated[str, typer.Option(help="Only chunks in this state.", show_default="all")] = "",
    state: Annotated[str, typer.Option(help="List only those in this state.", show_default="all")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many collections or chunks at most.")] = 20,
    following: Annotated[bool, typer.Option("--follow", help="Follow it to its end.")] = False,
    as_json: Json = False,
) -> None:
    """List collections, newest first, or show one with its ledger."""
    chunk_state = one_of(ChunkState, chunks, "--chunks")
    wanted = one_of(CollectionState, state, "--state")
    if not collection_id and (following or chunk_state):
        raise CommandFailed("--follow and --chunks need a collection's id", EXIT_USAGE)
    with connect() as client:
        if not collection_id:
            _show_list(client.collections.list(state=wanted, limit=limit), as_json=as_json)
        elif following:
            finish(follow(_polled(client, collection_id), as_json=as_json), as_json=as_json)
        else:
            found = client.collections.get(collection_id, chunk_state=chunk_state, limit=limit)
            _show_one(found, as_json=as_json)


@commands.command("cancel", epilog=example(f"scizor collect cancel {_AN_ID}"))
def cancel_collection(collection_id: Id, as_json: Json = False) -> None:
    """End a collection; what it has stored stays."""
    with connect() as client:
        ended = client.collections.cancel(collection_id)

    if as_json:
        print_json(collection_document(ended))
    else:
        stored = f"what it has stored stays: {ended.progress.new_bars:,} new bars"
        show(f"{ended.id} is {word(pb.CollectionState, ended.progress.state)}; {stored}")


@commands.command("check", epilog=example("scizor collect check BHP.ASX.AUD"))
def check(
    symbol: Annotated[str, typer.Argument(metavar="[SYMBOL]", help="What to try it with.")] = "AAPL.NASDAQ.USD",
    as_json: Json = False,
) -> int:
    """Test the connection to the broker with one symbol, step by step; exit status 1 when a step fails."""
    with connect() as client:
        return check_everything(client, symbol.upper(), as_json=as_json)


def _polled(client: Client, collection_id: str) -> Iterator[pb.Collection]:
    """A collection somebody else began, whenever it has changed, until it has ended."""
    last = None
    while True:
        now = client.collections.get(collection_id, limit=1).collection
        if now != last:
            yield now
        if now.progress.state >= pb.COLLECTION_STATE_SUCCEEDED:
            return
        last = now
        time.sleep(_POLL_S)


def _show_list(found: list[pb.Collection], *, as_json: bool) -> None:
    if as_json:
        print_json({"collections": [collection_document(one) for one in found]})
    else:
        show(collections_table(found))


def _show_one(found: pb.GetCollectionResponse, *, as_json: bool) -> None:
    if as_json:
        ledger = [chunk_document(chunk) for chunk in found.chunks]
        print_json({**collection_document(found.collection), "ledger": ledger})
        return
    show(collection_facts(found.collection))
    if found.chunks:
        show(ledger_table(found.chunks))
    if found.next_page_token:
        show("there are more; see them with a larger --limit")
