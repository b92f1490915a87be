"""`scizor trade watch` and `scizor trade risk watch`: what happens, until Ctrl-C, a count or a time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Annotated, Any, TypeVar

import typer
from rich.live import Live

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, example
from scizor.client.cli.tables import console, harmless
from scizor.client.cli.trade import options
from scizor.client.cli.trade.board import Board, News, line_of_news
from scizor.client.cli.trade.risk import risk_commands
from scizor.client.cli.trade.risk_tables import event_line
from scizor.client.cli.usage import EXIT_NOT_REACHABLE, CommandFailed
from scizor.client.sync import Client

T = TypeVar("T")
_REDRAWS_PER_S = 4.0
_WAITING = 1_000
_LOOKS_UP_S = 0.2
Count = Annotated[int | None, typer.Option(min=1, help="End after so many messages.", show_default="never")]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds.", show_default="never")]


def register(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("watch", epilog=example("scizor trade watch --symbol AAPL"))(watch)


def watch(
    symbol: options.Symbol = "",
    strategy: options.Strategy = "",
    account: options.Account = "",
    count: Count = None,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Show positions and orders as they change: live tables in a terminal, else lines; with --json objects."""

    def opened(client: Client) -> list[Iterator[News]]:
        orders = client.orders.watch(strategy_id=strategy, symbol=symbol.upper(), account=account)
        return [orders, client.positions.watch(strategy_id=strategy, symbol=symbol.upper(), account=account)]

    board = Board()
    drawn = not as_json and sys.stdout.isatty()
    tell: Callable[[News], None] = board.take if drawn else print_json if as_json else _print_line
    screen = Live(get_renderable=lambda: board.draw(_now()), console=console(), refresh_per_second=_REDRAWS_PER_S)
    with screen if drawn else nullcontext():
        _told(opened, tell, count, seconds)


@risk_commands.command("watch", epilog=example("scizor trade risk watch"))
def watch_risk(
    after: Annotated[int, typer.Option(min=0, help="Begin behind the event of this number.", show_default="now")] = 0,
    account: options.Account = "",
    count: Count = None,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Show risk events as they come, a line each; with --json one object a line."""

    def opened(client: Client) -> list[Iterator[Any]]:
        return [client.risk.watch(account=account, after_sequence=after)]

    def tell(news: Any) -> None:
        typer.echo(harmless(event_line(news.risk_event)))

    _told(opened, print_json if as_json else tell, count, seconds)


def _told(
    opened: Callable[[Client], list[Iterator[T]]], tell: Callable[[T], None], count: int | None, seconds: float | None
) -> None:
    """Tell what the streams bring up to the count or the time. Raises CommandFailed when the server ends one before."""
    give_up = None if seconds is None else time.monotonic() + seconds
    told = 0
    with connect() as client, _merged(opened(client)) as news, suppress(Empty):
        while told != count:
            one = news.get(timeout=None if give_up is None else max(0.0, give_up - time.monotonic()))
            if isinstance(one, Exception):
                raise one
            if one is None:
                raise CommandFailed(
                    "the server is stopping and has ended the stream; open it again", EXIT_NOT_REACHABLE
                )
            tell(one)
            told += 1


@contextmanager
def _merged(streams: list[Iterator[T]]) -> Iterator[Queue[T | Exception | None]]:
    """What several streams bring, as it comes; None behind the end of one, the error where one failed."""
    news: Queue[T | Exception | None] = Queue(_WAITING)
    left = Event()

    def put(one: T | Exception | None) -> None:
        while not left.is_set():
            with suppress(Full):
                news.put(one, timeout=_LOOKS_UP_S)
                return

    def pour(stream: Iterator[T]) -> None:
        try:
            for one in stream:
                put(one)
            put(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for news is told
            put(error)

    for stream in streams:
        Thread(target=pour, args=(stream,), daemon=True).start()  # it ends when the client's connection does
    try:
        yield news
    finally:
        left.set()


def _print_line(news: News) -> None:
    typer.echo(harmless(line_of_news(news, _now())))


def _now() -> datetime:
    return datetime.now(UTC)
