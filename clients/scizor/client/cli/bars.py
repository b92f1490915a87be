"""`scizor bars …`: import, read, examine and delete bars."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scizor.client.cli import truth
from scizor.client.cli.bundle import import_bundled
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.csv_file import STANDARD_OUTPUT, csv_lines, heading, write_csv
from scizor.client.cli.entry import End, Json, Start, SymbolName, example, group, help_of
from scizor.client.cli.marketdata_tables import bars_table
from scizor.client.cli.parse import Adjust, Format, Length, symbol_names
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import show
from scizor.client.cli.truth_tables import import_table
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.client.sync import Client
from scizor.domain.bars import Adjustment
from scizor.marketdata.v1.market_data_service_pb2 import DeleteBarsResponse, GetBarsResponse, GetLatestBarResponse
from scizor.marketdata.v1.quality_pb2 import ImportSummary

commands = group(help_of("bars"), "scizor bars get AAPL --start 2010-01-01 --end 2010-12-31")

Adjusted = Annotated[Adjust, typer.Option("--adjustment", help="The scale of prices.")]
Lasting = Annotated[Length, typer.Option("--interval", help="How long a bar lasts.")]
AsOf = Annotated[str, typer.Option(help="Adjust only by actions up to this ex-date.", show_default="all")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="bars")


@commands.command("import", epilog=example("scizor bars import AAPL.csv --symbol AAPL --source vendor:2013-03"))
def import_bars(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="CSV or Parquet files of daily bars.", show_default=False),
    ] = None,
    bundled: Annotated[
        bool, typer.Option("--bundled", help="The real bars SCIZOR comes with: AAPL, GOOG, IBM, MSFT, FB.")
    ] = False,
    symbol: Annotated[str, typer.Option(help="The symbol of all rows.", show_default="the file's column")] = "",
    source: Annotated[str, typer.Option(help="Where they come from.", show_default="the file's name")] = "",
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Its format.", show_default="the file's suffix")
    ] = None,
    max_rejected: Annotated[
        float | None, typer.Option(min=0, max=1, help="Refuse it when a larger share is bad.", show_default="0.2")
    ] = None,
    as_json: Json = False,
) -> None:
    """Import files of daily bars, of no shorter ones: those come with `scizor collect history`.

    Bad rows are kept aside with the rule they broke.
    """
    if bundled == bool(files):
        raise CommandFailed("give files to import, or --bundled", EXIT_USAGE)
    with connect() as client:
        if bundled:
            summaries = [import_bundled(client)]
        else:
            named = file_format.value if file_format else ""
            summaries = [
                _import_file(
                    client,
                    path,
                    symbol=symbol,
                    source=source,
                    file_format=named,
                    max_rejected_fraction=max_rejected,
                )
                for path in files or ()
            ]

    if as_json:
        print_json({"imports": [as_document(summary) for summary in summaries]})
    else:
        show(import_table(summaries))


@commands.command("get", epilog=example("scizor bars get AAPL --start 2010-01-01 --end 2010-12-31 --adjustment split"))
def get_bars(
    symbol: SymbolName,
    start: Start = "",
    end: End = "",
    interval: Lasting = Length.DAY_1,
    adjustment: Adjusted = Adjust.RAW,
    as_of: AsOf = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most.", show_default="all")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write them to this file, - for standard output.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a symbol's bars."""
    if csv == STANDARD_OUTPUT and as_json:
        raise CommandFailed("--csv - and --json both write to standard output: choose one", EXIT_USAGE)
    with connect() as client:
        found = client.bars.get(
            symbol,
            start,
            end,
            interval=interval.interval,
            adjustment=_scale(adjustment),
            as_of=as_of,
            limit=limit,
        )

    if csv is not None:
        write_csv(csv, found)
    if as_json:
        print_json(GetBarsResponse(bars=found.to_proto()))
    elif csv is None:
        show(bars_table(found))
    elif csv != STANDARD_OUTPUT:
        show(f"{len(found):,} bars written to {csv}")


@commands.command("latest", epilog=example("scizor bars latest AAPL"))
def latest_bar(symbol: SymbolName, interval: Lasting = Length.DAY_1, as_json: Json = False) -> None:
    """Show a symbol's newest bar, as traded."""
    with connect() as client:
        found = client.bars.latest(symbol, interval=interval.interval)

    if as_json:
        print_json(GetLatestBarResponse(bar=found.to_proto()))
    else:
        show(bars_table(found))


@commands.command("stream", epilog=example("scizor bars stream AAPL,MSFT --start 2010-01-01 > bars.csv"))
def stream_bars(
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="One or more symbols.")],
    start: Start = "",
    end: End = "",
    interval: Lasting = Length.DAY_1,
    adjustment: Adjusted = Adjust.RAW,
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Write the bars of many symbols as CSV lines, or with --json as one JSON document a line."""
    with connect() as client:
        if not as_json:
            sys.stdout.write(heading(interval.interval))
        chunks = client.bars.stream(
            symbol_names(symbols),
            start,
            end,
            interval=interval.interval,
            adjustment=_scale(adjustment),
            as_of=as_of,
        )
        for chunk in chunks:
            sys.stdout.write(json.dumps(as_document(chunk.to_proto())) + "\n" if as_json else csv_lines(chunk))


@commands.command("delete", epilog=example("scizor bars delete AAPL --start 2010-01-04 --end 2010-01-08"))
def delete_bars(
    symbol: SymbolName,
    start: Start = "",
    end: End = "",
    interval: Lasting = Length.DAY_1,
    all_of_them: Annotated[bool, typer.Option("--all", help="Every bar of this length.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a symbol's bars of one length in a range, with what is known of their changes."""
    if all_of_them == bool(start or end):
        raise CommandFailed("give --start, --end or both, or --all", EXIT_USAGE)
    with connect() as client:
        bars_deleted = client.bars.delete(symbol, start, end, interval=interval.interval)

    if as_json:
        print_json(DeleteBarsResponse(bars_deleted=bars_deleted))
    else:
        show(f"{bars_deleted:,} bars of {symbol} removed")


commands.command("coverage", epilog=example("scizor bars coverage AAPL MSFT"))(truth.coverage)


@commands.command("quality", epilog=example("scizor bars quality --symbol FB"))
def quality(
    symbol: Annotated[str, typer.Option(help="Only this symbol.", show_default="all")] = "",
    import_id: truth.ImportId = "",
    rule: truth.Rule = "",
    limit: truth.Limit = 20,
    as_json: Json = False,
) -> None:
    """Show how imports were judged, the rows kept aside, and what looks wrong in stored bars."""
    truth.quality(symbol, import_id, rule, limit, as_json)


def _import_file(client: Client, path: Path, **options: Any) -> ImportSummary:
    with progress_bar(path.name, path.stat().st_size) as advance:
        return client.bars.import_file(path, progress=advance, **options)


def _scale(adjustment: Adjust) -> Adjustment:
    return Adjustment[adjustment.name]
