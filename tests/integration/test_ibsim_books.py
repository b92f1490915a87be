"""The broker's books add up, whatever happens to orders, and survive `kill -9`."""

from __future__ import annotations

import asyncio
import random
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import ib_async
import pytest

from scizor.services.ibsim.broker.books import Books, read_books
from scizor.services.ibsim.broker.events import Event
from scizor.services.ibsim.broker.words import START_CASH, Refusal, Status
from scizor.services.ibsim.market.api import MarketError
from tests.integration.ibsim_desk import Table, table, terms, told
from tests.integration.ibsim_gateway import gateway_process
from tests.integration.ibsim_market import APPLE, BHP
from tests.integration.ibsim_stage import AAPL

FILLED = ["Filled", "commission"]


def check(books: Books) -> None:
    """Cash, positions and orders are the sum of the fills as they stand."""
    paid = sum((fill.signed * fill.price + fill.commission for fill in books.fills), Decimal(0))
    assert books.cash["USD"] == START_CASH - paid
    assert sum(books.shares.values()) == sum(fill.signed for fill in books.fills)
    for order in books.orders:
        fills = [fill for fill in books.fills if fill.order.key == order.key]
        assert order.filled == sum(fill.shares for fill in fills)
        assert order.commission == sum(fill.commission for fill in fills)
        assert (order.status is Status.FILLED) >= (order.filled > order.terms.quantity)


@pytest.mark.parametrize("seed", range(8))
def test_the_books_are_the_sum_of_the_fills_after_anything(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's own choice, the same each time
    with table() as at:
        for number in range(60):
            act_at_random(chance, at, number + 1)
        check(at.broker.books())
        assert at.broker.books().fills


def act_at_random(chance: random.Random, at: Table, order_id: int) -> None:
    at.broker.demands.slice_shares = chance.choice([0, 0, 7, 40])
    price = at.market.bid + chance.randint(-200, 200) / 100
    quoted = f"{price:.2f}"
    kind, prices = chance.choice(
        [
            ("MKT", {}),
            ("LMT", {"limit_price": quoted}),
            ("STP", {"aux_price": quoted}),
            ("TRAIL", {"aux_price": "0.5"}),
            ("LIT", {"aux_price": quoted, "limit_price": quoted}),
        ]
    )
    given: dict[str, Any] = {**prices, "tif": chance.choice(["DAY", "GTC", "IOC"])}
    if chance.random() < 0.3:
        given |= {"oca_group": f"g{order_id // 5}", "oca_type": chance.randint(1, 3)}
    order = terms(kind, chance.choice(["BUY", "SELL"]), chance.randint(1, 100), **given)
    at.broker.place(1, order_id, APPLE, order)
    at.goes(round(at.market.bid + chance.randint(-100, 100) / 100, 2))
    fills = at.broker.books().fills
    act = chance.random()
    if fills and act < 0.2:
        fill = chance.choice(fills)
        at.broker.correct(fill.exec_id, Decimal(chance.randint(0, int(fill.shares))), fill.price + Decimal("0.01"))
    elif at.broker.open_orders() and act < 0.4:
        order_id = chance.choice(at.broker.open_orders()).order_id
        at.broker.cancel(1, order_id)


def test_a_corrected_fill_pays_what_its_order_has_come_to() -> None:
    with table() as at:
        at.broker.demands.slice_shares = 200
        at.place("MKT", quantity=400)
        at.goes(100.0)
        first, second = at.broker.executions()
        assert (first.commission, second.commission) == (Decimal(1), Decimal(1))
        at.broker.correct(first.exec_id, Decimal(300), first.price)
        check(at.broker.books())
        assert at.order(1).commission == Decimal("2.5")
        at.broker.correct(second.exec_id, Decimal(0), Decimal(0))
        check(at.broker.books())
        assert [fill.shares for fill in at.broker.books().fills] == [Decimal(300)]
        assert [fill.exec_id[-2:] for fill in at.broker.executions()] == ["01", "01", "02", "02"]


def test_a_closed_position_corrected_has_another_gain() -> None:
    with table() as at:
        at.place("MKT")
        at.place("MKT", "SELL")
        bought, sold = at.broker.executions()
        assert sold.realized == Decimal("-6.0166")
        at.broker.correct(sold.exec_id, Decimal(100), sold.price + 1)
        assert at.broker.executions()[-1].realized == Decimal("93.9834")
        at.broker.correct(bought.exec_id, Decimal(0), Decimal(0))
        assert at.broker.position(APPLE).shares == -100
        check(at.broker.books())


def test_open_orders_reserve_what_they_may_cost() -> None:
    with table() as at:
        assert at.place("LMT", quantity=15_000, limit_price="90") == ["PreSubmitted", "Submitted"]
        assert at.place("LMT", quantity=15_000, limit_price="90") == ["Inactive", 201]
        assert at.place("LMT", quantity=7_000, limit_price="90") == ["PreSubmitted", "Submitted"]
        with pytest.raises(Refusal) as refused:
            at.broker.place(1, 3, APPLE, terms("LMT", quantity=8_000, limit_price="90"))
        assert refused.value.code == 201
        assert at.order(3).terms.quantity == 7_000
        at.broker.cancel(1, 1)
        assert at.place("LMT", quantity=14_000, limit_price="90") == ["PreSubmitted", "Submitted"]


def test_the_exits_of_a_bracket_reserve_nothing() -> None:
    with table() as at:
        at.place("LMT", quantity=20_000, limit_price="99", transmit=False)
        at.place("LMT", "SELL", 20_000, limit_price="103", parent_id=1, transmit=False)
        assert at.place("STP", "SELL", 20_000, aux_price="97", parent_id=1)[-1] == "Submitted"


def test_a_change_that_is_not_saved_never_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with table() as at:
        at.place("LMT", limit_price="99")
        before = at.broker.books()

        def full(change: object) -> None:
            raise OSError("no space left on device")

        journal = at.broker._ledger._journal
        with monkeypatch.context() as patched:
            patched.setattr(journal, "save", full)
            at.market.trade(98.0, spread=0.02)
            with pytest.raises(OSError, match="no space"):
                list(at.broker.match())
            with pytest.raises(OSError, match="no space"):
                at.place("MKT")
        assert at.broker.books() == before
        assert told(at.broker.match()) == [98.02, *FILLED]


def test_another_contracts_failure_undoes_only_what_is_its_own() -> None:
    with table() as at:
        at.place("LMT", limit_price="99", tif="GTC")
        at.place("LMT", limit_price="90", tif="GTC")
        at.broker.place(1, 3, BHP, terms("STP", "SELL", aux_price="99", tif="GTC"))
        at.market.fails_for = BHP
        at.market.trade(98.0)
        heard: list[Event] = []
        with pytest.raises(MarketError):
            heard.extend(at.broker.match())
        assert told(heard) == [99.0, *FILLED]
        assert (at.order(3).status, at.order(3).triggered) == (Status.PRE_SUBMITTED, False)
        at.market.fails_for = None
        assert told(at.broker.match()) == ["Submitted", 99.98, *FILLED]  # by the quote that stands


async def test_a_killed_gateway_has_all_that_it_told(tmp_path: Path) -> None:
    ib = ib_async.IB()
    with gateway_process(tmp_path) as gateway:
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=7)
        assert gateway.demand(do="slices", shares=3) == {"ok": True}
        entry, *exits = ib.bracketOrder("BUY", 10, 900.0, 950.0, 50.0, orderRef="family", tif="GTC")
        heard: list[str] = []
        ib.execDetailsEvent += lambda trade, fill: heard.append(fill.execution.execId)
        for order in (entry, *exits):
            ib.placeOrder(AAPL, order)
        while len(heard) < 2:  # of four
            await ib.updateEvent
        gateway.process.send_signal(signal.SIGKILL)
        gateway.process.wait(10)
    ib.disconnect()
    books = read_books(tmp_path / "state.sqlite")
    check(books)
    family = books.by_reference["family"]
    assert {fill.exec_id for fill in books.fills} >= set(heard)
    assert len(family) == 3
    assert [one.awaits_parent for one in family] == [False, *[family[0].status.is_open] * 2]
    with gateway_process(tmp_path) as gateway:
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=7)
        told = {fill.execution.execId for fill in await ib.reqExecutionsAsync()}
        assert told >= {fill.exec_id for fill in books.fills}
        ib.client.reqGlobalCancel()  # type: ignore[no-untyped-call]  # the library has no types here
        async with asyncio.timeout(10):
            while ib.openTrades():
                await ib.updateEvent
        ended = await ib.reqCompletedOrdersAsync(False)
        assert [trade.order.orderRef for trade in ended] == ["family"] * 3
        fills = gateway.demand(do="books")["fills"]
        assert len({fill["exec_id"] for fill in fills}) == len(fills) >= len(books.fills)
        ib.disconnect()
