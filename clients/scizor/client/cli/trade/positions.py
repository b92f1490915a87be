"""`scizor trade positions`, `close`, `close-all` and `trades`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, SymbolName, example
from scizor.client.cli.tables import counted
from scizor.client.cli.trade import options
from scizor.client.cli.trade.account_tables import lots_table, positions_table
from scizor.client.cli.trade.order_tables import orders_table, trades_table
from scizor.client.cli.trade.words import show_whole
from scizor.trading.v1 import trading_service_pb2 as rpc


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    commands.command("positions", epilog=example("scizor trade positions --by-strategy"))(list_positions)
    commands.command("close", epilog=example("scizor trade close AAPL --quantity 50"))(close)
    commands.command("close-all", epilog=example("scizor trade close-all --strategy sma_cross"))(close_all)
    commands.command("trades", epilog=example("scizor trade trades --since 2026-11-20T14:30Z"))(list_trades)


def list_positions(
    by_strategy: Annotated[bool, typer.Option("--by-strategy", help="Split by strategy instead of netted.")] = False,
    lots: Annotated[bool, typer.Option("--lots", help="Also the executions that what is held comes from.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones too, for what they earned.")] = False,
    symbol: options.Symbol = "",
    strategy: options.Strategy = "",
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """List what is held, at live prices with their age."""
    with connect() as client:
        found = client.positions.list(
            strategy_id=strategy, symbol=symbol.upper(), by_strategy=by_strategy, show_closed=closed, account=account
        )
    if as_json:
        print_json(rpc.ListPositionsResponse(positions=found))
        return
    show_whole(positions_table(found, datetime.now(UTC)), *([lots_table(found)] if lots else []))


def close(
    symbol: SymbolName,
    quantity: Annotated[str, typer.Option(metavar="QTY", help="So many shares.", show_default="all")] = "",
    strategy: Annotated[str, typer.Option(help="Only what this strategy holds.", show_default="all")] = "",
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """Close a position, or a part, with a market order."""
    with connect() as client:
        order = client.positions.close(symbol.upper(), quantity or None, strategy_id=strategy, account=account)
    if as_json:
        print_json(rpc.ClosePositionResponse(order=order))
    else:
        show_whole(orders_table([order]))


def close_all(
    strategy: Annotated[str, typer.Option(help="Only what this strategy holds.", show_default="all")] = "",
    account: options.Account = "",
    yes: options.Yes = False,
    as_json: Json = False,
) -> None:
    """Cancel what is open and close all positions with market orders."""
    whose = f"of strategy {strategy}" if strategy else f"of account {account}" if account else "of the account"
    options.confirm(f"cancel all orders and close all positions {whose} at the market", yes=yes)
    with connect() as client:
        orders = client.positions.close_all(strategy_id=strategy, account=account)
    if as_json:
        print_json(rpc.CloseAllPositionsResponse(orders=orders))
    else:
        show_whole(orders_table(orders, f"closing by {counted(len(orders), 'order')}"))


def list_trades(
    symbol: options.Symbol = "",
    strategy: options.Strategy = "",
    order: Annotated[str, typer.Option(metavar="ID", help="Only those of this order.", show_default="all")] = "",
    since: options.Since = "",
    until: Annotated[str, typer.Option(help="Only those before.", show_default="now")] = "",
    account: options.Account = "",
    limit: options.Most = 100,
    as_json: Json = False,
) -> None:
    """List executions, newest first, corrected ones as they now are."""
    with connect() as client:
        found = client.positions.trades(
            strategy_id=strategy,
            symbol=symbol.upper(),
            order_id=order,
            start_time=since,
            end_time=until,
            account=account,
            limit=limit,
        )
    if as_json:
        print_json(rpc.ListTradesResponse(trades=found))
    else:
        show_whole(trades_table(found))
