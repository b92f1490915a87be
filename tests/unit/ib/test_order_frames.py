"""Messages about executions, costs, positions and accounts, and what becomes of those that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from scizor.adapters.ib.messages import End
from scizor.adapters.ib.orders.messages import (
    AccountLine,
    Ended,
    ToldCommission,
    ToldContract,
    ToldExecution,
    ToldOrder,
    ToldPosition,
    ToldStatus,
)
from scizor.domain.orders import Side
from tests.unit.ib.order_wire import heard
from tests.unit.ibsim.wire_samples import VERSIONS, messages

APPLE = "265598|AAPL|STK||0|||SMART|USD|AAPL|NMS"
TRADE = "0000e0d5.01.01|20240314 12:00:00 US/Eastern|DU1|NASDAQ|{side}|{shares}|{price}|77|18|0|1|1.5|a ref||0||2|0"
CONTRACT = ToldContract(265598, "AAPL", "STK", "SMART", "USD", "AAPL")


def execution(req_id: int = -1, side: str = "BOT", shares: str = "0.3", price: str = "0.1000000000000000055") -> str:
    return f"11|{req_id}|3|{APPLE}|" + TRADE.format(side=side, shares=shares, price=price)


async def test_an_execution_keeps_every_digit() -> None:
    [told] = (await heard(execution())).orders
    assert told == ToldExecution(
        key=(18, 3),
        perm_id=77,
        order_ref="a ref",
        contract=CONTRACT,
        exec_id="0000e0d5.01.01",
        account="DU1",
        side=Side.BUY,
        quantity=Decimal("0.3"),
        price=Decimal("0.1000000000000000055"),
        time=datetime(2024, 3, 14, 16, tzinfo=UTC),
    )


async def test_an_execution_that_was_asked_for_answers_its_request() -> None:
    ears = await heard(execution(1_000_000_001, "SLD"), "55|1|1000000001")
    [(req_id, told), (_, end)] = ears.messages
    assert (req_id, ears.orders) == (1_000_000_001, [])
    assert isinstance(told, ToldExecution)
    assert told.side is Side.SELL
    assert isinstance(end, End)


async def test_a_cost_that_nobody_knows_is_none() -> None:
    known, unknown = (await heard("59|1|a.01|1.00000001|USD|0||", "59|1|a.01|1.7976931348623157E308|USD|0||")).orders
    assert known == ToldCommission("a.01", Decimal("1.00000001"), "USD")
    assert unknown == ToldCommission("a.01", None, "USD")


async def test_positions_and_account_lines_are_told_as_they_came() -> None:
    ears = await heard(f"61|3|DU1|{APPLE}|-100.5|171.2600000001", "62|1", "63|1|7|DU1|CashBalance|0.10|USD", "64|1|7")
    assert ears.orders == [
        ToldPosition("DU1", CONTRACT, Decimal("-100.5"), Decimal("171.2600000001")),
        Ended.POSITIONS,
    ]
    assert ears.messages == [(7, AccountLine("DU1", "CashBalance", "0.10", "USD")), (7, End())]


async def test_a_status_names_the_client_and_the_order() -> None:
    [told] = (await heard("3|3|PreSubmitted|0.5|99.5|1.5|77|0|0|18|child|0")).orders
    assert told == ToldStatus((18, 3), 77, "PreSubmitted", Decimal("0.5"), "child")


async def test_orders_placed_by_hand_are_told_apart_although_they_have_no_number() -> None:
    ears = await heard("3|0|Submitted|0|1|0|77|0|0|0||0", "3|0|Submitted|0|1|0|78|0|0|0||0")
    keys = {one.key for one in ears.orders if isinstance(one, ToldStatus)}
    assert keys == {(0, -77), (0, -78)}


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_message_of_every_version_is_read(version: int) -> None:
    ears = await heard(*messages(version).values(), version=version)
    assert ears.broken == []
    told = [one for one in ears.orders if isinstance(one, ToldOrder)]
    [filled] = [one for one in told if one.key is None and one.word == "Filled"]
    assert (filled.filled, filled.reason) == (Decimal(100), "Filled Size: 100")


@pytest.mark.parametrize(
    "frame",
    [
        execution(shares="many"),
        execution(side="HELD"),
        "11|-1|3",
        "3|3|Submitted|x|0|0|77|0|0|18||0",
        "59|1|a.01|cheap|USD|0||",
        f"61|3|DU1|{APPLE}|1",
        "5|3|265598|AAPL",
        execution().replace("US/Eastern", "Mars/North"),
    ],
)
async def test_what_cannot_be_read_is_told_to_be_so(frame: str) -> None:
    ears = await heard(frame)
    assert ears.orders == []
    assert ears.broken == [int(frame.partition("|")[0])]
