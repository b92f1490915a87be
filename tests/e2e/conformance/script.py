"""The steps, and what each must find. The gateway replays 2024-03-14 from 10:30 in New York, sixty times as fast."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from tests.e2e.conformance.driver import Driver, Refused, Row

AAPL, AAPL_ID = {"symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}, 265598
MSFT_ID = 272093
NOT_SUBSCRIBED = {"symbol": "KWEB", "secType": "STK", "exchange": "SMART", "currency": "USD"}
PRESENT = "20240314"


class Unexpected(Exception):
    """A step found something else than it must."""


def expect(condition: object, found: object) -> None:
    """Raise Unexpected with what was found."""
    if not condition:
        raise Unexpected(repr(found))


def refusal(call: Callable[[], object]) -> int:
    """The code that a call is refused with."""
    try:
        found = call()
    except Refused as error:
        return error.code
    raise Unexpected(f"not refused: {found!r}")


def notices(driver: Driver) -> object:
    codes = set(driver.notices())
    expect({2104, 2106, 2158} <= codes, codes)
    return sorted(codes)


def time(driver: Driver) -> object:
    now = driver.current_time()
    expect(1710426600 <= now < 1710446400, now)  # the session of that day
    return None


def contract_details(driver: Driver) -> object:
    (apple,) = driver.contract_details(**AAPL)
    expect((apple["con_id"], apple["exchange"], apple["stock_type"]) == (AAPL_ID, "NASDAQ", "COMMON"), apple)
    tags = [value for tag, value in apple["tags"] if tag == "SCIZOR_DATA"]
    expect(tags[0].startswith("bokeh_sampledata:") and tags[-1] == "synthetic", apple)
    (by_id,) = driver.contract_details(conId=AAPL_ID)
    expect(by_id["symbol"] == "AAPL", by_id)
    return apple


def ambiguous_and_unknown_contracts(driver: Driver) -> object:
    both = driver.contract_details(symbol="BHP", secType="STK", exchange="SMART")
    expect({row["currency"] for row in both} == {"AUD", "USD"}, both)
    unclear = {"symbol": "BHP", "secType": "STK", "exchange": "SMART"}
    codes = [
        refusal(lambda: driver.contract_details(symbol="NOSUCH", secType="STK", exchange="SMART")),
        refusal(lambda: driver.history(unclear, "", "5 D", "1 day", "TRADES", 1)),
    ]
    expect(codes == [200, 200], codes)
    return both


def symbols_and_rules(driver: Driver) -> object:
    expect("AAPL" in driver.matching_symbols("AAP"), driver.matching_symbols("AAP"))
    rule = driver.market_rule(26)
    expect(rule == [[0.0, 0.01]], rule)
    return rule


def head_timestamp(driver: Driver) -> object:
    first = driver.head_timestamp(AAPL_ID)
    expect(first < 1710426600, first)
    return first


def daily_history(driver: Driver) -> object:
    bars = driver.history({"conId": AAPL_ID, "exchange": "SMART"}, "", "5 D", "1 day", "TRADES", 1)
    expect([bar["time"] for bar in bars] == ["20240308", "20240311", "20240312", "20240313", PRESENT], bars)
    expect(all(bar["low"] <= min(bar["open"], bar["close"]) for bar in bars), bars)
    real = driver.history({"conId": AAPL_ID, "exchange": "SMART"}, "20100507-00:00:00", "2 D", "1 day", "TRADES", 2)
    expect(real[-1]["time"] == "20100506", real)
    return [bars[:-1], real]


def intraday_history(driver: Driver) -> object:
    contract = {"conId": AAPL_ID, "exchange": "SMART"}
    found = {}
    for what in ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"):
        bars = driver.history(contract, "20240313-20:00:00", "3600 S", "5 mins", what, 2)
        expect(len(bars) == 12 and bars[0]["time"] == "1710356400", bars)
        found[what] = bars
    local = driver.history(contract, "20240313 16:00:00 US/Eastern", "1800 S", "10 mins", "TRADES", 1)
    expect([bar["time"] for bar in local] == ["1710358200", "1710358800", "1710359400"], local)
    return found


def adjusted_history(driver: Driver) -> object:
    bars = driver.history({"conId": AAPL_ID, "exchange": "SMART"}, "", "1 M", "1 day", "ADJUSTED_LAST", 1)
    expect(15 <= len(bars) <= 24, len(bars))
    return bars[:-1]


def history_refusals(driver: Driver) -> object:
    contract = {"conId": AAPL_ID, "exchange": "SMART"}
    codes = {
        "no zone": refusal(lambda: driver.history(contract, "20240313 16:00:00", "5 D", "1 day", "TRADES", 1)),
        "bar size": refusal(lambda: driver.history(contract, "", "5 D", "7 mins", "TRADES", 1)),
        "type": refusal(lambda: driver.history(contract, "", "5 D", "1 day", "TRADE", 1)),
        "adjusted": refusal(lambda: driver.history(contract, "20240313-20:00:00", "5 D", "1 day", "ADJUSTED_LAST", 1)),
        "no data": refusal(lambda: driver.history(contract, "19700105-20:00:00", "5 D", "1 day", "TRADES", 1)),
    }
    expect(codes == {"no zone": 10314, "bar size": 321, "type": 321, "adjusted": 321, "no data": 162}, codes)
    return codes


def pacing(driver: Driver) -> object:
    def ask() -> object:
        return driver.history(
            {"conId": AAPL_ID, "exchange": "SMART"}, "20240313-20:00:00", "60 S", "5 secs", "TRADES", 2
        )

    first, again = ask(), refusal(ask)
    expect(again == 162, again)
    return first


def updated_history(driver: Driver) -> object:
    first, updates, code = driver.history_updates(AAPL_ID, "1 min", 3)
    expect(len(first) > 5 and updates[-1]["time"] >= first[-1]["time"], (first[-1], updates))
    expect(code == 162, code)
    return None


def schedule(driver: Driver) -> object:
    if not driver.speaks_schedule:
        return None
    days = driver.schedule(AAPL_ID, "3 D")
    expect(days == ["20240312", "20240313", PRESENT], days)
    return None


def live_quotes(driver: Driver) -> object:
    for snapshot in (False, True):
        quote = driver.quotes(AAPL_ID, 1, snapshot=snapshot)
        expect(quote["type"] == 1 and 0 < quote["bid"] < quote["ask"] and quote["last"] > 0, quote)
    return None


def delayed_quotes(driver: Driver) -> object:
    (closed,) = driver.contract_details(**NOT_SUBSCRIBED)
    live = refusal(lambda: driver.quotes(closed["con_id"], 1))
    expect(live == 10089, live)
    quote = driver.quotes(closed["con_id"], 3)
    expect(quote["type"] == 3 and 0 < quote["bid"] < quote["ask"], quote)
    return None


def tick_by_tick(driver: Driver) -> object:
    trades, spreads = driver.trades(AAPL_ID, 3), driver.spreads(MSFT_ID, 2)
    expect(all(trade["price"] > 0 and trade["size"] > 0 for trade in trades), trades)
    expect(all(0 < spread["bid"] < spread["ask"] for spread in spreads), spreads)
    again = refusal(lambda: driver.spreads(AAPL_ID, 2))  # one request per share in fifteen seconds
    expect(again == 10190, again)
    return again


def real_time_bars(driver: Driver) -> object:
    bars = driver.real_time_bars(AAPL_ID, 3)
    times = [bar["time"] for bar in bars]
    expect(all(time % 5 == 0 for time in times) and times == sorted(set(times)), times)
    return None


def market_order(driver: Driver) -> object:
    expect(driver.positions() == {}, driver.positions())
    bought = driver.place(AAPL_ID, "BUY", 400, None, "Filled")
    expect(bought["statuses"] == ["PreSubmitted", "Submitted", "Filled"], bought)
    expect(bought["filled"] == 400 and bought["commission"] == 2.0, bought)
    expect(driver.positions() == {"AAPL": 400}, driver.positions())
    (fill,) = driver.executions()
    expect((fill["side"], fill["shares"], fill["price"]) == ("BOT", 400, bought["price"]), fill)
    return bought["statuses"]


def limit_order(driver: Driver) -> object:
    placed = driver.place(AAPL_ID, "BUY", 10, 100.0, "Submitted")
    order_id = placed["order_id"]
    expect(driver.open_orders() == [order_id], driver.open_orders())
    changed = driver.change(order_id, AAPL_ID, "BUY", 10, 101.5)
    expect(changed["price"] == 101.5, changed)
    ended = driver.cancel(order_id)
    expect(ended == {"status": "Cancelled", "code": 202}, ended)
    expect(driver.open_orders() == [], driver.open_orders())
    statuses = driver.completed_orders()
    expect(sorted(statuses) == ["Cancelled", "Filled"], statuses)
    return statuses


def order_types(driver: Driver) -> object:
    plain: dict[str, Any] = {"action": "SELL", "totalQuantity": 5, "tif": "GTC"}
    held: list[dict[str, Any]] = [
        {"orderType": "STP", "auxPrice": 50.0},
        {"orderType": "STP LMT", "auxPrice": 50.0, "lmtPrice": 49.5},
        {"orderType": "MIT", "auxPrice": 900.0},
        {"orderType": "LIT", "auxPrice": 900.0, "lmtPrice": 899.5},
        {"orderType": "TRAIL", "auxPrice": 100.0, "trailStopPrice": 50.0},
        {"orderType": "TRAIL", "trailingPercent": 60.0},
        {"orderType": "TRAIL LIMIT", "auxPrice": 100.0, "lmtPriceOffset": 0.5, "trailStopPrice": 50.0},
        {"orderType": "MOC", "tif": "DAY"},
        {"orderType": "LOC", "lmtPrice": 900.0, "tif": "DAY"},
        {"orderType": "MKT", "tif": "OPG"},
        {"orderType": "LMT", "lmtPrice": 900.0, "tif": "OPG"},
    ]
    works: list[dict[str, Any]] = [
        {"orderType": "LMT", "lmtPrice": 900.0, "tif": "GTD", "goodTillDate": "20240401 16:00:00 US/Eastern"},
        {"orderType": "LMT", "lmtPrice": 900.0, "ocaGroup": "one of us", "ocaType": 1},
        {"orderType": "LMT", "lmtPrice": 901.0, "ocaGroup": "one of us", "ocaType": 1},
    ]
    ids = [driver.place_order(AAPL_ID, "PreSubmitted", **plain | order) for order in held]
    ids += [driver.place_order(AAPL_ID, "Submitted", **plain | order) for order in works]
    told = {row["order_id"]: row for row in driver.open_terms()}
    expect(set(told) == set(ids), told)
    stops = [told[order_id].pop("stop") for order_id in ids]
    expect(
        all(0 < stop < 900 for order, stop in zip(held, stops, strict=False) if "TRAIL" in order["orderType"]), stops
    )
    for order_id in ids:
        driver.cancel(order_id)
    expect(driver.open_orders() == [], ids)
    return [{**told[order_id], "order_id": None} for order_id in ids]


def bracket(driver: Driver) -> object:
    exits: dict[str, Any] = {"action": "SELL", "totalQuantity": 5, "tif": "GTC"}
    entry = driver.place_order(
        AAPL_ID, "PreSubmitted", **{**exits, "action": "BUY"}, orderType="LMT", lmtPrice=100.0, transmit=False
    )
    exits["parentId"] = entry
    driver.place_order(AAPL_ID, "PreSubmitted", **exits, orderType="LMT", lmtPrice=900.0, transmit=False)
    driver.place_order(AAPL_ID, "PreSubmitted", **exits, orderType="STP", auxPrice=50.0)
    told = driver.open_terms()
    expect([row["status"] for row in told] == ["Submitted", "PreSubmitted", "PreSubmitted"], told)
    expect([row["parent"] for row in told] == [0, entry, entry], told)
    expect(told[1]["group"] == told[2]["group"] != "" and told[1]["group_type"] == 3, told)
    expect(driver.cancel(entry)["code"] == 202, entry)
    expect(driver.open_orders() == [], entry)
    return None


def gains(driver: Driver) -> object:
    told = driver.gains(AAPL_ID)
    expect(told["shares"] == 400 and told["value"] > 0 and told["total"], told)
    return told["shares"]


def order_refusals(driver: Driver) -> object:
    codes = {
        "price off the tick": refusal(lambda: driver.place(AAPL_ID, "BUY", 10, 100.001, "Submitted")),
        "beyond the account": refusal(lambda: driver.place(AAPL_ID, "BUY", 10_000_000, None, "Filled")),
        "cancel of nothing": refusal(lambda: driver.cancel(987_654)),
    }
    expect(codes == {"price off the tick": 110, "beyond the account": 201, "cancel of nothing": 10147}, codes)
    return codes


def account(driver: Driver) -> object:
    told = driver.account()
    expect(told["portfolio"] == {"AAPL": 400}, told)
    expect(float(told["values"]["NetLiquidation"]) > 900_000, told)
    summary = driver.account_summary("NetLiquidation,BuyingPower")
    expect(set(summary) == {"NetLiquidation", "BuyingPower"}, summary)
    return sorted(told["values"])


STEPS: list[Callable[[Driver], object]] = [
    notices,
    time,
    contract_details,
    ambiguous_and_unknown_contracts,
    symbols_and_rules,
    head_timestamp,
    daily_history,
    intraday_history,
    adjusted_history,
    history_refusals,
    pacing,
    updated_history,
    schedule,
    live_quotes,
    delayed_quotes,
    tick_by_tick,
    real_time_bars,
    market_order,
    limit_order,
    order_types,
    bracket,
    gains,
    order_refusals,
    account,
]


def run(driver: Driver, port: int, client_id: int) -> Row:
    """Every step's facts, or what went wrong in it."""
    told: dict[str, Any] = {"connect": driver.connect(port, client_id)}
    failures: dict[str, str] = {}
    for step in STEPS:
        try:
            told[step.__name__] = step(driver)
        except Exception:  # noqa: BLE001 - whatever it is, the steps after it shall be seen too
            failures[step.__name__] = traceback.format_exc()
    driver.close()
    return {"facts": told, "failures": failures}


def main(driver: Driver) -> None:
    """As a program: the port is the only argument, the result one line of JSON."""
    sys.stdout.write(json.dumps(run(driver, int(sys.argv[1]), client_id=7)) + "\n")
