"""`scizor trade buy`, `sell`, `orders`, `order`, `replace`, `cancel` and `cancel-all`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import Json, SymbolName, example
from scizor.client.cli.failures import line_of
from scizor.client.cli.parse import one_of
from scizor.client.cli.tables import counted
from scizor.client.cli.trade import options
from scizor.client.cli.trade.following import follow_and_show, show_order
from scizor.client.cli.trade.order_tables import events_table, orders_table, placed_line, trades_table
from scizor.client.cli.trade.risk_tables import check_facts, violations_table
from scizor.client.cli.trade.words import show_whole, state_of
from scizor.client.cli.usage import EXIT_FAILED, EXIT_NOT_REACHABLE, EXIT_USAGE, CommandFailed
from scizor.client.errors import CallError
from scizor.client.orders import fresh_id
from scizor.client.sync import Client
from scizor.domain.errors import Reason
from scizor.domain.orders import Side
from scizor.domain.trading.states import OrderState
from scizor.trading.v1 import trading_service_pb2 as rpc

_ABOUT = {
    Side.BUY: ("Place an order to buy.", "scizor trade buy AAPL 100 --limit 270.25 --stop-loss 262 --wait"),
    Side.SELL: ("Place an order to sell, or to sell short.", "scizor trade sell AAPL 100 --trail-percent 5 --tif gtc"),
}
Wait = Annotated[bool, typer.Option("--wait", help="Follow it until it has ended; exit status 1 unless it was filled.")]
Check = Annotated[bool, typer.Option("--check", help="Only tell what speaks against it; exit status 1 if anything.")]


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    for side, (about, shown) in _ABOUT.items():
        commands.command(side.name.lower(), help=about, epilog=example(shown))(_placing(side))
    commands.command("orders", epilog=example("scizor trade orders --open"))(list_orders)
    commands.command("order", epilog=example(f"scizor trade order {options.AN_ID}"))(show_one)
    commands.command("replace", epilog=example(f"scizor trade replace {options.AN_ID} --limit 270.50"))(replace)
    commands.command("cancel", epilog=example(f"scizor trade cancel {options.AN_ID}"))(cancel)
    commands.command("cancel-all", epilog=example("scizor trade cancel-all --symbol AAPL"))(cancel_all)


def _placing(side: Side) -> Callable[..., int]:
    def place(
        symbol: SymbolName,
        quantity: options.Quantity,
        limit: options.Limit = "",
        stop: options.Stop = "",
        touch: options.Touch = "",
        trail: options.Trail = "",
        trail_percent: options.TrailPercent = "",
        tif: options.TifWord = None,
        good_till: options.GoodTill = "",
        outside_hours: options.Outside = False,
        take_profit: options.TakeProfit = "",
        stop_loss: options.StopLoss = "",
        oco: options.Oco = "",
        account: options.Account = "",
        client_id: options.ClientId = "",
        check: Check = False,
        wait: Wait = False,
        as_json: Json = False,
    ) -> int:
        terms = options.terms(
            limit=limit,
            stop=stop,
            touch=touch,
            trail=trail,
            trail_percent=trail_percent,
            tif=tif,
            good_till=good_till,
        )
        asked: dict[str, Any] = {
            **terms,
            **options.touched(limit=limit, touch=touch),
            "outside_regular_hours": outside_hours,
            "account": account,
        }
        if check:
            return _check(symbol.upper(), side, quantity, asked, as_json=as_json)
        more = {"take_profit_price": take_profit or None, "stop_loss_price": stop_loss or None, "oco_group": oco}
        name = client_id or fresh_id()
        _place(symbol.upper(), side, quantity, asked | more | {"client_order_id": name}, wait=wait, as_json=as_json)
        return 0

    return place


def list_orders(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    symbol: options.Symbol = "",
    state: Annotated[str, typer.Option(help="Only this state, such as working.", show_default="all")] = "",
    strategy: options.Strategy = "",
    account: options.Account = "",
    limit: options.Most = 100,
    as_json: Json = False,
) -> None:
    """List orders, newest first, those placed elsewhere among them."""
    wanted = one_of(OrderState, state, "--state")
    with connect() as client:
        found = client.orders.list(
            strategy_id=strategy,
            symbol=symbol.upper(),
            state=wanted,
            open_only=open_only,
            account=account,
            limit=limit,
        )
    if as_json:
        print_json(rpc.ListOrdersResponse(orders=found))
    else:
        show_whole(orders_table(found))


def show_one(order: options.OrderName, account: options.Account = "", as_json: Json = False) -> None:
    """Show an order with all that happened to it and its executions."""
    with connect() as client:
        found = _found(client, order, account)
    if as_json:
        print_json(found)
        return
    show_order(found.order)
    show_whole(events_table(found.events), *([trades_table(found.trades)] if found.trades else []))


def replace(
    order: options.OrderName,
    quantity: Annotated[
        str, typer.Option(metavar="QTY", help="Shares, what has filled among them.", show_default=False)
    ] = "",
    limit: options.Limit = "",
    stop: Annotated[
        str, typer.Option("--stop", "--touch", metavar="PRICE", help="The price that triggers it.", show_default=False)
    ] = "",
    trail: options.Trail = "",
    trail_percent: options.TrailPercent = "",
    tif: Annotated[options.Tif | None, typer.Option(help="How long it lives.", show_default=False)] = None,
    good_till: options.GoodTill = "",
    outside_hours: Annotated[
        bool | None, typer.Option("--outside-hours/--no-outside-hours", help="Fill outside regular hours too.")
    ] = None,
    etag: Annotated[str, typer.Option(help="Only if this is still its etag.")] = "",
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """Ask for other terms of an order; what is not given stays as it is."""
    changes = options.terms(
        limit=limit, stop=stop, touch="", trail=trail, trail_percent=trail_percent, tif=tif, good_till=good_till
    )
    if quantity:
        changes["quantity"] = quantity
    if outside_hours is not None:
        changes["outside_regular_hours"] = outside_hours
    if not changes:
        raise CommandFailed(
            "nothing to change: give --quantity, --limit, --stop, --trail, --tif or another", EXIT_USAGE
        )
    with connect() as client:
        asked = client.orders.replace(_found(client, order, account).order, etag=etag, **changes)
    if as_json:
        print_json(rpc.ReplaceOrderResponse(order=asked))
    else:
        show_order(asked)


def cancel(order: options.OrderName, account: options.Account = "", as_json: Json = False) -> None:
    """Ask for an order's end; what fills before has filled."""
    with connect() as client:
        order_id = order if options.is_id(order) else _found(client, order, account).order.id
        asked = client.orders.cancel(order_id)
    if as_json:
        print_json(rpc.CancelOrderResponse(order=asked))
    else:
        show_whole(f"{asked.id} is {state_of(asked)}")


def cancel_all(
    symbol: options.Symbol = "",
    strategy: options.Strategy = "",
    account: options.Account = "",
    as_json: Json = False,
) -> None:
    """Ask for the end of all open orders; those placed elsewhere are left."""
    with connect() as client:
        asked = client.orders.cancel_all(strategy_id=strategy, symbol=symbol.upper(), account=account)
    if as_json:
        print_json(rpc.CancelAllOrdersResponse(orders=asked))
    else:
        show_whole(orders_table(asked, f"{counted(len(asked), 'order')} asked to end"))


def _place(symbol: str, side: Side, quantity: str, asked: dict[str, Any], *, wait: bool, as_json: bool) -> None:
    with connect() as client:
        try:
            placed = client.orders.place(symbol, side, quantity, **asked)
        except CallError as error:
            if not error.may_pass and error.reason != Reason.DEADLINE_EXCEEDED:
                raise
            again = f"ask again with --client-id {asked['client_order_id']}, and it is placed once at most"
            status = EXIT_NOT_REACHABLE if error.may_pass else EXIT_FAILED
            raise CommandFailed(f"{line_of(error)}; {again}", status) from None
        if as_json:
            print_json(placed)
        else:
            show_whole(placed_line(placed))
        if wait:
            follow_and_show(client, placed.order.id, as_json=as_json)


def _check(symbol: str, side: Side, quantity: str, asked: dict[str, Any], *, as_json: bool) -> int:
    with connect() as client:
        answer = client.orders.check(symbol, side, quantity, **asked)
    if as_json:
        print_json(as_document(answer))
    else:
        show_whole(check_facts(answer), *([violations_table(answer.violations)] if answer.violations else []))
    return 0 if answer.passed else EXIT_FAILED


def _found(client: Client, word: str, account: str) -> rpc.GetOrderResponse:
    if options.is_id(word):
        return client.orders.get(word)
    return client.orders.get(client_order_id=word, account=account)
