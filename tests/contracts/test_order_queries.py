"""What may be asked of stored orders, of every storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.orders import Origin
from scizor.domain.trading.states import OrderState
from scizor.ports.storage import Storage
from scizor.ports.trading import OrderFilter, Trade, TradeFilter
from tests.contracts.ledgers import Ledger, order_id, request_of
from tests.unit.trading.build import ACCOUNT, NOW, execution

BHP = "BHP.ASX.AUD"
ALL = OrderFilter(ACCOUNT)


@pytest.fixture
async def stored(ledger: Ledger) -> Ledger:
    """Orders a to e, one behind the other; d and e were made in one instant."""
    await ledger.append(ledger.place(request_of("a", strategy_id="sma")))
    await ledger.append(ledger.place(request_of("b", instrument=BHP)), ledger.say("b", e.Working()))
    await ledger.append(ledger.place(request_of("c", strategy_id="sma")), ledger.say("c", e.Canceled()))
    external = request_of("d", client_order_id="", origin=Origin.EXTERNAL)
    await ledger.append(replace(ledger.place(external, e.Source.RECONCILE), number=0))
    ledger.now -= timedelta(seconds=1)
    await ledger.append(ledger.place(request_of("e")), ledger.say("e", e.Rejected("no", 201)))
    return ledger


async def page(storage: Storage, which: OrderFilter, before: str | None = None, limit: int = 10) -> list[str]:
    """The names of the orders found."""
    names = {order_id(name): name for name in "abcde"}
    async with storage.begin() as work:
        return [names[one.id] for one in await work.orders.page(which, before, limit)]


async def test_an_order_is_found_by_its_id_and_by_its_clients(storage: Storage, stored: Ledger) -> None:
    async with storage.begin() as work:
        for name in "abcde":
            assert await work.orders.order(order_id(name)) == stored.orders[order_id(name)]
        assert await work.orders.order_by_client_id(ACCOUNT, "b") == stored.orders[order_id("b")]
        assert await work.orders.order_by_client_id(ACCOUNT, "x") is None
        assert await work.orders.order_by_client_id("DU2", "b") is None
        assert await work.orders.order_by_client_id(ACCOUNT, "") is None


@pytest.mark.parametrize("unknown", [order_id("x"), "no id at all", ""])
async def test_an_unknown_order_is_not_found(storage: Storage, stored: Ledger, unknown: str) -> None:
    async with storage.begin() as work:
        for asked in (work.orders.order, work.orders.events):
            with pytest.raises(NotFound) as caught:
                await asked(unknown)
            assert caught.value.reason is Reason.ORDER_NOT_FOUND
        assert await work.orders.trades(TradeFilter(ACCOUNT, order_id=unknown or "x"), None, 10) == []
    assert await page(storage, ALL, unknown) == []


async def test_events_are_told_oldest_first(storage: Storage, stored: Ledger) -> None:
    async with storage.begin() as work:
        events = await work.orders.events(order_id("e"))
    assert [(one.sequence, one.kind) for one in events] == [(1, e.EventKind.PLACED), (2, e.EventKind.REJECTED)]
    assert events[1].payload == e.Rejected("no", 201)
    assert events[1].time == NOW + timedelta(seconds=6)


async def test_pages_go_from_the_newest_order_to_the_oldest(storage: Storage, stored: Ledger) -> None:
    tied = sorted("de", key=order_id, reverse=True)
    assert await page(storage, ALL) == [*tied, "c", "b", "a"]
    seen: list[str] = []
    while some := await page(storage, ALL, order_id(seen[-1]) if seen else None, 1):
        seen += some
    assert seen == [*tied, "c", "b", "a"]
    assert await page(storage, OrderFilter("DU2")) == []


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (replace(ALL, strategy_id="sma"), "ca"),
        (replace(ALL, instrument=BHP), "b"),
        (replace(ALL, origin=Origin.EXTERNAL), "d"),
        (replace(ALL, origin=Origin.OURS), "ecba"),
        (replace(ALL, state=OrderState.WORKING), "b"),
        (replace(ALL, state=OrderState.CANCELED), "c"),
        (replace(ALL, state=OrderState.PENDING_SUBMIT), "da"),
        (replace(ALL, state=OrderState.FILLED), ""),
        (replace(ALL, open=True), "dba"),
        (replace(ALL, open=True, strategy_id="sma"), "a"),
        (replace(ALL, open=True, state=OrderState.CANCELED), ""),
    ],
)
async def test_each_filter_leaves_what_it_names(
    storage: Storage, stored: Ledger, which: OrderFilter, expected: str
) -> None:
    assert await page(storage, which) == list(expected)
    if len(expected) > 1:
        assert await page(storage, which, order_id(expected[0])) == list(expected[1:])


async def traded(ledger: Ledger) -> None:
    await ledger.append(
        ledger.say("a", e.Executed(execution("1.01", 10))),
        ledger.say("a", e.Charged(Commission("1.01", Decimal("1.00"), "USD"))),
        ledger.say("b", e.Executed(execution("2.01", 20, instrument=BHP)), e.Source.RECONCILE),
        ledger.say("a", e.Executed(execution("3.01", 30, at=timedelta(minutes=1)))),
        ledger.say("a", e.Busted("3.01")),
    )


async def trades(storage: Storage, which: TradeFilter, before: Trade | None = None, limit: int = 10) -> Sequence[Trade]:
    execution = before.booked.execution if before else None
    async with storage.begin() as work:
        return await work.orders.trades(which, (execution.time, execution.exec_id) if execution else None, limit)


async def test_trades_are_told_newest_first_busted_ones_too(storage: Storage, stored: Ledger) -> None:
    await traded(stored)
    found = await trades(storage, TradeFilter(ACCOUNT))
    assert [(one.booked.execution.exec_id, one.busted) for one in found] == [
        ("3.01", True),
        ("2.01", False),
        ("1.01", False),
    ]
    assert found[1].booked.reconciled
    assert (found[2].booked.order_id, found[2].booked.strategy_id) == (order_id("a"), "sma")
    assert found[2].booked.fees == {"USD": Decimal(1)}
    assert found[2].booked.execution == execution("1.01", 10)
    assert await trades(storage, TradeFilter(ACCOUNT), limit=2) == found[:2]
    assert await trades(storage, TradeFilter(ACCOUNT), found[1]) == found[2:]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (TradeFilter("DU2"), []),
        (TradeFilter(ACCOUNT, strategy_id="sma"), ["3.01", "1.01"]),
        (TradeFilter(ACCOUNT, instrument=BHP), ["2.01"]),
        (TradeFilter(ACCOUNT, order_id=order_id("a")), ["3.01", "1.01"]),
        (TradeFilter(ACCOUNT, order_id=order_id("a"), instrument=BHP), []),
        (TradeFilter(ACCOUNT, start=NOW + timedelta(minutes=1)), ["3.01"]),
        (TradeFilter(ACCOUNT, end=NOW + timedelta(minutes=1)), ["2.01", "1.01"]),
        (TradeFilter(ACCOUNT, start=NOW, end=NOW), []),
    ],
)
async def test_each_filter_of_trades_leaves_what_it_names(
    storage: Storage, stored: Ledger, which: TradeFilter, expected: list[str]
) -> None:
    await traded(stored)
    assert [one.booked.execution.exec_id for one in await trades(storage, which)] == expected


async def test_entries_are_told_with_the_order_as_it_was_then(storage: Storage, ledger: Ledger) -> None:
    given = [
        ledger.place(request_of("a")),
        ledger.say("a", e.Working()),
        ledger.place(request_of("b")),
        ledger.say("a", e.Executed(execution("1.01", 100))),
        ledger.say("a", e.Charged(Commission("1.01", Decimal("1E+1"), "USD"))),
    ]
    await ledger.append(*given)
    async with storage.begin() as work:
        assert await work.orders.entries_after(ACCOUNT, 0, 10) == given
        assert await work.orders.entries_after(ACCOUNT, 1, 2) == given[1:3]
        assert await work.orders.entries_after(ACCOUNT, 5, 10) == []
        assert await work.orders.entries_after("DU2", 0, 10) == []
