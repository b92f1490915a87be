"""Trading as REST callers meet it: through Envoy, the service, its journal and the simulated gateway."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.e2e.stack import until
from tests.e2e.test_rest import reason
from tests.e2e.trading import OpenMarket, events, limit, market, order, own, placed, reached

FAR = "100.00"  # below what anybody sells at
LIVE = ("ACCEPTED", "WORKING")
EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
def rest(trading: OpenMarket) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=trading.rest("SCIZOR_TRADING_REST_PORT"), timeout=30.0) as client:
        yield client


def money(message: dict[str, Any]) -> Decimal:
    return Decimal(message["units"]) + Decimal(message["nanos"]).scaleb(-9)


def fields(answer: httpx.Response) -> list[str]:
    requests = [one for one in answer.json()["details"] if one["@type"].endswith("google.rpc.BadRequest")]
    return [violation["field"] for violation in requests[0]["fieldViolations"]]


def test_an_order_lives_is_replaced_and_cancelled(rest: httpx.Client) -> None:
    made = placed(rest, "life-1", limit(10, FAR))
    found = reached(rest, made["id"], *LIVE)["order"]
    change = {"terms": limit(12, "101.00"), "etag": found["etag"]}
    answer = rest.patch(f"/api/orders/{made['id']}", json=change)
    assert answer.status_code == 200, answer.text
    changed = until(
        lambda: (s := reached(rest, made["id"], *LIVE)["order"])["terms"]["quantity"]["value"] == "12" and s,
        "the broker has the new terms",
    )
    assert (changed["terms"]["limitPrice"]["value"], changed["remainingQuantity"]["value"]) == ("101", "12")
    stale = rest.patch(f"/api/orders/{made['id']}", json=change)
    assert (stale.status_code, reason(stale)) == (409, "ETAG_STALE")
    assert rest.post(f"/api/orders/{made['id']}:cancel", json={}).status_code == 200
    story = reached(rest, made["id"], "CANCELED")
    kinds = [event["kind"].removeprefix("ORDER_EVENT_KIND_") for event in story["events"]]
    assert kinds[0] == "PLACED"
    assert {"REPLACE_REQUESTED", "REPLACED", "CANCEL_REQUESTED", "CANCELED"} <= set(kinds)
    again = rest.post(f"/api/orders/{made['id']}:cancel", json={})
    assert (again.status_code, reason(again)) == (400, "ORDER_ENDED")


def test_a_fill_becomes_a_trade_and_a_position_that_is_closed_again(rest: httpx.Client) -> None:
    bought = placed(rest, "fill-1", market(7), symbol="IBM")
    story = reached(rest, bought["id"], "FILLED")
    assert sum(Decimal(trade["quantity"]["value"]) for trade in story["trades"]) == 7
    held = until(
        lambda: [one for one in positions(rest, symbol="IBM") if one["quantity"]["value"] == "7"], "seven are held"
    )[0]
    assert held["symbol"] == "IBM.NYSE.USD"
    assert Decimal(held["averageCost"]["value"]) == pytest.approx(Decimal(story["order"]["averagePrice"]["value"]))
    trades = rest.get("/api/trades", params={"order_id": bought["id"]}).json()["trades"]
    assert {trade["id"] for trade in trades} == {trade["id"] for trade in story["trades"]}
    closing = rest.post("/api/positions/IBM:close", json={"requestId": own("close-ibm")})
    assert closing.status_code == 200, closing.text
    retried = rest.post("/api/positions/IBM:close", json={"requestId": own("close-ibm")})
    assert retried.json()["order"]["id"] == closing.json()["order"]["id"]
    reached(rest, closing.json()["order"]["id"], "FILLED")
    until(lambda: not positions(rest, symbol="IBM"), "nothing is held")
    assert positions(rest, symbol="IBM", show_closed=True)[0]["quantity"]["value"] == "0"


def positions(rest: httpx.Client, **which: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rest.get("/api/positions", params=which).json()["positions"]
    return found


def test_a_bracket_comes_with_its_exits(rest: httpx.Client) -> None:
    bracket = {"takeProfitPrice": {"value": "300"}, "stopLossPrice": {"value": "90"}}
    answer = rest.post("/api/orders", json=order("bracket-1", limit(1, FAR)) | {"bracket": bracket}).json()
    entry, exits = answer["order"], answer["exits"]
    assert {one["terms"]["type"] for one in exits} == {"ORDER_TYPE_LIMIT", "ORDER_TYPE_STOP"}
    assert {one["parentId"] for one in exits} == {entry["id"]}
    reached(rest, entry["id"], *LIVE)
    cancelled = rest.post("/api/orders:cancelAll", json={"symbol": "AAPL"})
    assert {entry["id"]} <= {one["id"] for one in cancelled.json()["orders"]}
    for one in (entry, *exits):
        reached(rest, one["id"], "CANCELED")


def test_orders_are_watched_by_server_sent_events(rest: httpx.Client) -> None:
    with rest.stream("GET", "/api/stream/orders", headers=EVENTS) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = events(stream.iter_lines())
        next(told)  # it has begun: what is open, or a heartbeat
        made = placed(rest, "watch-1", limit(3, FAR))
        mine = (one for one in told if one.get("update", {}).get("order", {}).get("id") == made["id"])
        first = next(mine)
        assert first["update"]["event"]["kind"] == "ORDER_EVENT_KIND_PLACED"
        rest.post(f"/api/orders/{made['id']}:cancel", json={})
        last = next(one for one in mine if one["update"]["order"]["state"] == "ORDER_STATE_CANCELED")
    resumed = {"after_sequence": first["sequence"]}
    with rest.stream("GET", "/api/stream/orders", params=resumed, headers=EVENTS) as stream:
        again = (one for one in events(stream.iter_lines()) if "update" in one)
        sequences = []
        for one in again:
            sequences.append(int(one["sequence"]))
            if one["sequence"] == last["sequence"]:
                break
    assert sequences == list(range(int(first["sequence"]) + 1, int(last["sequence"]) + 1))


def test_the_account_is_worth_something_and_says_of_when(rest: httpx.Client) -> None:
    account = rest.get("/api/account").json()["account"]
    assert account["paper"] is True
    assert (account["baseCurrency"], money(account["equity"]) > 0) == ("USD", True)
    assert account["time"]
    missing = rest.get("/api/account", params={"account": "DU404"})
    assert (missing.status_code, reason(missing)) == (404, "ACCOUNT_NOT_FOUND")


@pytest.fixture
def limits(rest: httpx.Client) -> Iterator[list[dict[str, Any]]]:
    """No order above 5 shares, nor above 10 dollars."""
    made = []
    for rule, value in (("ORDER_QUANTITY", "5"), ("ORDER_NOTIONAL", "10")):
        body = {"rule": f"RISK_RULE_{rule}", "scope": "RISK_SCOPE_ACCOUNT", "value": {"value": value}}
        answer = rest.post("/api/risk/limits", json=body)
        assert answer.status_code == 200, answer.text
        made.append(answer.json()["limit"])
    yield made
    for one in made:
        assert rest.delete(f"/api/risk/limits/{one['id']}", params={"etag": one["etag"]}).status_code == 200


def test_a_refusal_tells_every_limit_with_its_value(rest: httpx.Client, limits: list[dict[str, Any]]) -> None:
    listed = rest.get("/api/risk/limits").json()["limits"]
    assert {one["id"] for one in limits} <= {one["id"] for one in listed}
    twice = rest.post("/api/risk/limits", json={name: limits[0][name] for name in ("rule", "scope", "value")})
    assert (twice.status_code, reason(twice)) == (409, "RISK_LIMIT_EXISTS")
    asked = order("refused-1", limit(6, FAR))
    refused = rest.post("/api/orders", json=asked)
    assert (refused.status_code, reason(refused)) == (400, "RISK_REFUSED")
    details = refused.json()["details"]
    told = next(one for one in details if one["@type"].endswith("scizor.trading.v1.CheckOrderResponse"))
    assert {one["limit"]["rule"] for one in told["violations"]} == {
        "RISK_RULE_ORDER_QUANTITY",
        "RISK_RULE_ORDER_NOTIONAL",
    }
    assert {one["limit"]["value"]["value"] for one in told["violations"]} == {"5", "10"}
    checked = rest.post("/api/risk/order:check", json=asked).json()
    assert (checked["passed"], len(checked["violations"])) == (False, 2)
    event = rest.get("/api/risk/events", params={"kind": "RISK_EVENT_KIND_ORDER_REFUSED"}).json()["events"][0]
    assert len(event["violations"]) == 2
    missing = rest.get("/api/orders:byClientId", params={"client_order_id": asked["clientOrderId"]})
    assert (missing.status_code, reason(missing)) == (404, "ORDER_NOT_FOUND")


def test_an_account_that_is_halted_takes_no_orders(rest: httpx.Client) -> None:
    halt = {"state": "TRADING_STATE_HALTED", "reason": "a test says so"}
    status = rest.post("/api/trading/state", json=halt).json()["status"]
    try:
        assert (status["state"], status["stateReason"]) == ("TRADING_STATE_HALTED", "a test says so")
        refused = rest.post("/api/orders", json=order("halted-1", limit(1, FAR)))
        assert (refused.status_code, reason(refused)) == (400, "TRADING_RESTRICTED")
        assert rest.get("/api/risk/check").json()["tradingState"] == "TRADING_STATE_HALTED"
    finally:
        active = {"state": "TRADING_STATE_ACTIVE", "reason": "it is over"}
        assert rest.post("/api/trading/state", json=active).status_code == 200
    assert rest.get("/api/trading/status").json()["status"]["state"] == "TRADING_STATE_ACTIVE"


def test_the_kill_switch_cancels_and_closes(rest: httpx.Client) -> None:
    reached(rest, placed(rest, "kill-1", market(4))["id"], "FILLED")
    open_order = placed(rest, "kill-2", limit(1, FAR))
    reached(rest, open_order["id"], *LIVE)
    halt = {"state": "TRADING_STATE_HALTED", "flatten": True, "reason": "enough"}
    try:
        assert rest.post("/api/trading/state", json=halt).status_code == 200
        reached(rest, open_order["id"], "CANCELED")
        until(lambda: not positions(rest), "nothing is held")
        until(
            lambda: not rest.get("/api/trading/status").json()["status"]["flattening"], "the kill switch is done", 20.0
        )
    finally:
        rest.post("/api/trading/state", json={"state": "TRADING_STATE_ACTIVE", "reason": "it is over"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"terms": limit(0, FAR)}, "order.terms.quantity"),
        ({"terms": limit(1, "100.005")}, "order.terms.limit_price"),
        ({"terms": limit("1.5", FAR)}, "order.terms.quantity"),
        ({"symbol": "aapl"}, "order.symbol"),
        ({"side": "ORDER_SIDE_UNSPECIFIED"}, "order.side"),
        ({"clientOrderId": ""}, "order.client_order_id"),
        ({"bracket": {"stopLossLimitPrice": {"value": "1"}}}, "order.bracket"),
        ({"terms": market(1) | {"limitPrice": {"value": "1"}}}, "order.terms"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(rest: httpx.Client, changes: dict[str, Any], field: str) -> None:
    answer = rest.post("/api/orders", json=order("wrong-1", limit(1, FAR)) | changes)
    assert (answer.status_code, reason(answer)) == (400, "FIELD_INVALID")
    assert [name for name in fields(answer) if name.startswith(field)], fields(answer)


def test_a_field_nobody_knows_is_no_default(rest: httpx.Client) -> None:
    answer = rest.post("/api/orders", json=order("typo-1", limit(1, FAR) | {"limitprice": {"value": "1"}}))
    assert (answer.status_code, reason(answer)) == (400, "FIELD_UNKNOWN")


def test_a_name_is_given_once(rest: httpx.Client) -> None:
    first = placed(rest, "once-1", limit(2, FAR))
    assert placed(rest, "once-1", limit(2, FAR))["id"] == first["id"]
    other = rest.post("/api/orders", json=order("once-1", limit(3, FAR)))
    assert (other.status_code, reason(other)) == (409, "ORDER_EXISTS")
    listed = rest.get("/api/orders", params={"symbol": "AAPL", "page_size": 1000}).json()["orders"]
    assert [one["id"] for one in listed if one["clientOrderId"] == own("once-1")] == [first["id"]]
    rest.post(f"/api/orders/{first['id']}:cancel", json={})


def test_exposure_and_shocks_are_told_of_what_is_held(rest: httpx.Client) -> None:
    reached(rest, placed(rest, "risk-1", market(10))["id"], "FILLED")

    def exposed() -> dict[str, Any] | None:
        found: dict[str, Any] = rest.get("/api/risk/exposure").json()["exposure"]
        return found if money(found["gross"]) else None

    exposure = until(exposed, "what is held has a price")
    assert exposure is not None
    line = next(one for one in exposure["lines"] if one["symbol"] == "AAPL.NASDAQ.USD")
    assert line["quantity"]["value"] == "10"
    shocks = {"scenarios": [{"name": "crash", "shock": -0.1}]}
    result = rest.post("/api/risk/stress", json=shocks).json()["results"][0]
    assert money(result["pnl"]) == pytest.approx(-money(exposure["net"]) / 10, rel=Decimal("0.01"))
    assert rest.post("/api/positions:closeAll", json={}).status_code == 200
    until(lambda: not positions(rest), "nothing is held")


def test_our_books_are_the_brokers(rest: httpx.Client) -> None:
    answer = rest.post("/api/trading:reconcile", json={})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [one for one in told["differences"] if not one["corrected"]] == []
    assert told["status"]["differences"] == 0
