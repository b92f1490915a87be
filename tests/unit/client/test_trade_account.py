"""`scizor trade` on an account: what is held and was traded, how it stands, and what happens on it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import grpc
import pytest

from scizor.trading.v1 import order_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.client.scripted_trading import (
    EVENTS,
    FILLED,
    ORDER_ID,
    POSITION,
    STATUS,
    TRADE,
    WORKING,
    Trading,
    decimal,
    failure,
    serving,
    trade,
    usd,
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    scripted = Trading()
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted


def test_positions_show_their_price_and_its_age(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListPositions"] = rpc.ListPositionsResponse(positions=[POSITION])
    assert trade("positions", "--lots", "--closed") == 0
    said = capsys.readouterr().out
    assert "271,500.00 USD" in said
    assert "1,253.65 USD" in said
    assert "271.50" in said
    assert "1 lot" in said
    assert trade("positions", "--by-strategy", "--json") == 0
    assert [(one.by_strategy, one.show_closed) for one in trading.asked] == [(False, True), (True, False)]


def test_a_position_is_closed_whole_or_in_part(trading: Trading) -> None:
    assert trade("close", "aapl", "--quantity", "0.5", "--strategy", "mine") == 0
    assert trade("close", "AAPL") == 0
    part, whole = trading.asked
    assert (part.symbol, part.quantity, part.strategy_id) == ("AAPL", decimal("0.5"), "mine")
    assert not whole.HasField("quantity")


def test_trades_are_listed_from_an_instant_on(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListTrades"] = rpc.ListTradesResponse(trades=[TRADE])
    assert trade("trades", "--since", "2026-11-20T14:30Z", "--order", ORDER_ID) == 0
    assert trading.asked[0].start_time.ToJsonString() == "2026-11-20T14:30:00Z"
    said = capsys.readouterr().out
    assert ORDER_ID in said
    assert "buy 1,000   270.245     1.35 USD" in said


def test_the_standing_is_shown_and_set(trading: Trading, capsys: Capture) -> None:
    trading.answers["GetTradingStatus"] = rpc.GetTradingStatusResponse(status=STATUS)
    assert trade("status", "--account", "DU1") == 0
    said = capsys.readouterr().out
    assert "Account DU1, paper" in said
    assert "active" in said
    trading.answers["SetTradingState"] = rpc.SetTradingStateResponse(status=STATUS)
    for word in ("halt", "reduce", "activate"):
        assert trade(word, "--reason", "drill", "--json") == 0
    states = [request.state for request in trading.asked[1:]]
    assert states == [
        risk_pb2.TRADING_STATE_HALTED,
        risk_pb2.TRADING_STATE_REDUCING,
        risk_pb2.TRADING_STATE_ACTIVE,
    ]
    assert {request.reason for request in trading.asked[1:]} == {"drill"}


def test_the_account_is_shown_in_money(trading: Trading, capsys: Capture) -> None:
    account = {"id": "U7", "equity": usd(1_234_567, 500_000_000), "day_pnl": usd(-12, -340_000_000)}
    trading.answers["GetAccount"] = rpc.GetAccountResponse(account=account)  # type: ignore[arg-type]  # protobuf takes it
    assert trade("account") == 0
    said = capsys.readouterr().out
    assert "Account U7, REAL MONEY" in said
    assert "1,234,567.50 USD" in said
    assert "-12.34 USD" in said


def test_a_difference_that_is_left_is_status_1(trading: Trading, capsys: Capture) -> None:
    assert trade("reconcile") == 0
    assert "agree" in capsys.readouterr().out
    left = rpc.Difference(kind=rpc.DIFFERENCE_KIND_POSITION, subject="AAPL.NASDAQ.USD", ours="10", theirs="9")
    trading.answers["Reconcile"] = rpc.ReconcileResponse(differences=[left])
    assert trade("reconcile") == 1
    assert "AAPL.NASDAQ.USD" in capsys.readouterr().out


def test_what_happens_is_lines_where_there_is_no_terminal(trading: Trading, capsys: Capture) -> None:
    trading.answers["WatchOrders"] = [
        rpc.WatchOrdersResponse(sequence=4, update=order_pb2.OrderUpdate(order=WORKING)),
        rpc.WatchOrdersResponse(sequence=5, update=order_pb2.OrderUpdate(order=FILLED, event=EVENTS[1])),
    ]
    assert trade("watch", "--symbol", "aapl", "--count", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("working | filled 0" in line for line in lines)
    assert any("executed 1,000 at 270.245" in line for line in lines)
    assert any("at 271.50" in line and "unrealized 1,255.00 USD | missed 3" in line for line in lines)
    assert {request.symbol for request in trading.asked} == {"AAPL"}


def test_a_watch_ends_when_its_time_is_over(trading: Trading, capsys: Capture) -> None:
    trading.answers["WatchOrders"] = [rpc.WatchOrdersResponse(sequence=1)]
    assert trade("watch", "--seconds", "0.3", "--json") == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["position"]["symbol"] == "AAPL.NASDAQ.USD"


def test_a_watch_that_the_server_ends_or_breaks_off_is_no_success(trading: Trading, capsys: Capture) -> None:
    assert trade("risk", "watch") == 3
    assert "server is stopping" in capsys.readouterr().err
    refused = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", "too slow a reader")
    trading.answers["WatchPositions"] = [refused]
    trading.answers["WatchOrders"] = [rpc.WatchOrdersResponse(sequence=1)]
    assert trade("watch") == 1
    assert "too slow a reader" in capsys.readouterr().err
