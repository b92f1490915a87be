"""Exact numbers, money and terms as people read them, and the tables of `scizor trade watch`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.type.decimal_pb2 import Decimal
from google.type.money_pb2 import Money
from rich.console import Console

from scizor.client.cli.trade.board import Board
from scizor.client.cli.trade.following import follow_and_show
from scizor.client.cli.trade.order_tables import orders_table
from scizor.client.cli.trade.words import average, cash, gain, number, price, show_whole, terms_text
from scizor.client.cli.usage import CommandFailed
from scizor.client.orders import new_order
from scizor.client.sync import Client
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.trading.v1 import order_pb2, position_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.client.scripted_trading import EVENTS, FILLED, ORDER_ID, POSITION, WORKING, decimal, usd

NOW = datetime(2026, 11, 20, 15, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (usd(1_234_567, 500_000_000), "1,234,567.50 USD"),
        (usd(0), "0.00 USD"),
        (usd(0, 3_500_000), "0.0035 USD"),
        (usd(-12, -340_000_000), "-12.34 USD"),
        (Money(), ""),
    ],
)
def test_money_is_shown_to_the_cent_or_finer_where_a_cent_would_hide_it(amount: Money, shown: str) -> None:
    assert cash(amount) == shown


def test_numbers_are_shown_with_all_their_digits() -> None:
    assert number(decimal("1234567.00000001")) == "1,234,567.00000001"
    assert (price(decimal("101.5")), price(decimal("0.00012345"))) == ("101.50", "0.00012345")
    assert average(decimal("270.2451234568")) == "270.2451"
    assert [shown(Decimal()) for shown in (number, price, average)] == ["", "", ""]


def test_profit_is_green_and_loss_red() -> None:
    assert [gain(usd(units)).style for units in (1, -1, 0)] == ["green", "red", ""]


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        (new_order("A", Side.BUY, 1), "market, day"),
        (new_order("A", Side.BUY, 1, stop_price=99, limit_price="98.5"), "stop 99.00, limit 98.50, day"),
        (new_order("A", Side.BUY, 1, stop_price=99, type=OrderType.MARKET_IF_TOUCHED), "touch 99.00, day"),
        (new_order("A", Side.BUY, 1, trail_fraction="0.025", stop_price=9), "trail 2.5%, from 9.00, day"),
        (new_order("A", Side.BUY, 1, trail_amount="1.5", time_in_force=TimeInForce.GTC), "trail 1.50, gtc"),
        (
            new_order("A", Side.BUY, 1, good_till_time="2026-12-31T21:00Z", outside_regular_hours=True),
            "market, gtd, until 2026-12-31 21:00:00Z, outside hours",
        ),
    ],
)
def test_terms_are_read_like_a_sentence(order: order_pb2.Order, shown: str) -> None:
    assert terms_text(order.terms) == shown


def drawn(board: Board, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(board.draw(NOW))
    return capture.get()


def order_news(order: order_pb2.Order, event: order_pb2.OrderEvent | None = None) -> rpc.WatchOrdersResponse:
    return rpc.WatchOrdersResponse(update=order_pb2.OrderUpdate(order=order, event=event))


def test_the_board_fits_a_terminal_and_tells_how_old_a_price_is() -> None:
    board = Board()
    board.take(rpc.WatchPositionsResponse(position=POSITION))
    board.take(order_news(WORKING))
    shown = drawn(board)
    assert "1 position at 15:00:15Z" in shown
    assert "1,000   270.2450   271.50    5s   1,255.00 USD" in shown
    assert "buy 1,000   limit 270.25, gtc   working" in shown


def test_what_is_closed_or_has_ended_leaves_the_board() -> None:
    board = Board()
    board.take(rpc.WatchPositionsResponse(position=POSITION))
    board.take(order_news(WORKING))
    closed = position_pb2.Position(symbol=POSITION.symbol, quantity=decimal("0"))
    board.take(rpc.WatchPositionsResponse(position=closed))
    board.take(order_news(FILLED, EVENTS[1]))
    shown = drawn(board)
    assert "0 positions" in shown
    assert "0 open orders" in shown
    assert "Ended last" in shown


def test_a_table_is_printed_whole_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scizor.client.cli.tables.PLAIN_WIDTH", 40)
    show_whole(orders_table([WORKING]), "a word")
    shown = capsys.readouterr().out
    assert ORDER_ID in shown
    assert "working" in shown
    assert "270.25," in shown
    assert shown.endswith("a word\n")


def test_ctrl_c_says_that_the_order_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_client: Client, _order_id: str, *, as_json: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scizor.client.cli.trade.following._follow", stopped)
    with Client("127.0.0.1:1") as client, pytest.raises(CommandFailed, match="lives on without you") as caught:
        follow_and_show(client, ORDER_ID, as_json=False)
    assert caught.value.status == 130
