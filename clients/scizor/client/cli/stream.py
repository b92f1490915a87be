"""`scizor stream …`: prices as they happen, until Ctrl-C, a count or a time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import Json, example, group, help_of
from scizor.client.cli.live_board import Board, Event, Row, line_of_event
from scizor.client.cli.parse import LiveLength, symbol_names
from scizor.client.cli.tables import console
from scizor.client.cli.usage import EXIT_NOT_REACHABLE, CommandFailed
from scizor.client.errors import CallError
from scizor.client.sync import Client
from scizor.marketdata.v1 import live_pb2

commands = group(help_of("stream"), "scizor stream quotes AAPL MSFT")

_REDRAWS_PER_S = 4.0
_EARLY_S = 0.1
_KINDS = {
    live_pb2.Quote: "quote",
    live_pb2.LiveBar: "bar",
    live_pb2.FeedStatus: "feed",
    live_pb2.FeedGap: "gap",
}
Names = Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="1 to 100 symbols.")]
Count = Annotated[int | None, typer.Option(min=1, help="End after so many.", show_default="never")]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds.", show_default="never")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="stream")


@commands.command("quotes", epilog=example("scizor stream quotes AAPL MSFT"))
def stream_quotes(symbols: Names, count: Count = None, seconds: Seconds = None, as_json: Json = False) -> None:
    """Show quotes as they change: a live table in a terminal, else a line each; with --json one object a line."""
    names = symbol_names(symbols)
    with connect() as client:
        board = Board() if as_json else board_of(client, names)
        events = client.within(seconds).live.quotes(names) if seconds else client.live.quotes(names)
        _show(_limited(events, len(names), live_pb2.Quote, count, seconds), board, board.quotes, as_json=as_json)


@commands.command("bars", epilog=example("scizor stream bars AAPL --interval 5s"))
def stream_bars(
    symbols: Names,
    interval: Annotated[LiveLength, typer.Option(help="How long a bar lasts.")] = LiveLength.SECONDS_5,
    count: Count = None,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Show bars as they form: a live table in a terminal, else a line each; with --json one object a line."""
    names = symbol_names(symbols)
    with connect() as client:
        board = Board() if as_json else board_of(client, names)
        bounded = client.within(seconds) if seconds else client
        events = bounded.live.bars(names, interval=interval.interval)
        _show(_limited(events, len(names), live_pb2.LiveBar, count, seconds), board, board.bars, as_json=as_json)


def board_of(client: Client, symbols: list[str]) -> Board:
    """A board with a row for each symbol, and the hours of each exchange as far as they can be told."""
    found = [client.symbols.get(symbol) for symbol in symbols]
    board = Board(rows={one.id: Row() for one in found})
    for exchange in dict.fromkeys(one.primary_exchange for one in found):
        try:
            board.hours[exchange] = client.market_hours(exchange)
        except CallError as error:
            if error.may_pass:
                raise
    return board


def _limited(
    events: Iterator[Event],
    symbols: int,
    counted: type[live_pb2.Quote | live_pb2.LiveBar],
    count: int | None,
    seconds: float | None,
) -> Iterator[Event]:
    """The events up to the count or the time.

    Raises CommandFailed when the server ends the stream before, or when all of the `symbols` are refused.
    """
    shown, began = 0, time.monotonic()
    feeds: dict[str, live_pb2.FeedStatus] = {}
    try:
        for event in events:
            yield event
            if isinstance(event, live_pb2.FeedStatus):
                feeds[event.symbol] = event
                _demand_any(feeds.values(), symbols)
            shown += isinstance(event, counted)
            if count is not None and shown >= count:
                return
    except CallError:
        # The edge, too, ends a call whose deadline is near, and in words of its own.
        if seconds is None or time.monotonic() - began < seconds - _EARLY_S:
            raise
        return
    raise CommandFailed("the server is stopping and has ended the stream; open it again", EXIT_NOT_REACHABLE)


def _demand_any(feeds: Collection[live_pb2.FeedStatus], symbols: int) -> None:
    """Raises CommandFailed when nothing will ever come."""
    if len(feeds) == symbols and all(feed.state == live_pb2.FEED_STATE_REFUSED for feed in feeds):
        refusals = "; ".join(f"{feed.symbol}: {feed.message}" for feed in feeds)
        raise CommandFailed(f"the broker refuses all that was asked for: {refusals}")


def _show(events: Iterator[Event], board: Board, draw: Callable[[datetime], Table], *, as_json: bool) -> None:
    if as_json:
        for event in events:
            print_json({_KINDS[type(event)]: as_document(event)})
    elif not sys.stdout.isatty():
        for line in board.market_lines(_now()):
            typer.echo(line)
        for event in events:
            typer.echo(line_of_event(event))
    else:
        with Live(get_renderable=lambda: draw(_now()), console=console(), refresh_per_second=_REDRAWS_PER_S):
            for event in events:
                board.take(event)


def _now() -> datetime:
    return datetime.now(UTC)
