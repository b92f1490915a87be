"""One of each longer message, for the tests of layouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from scizor.services.ibsim.broker.pnl import Gains
from scizor.services.ibsim.broker.words import Execution, Order, Position, Status, Terms
from scizor.services.ibsim.market.api import DataRange, Listing, SimBar
from scizor.services.ibsim.wire.replies import account, contracts, history, orders, session, ticks

VERSIONS = (157, 159, 160, 162, 163, 164, 166, 170, 176, 177, 178)
NOON = datetime(2024, 3, 14, 16, 0, tzinfo=UTC)

APPLE = Listing(
    con_id=265598,
    symbol="AAPL",
    primary_exchange="NASDAQ",
    currency="USD",
    long_name="Apple Café Inc.",
    stock_type="COMMON",
    industry="Technology",
    time_zone_id="America/New_York",
    min_tick=0.01,
    valid_exchanges=("SMART", "NASDAQ"),
    data=(DataRange("bokeh_sampledata", date(2000, 3, 1), date(2013, 3, 1)), DataRange("synthetic")),
    first_session=date(2000, 3, 1),
)
ORDER = Order(
    perm_id=1_780_000_001,
    client_id=7,
    order_id=3,
    listing=APPLE,
    terms=Terms("BUY", Decimal(100), "LMT", limit_price=Decimal("171.25"), tif="GTC", order_ref="a ref"),
    status=Status.SUBMITTED,
    placed_at=NOON,
)
FILLED = replace(
    ORDER,
    status=Status.FILLED,
    filled=Decimal(100),
    average_price=Decimal("171.25"),
    last_price=Decimal("171.25"),
    completed_at=NOON,
    completed_status="Filled Size: 100",
)
FILL = Execution("0000e0d5.00000001.01.01", FILLED, NOON, Decimal(100), Decimal("171.25"), Decimal("1.0000"), None)
CORRECTED = replace(FILL, exec_id="0000e0d5.00000001.01.02", shares=Decimal(90), realized=Decimal("-1.5"))
BUSTED = replace(FILL, exec_id="0000e0d5.00000001.01.03", shares=Decimal(0), commission=Decimal(0))
GAINS = Gains(Decimal(100), Decimal("-3.5"), Decimal("1.25"), Decimal(0), Decimal(17130))
TERMS = {
    "market": Terms("SELL", Decimal(5), "MKT", tif="OPG"),
    "stop": Terms("SELL", Decimal(5), "STP", aux_price=Decimal(150), outside_rth=True),
    "stop_limit": Terms("BUY", Decimal(5), "STP LMT", aux_price=Decimal(180), limit_price=Decimal("180.5")),
    "touched": Terms("BUY", Decimal(5), "LIT", aux_price=Decimal(160), limit_price=Decimal("160.5")),
    "trailing": Terms("SELL", Decimal(5), "TRAIL", trailing_percent=Decimal("2.5"), tif="GTC"),
    "trailing_limit": Terms("SELL", Decimal(5), "TRAIL LIMIT", aux_price=Decimal(2), limit_offset=Decimal("0.5")),
    "at_close": Terms("SELL", Decimal(5), "LOC", limit_price=Decimal(170)),
    "dated": Terms("BUY", Decimal(5), "LMT", limit_price=Decimal(1), tif="GTD", good_till_date="20240401-20:00:00"),
    "grouped": Terms("BUY", Decimal(5), "LMT", limit_price=Decimal(1), oca_group="g", oca_type=2, all_or_none=True),
    "exit": Terms("SELL", Decimal(5), "STP", aux_price=Decimal(150), parent_id=2, oca_group="1780000000", oca_type=3),
}
HELD = {
    name: replace(
        ORDER, terms=terms, status=Status.PRE_SUBMITTED, extreme=Decimal(172), awaits_parent=terms.parent_id > 0
    )
    for name, terms in TERMS.items()
}
POSITION = Position(APPLE, Decimal(100), Decimal("171.26"), Decimal(0))
BAR = SimBar(NOON, date(2024, 3, 14), 171.0, 172.5, 170.25, 171.25, 12_345, 171.123456, 77)


def messages(version: int) -> dict[str, bytes]:
    """Each message by its name, as a client of this version gets it."""
    told = {
        **_orders(version),
        "correction": account.execution(version, -1, CORRECTED),
        "bust": account.execution(version, -1, BUSTED),
        "commission_of_correction": account.commission(CORRECTED),
        "error": session.error(version, 3, 202, "Order Canceled - reason:"),
        "contract_details": contracts.contract_details(version, 5, APPLE, ("20240314:CLOSED", ""), "26,26"),
        "symbol_samples": contracts.symbol_samples(version, 5, [APPLE, APPLE]),
        "market_rule": contracts.market_rule(26, [(0.0, 0.01), (1.0, 0.05)]),
        "historical_data": history.historical_data(
            5, [BAR, BAR], history.bar_time("UTC", daily=False, epoch=True), "UTC", NOON
        ),
        "historical_update": history.historical_update(5, BAR, history.bar_time("UTC", daily=True, epoch=False)),
        "head_timestamp": history.head_timestamp(5, NOON, epoch=False),
        "real_time_bar": history.real_time_bar(5, BAR),
        "tick_price": ticks.tick_price(5, 1, 171.25, 300),
        "tick_parameters": ticks.tick_parameters(5, 0.01),
        "market_data_type": ticks.market_data_type(5, 3),
        "trade": ticks.tick_by_tick_trade(5, 2, NOON, 171.25, 100, "NASDAQ"),
        "spread": ticks.tick_by_tick_quote(5, NOON, 171.24, 171.26, 200, 300),
        "midpoint": ticks.tick_by_tick_midpoint(5, NOON, 171.25),
        "open_order": orders.open_order(version, ORDER),
        "what_if": orders.open_order(version, ORDER, (Decimal(1000), Decimal("1.5"))),
        "order_status": orders.order_status(FILLED),
        "completed_order": orders.completed_order(version, FILLED),
        "execution": account.execution(version, -1, FILL),
        "commission": account.commission(FILL),
        "pnl": account.pnl(5, GAINS),
        "pnl_single": account.pnl_single(5, GAINS),
        "position": account.position(POSITION),
        "position_multi": account.position_multi(5, POSITION, ""),
        "portfolio": account.portfolio_value(POSITION, Decimal("171.3"), Decimal(4)),
    }
    if version >= 165:
        told["schedule"] = history.historical_schedule(5, [(NOON, NOON, date(2024, 3, 14))], "UTC")
    return told


def _orders(version: int) -> dict[str, bytes]:
    told: dict[str, bytes] = {}
    for name, order in HELD.items():
        told[f"open_order_{name}"] = orders.open_order(version, order)
        told[f"order_status_{name}"] = orders.order_status(order)
        told[f"completed_order_{name}"] = orders.completed_order(version, replace(order, status=Status.CANCELLED))
    return told
