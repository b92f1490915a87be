"""The kill switch: it cancels, then closes, never more than is held, and never twice, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from itertools import count

import pytest

from scizor.domain.orders import OrderType, Side
from scizor.domain.trading.exposure import OpenOrder
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import BrokerStatus, StatusReport
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import RiskEventKind
from scizor.services.trading.risk import switch
from tests.unit.trading_desk.world import ACCOUNT, NAME, named, until
from tests.unit.trading_risk.stage import D, Scene, scene

STATE = RiskEventKind.STATE_CHANGED


async def halted(on: Scene) -> None:
    await on.state(TradingState.HALTED, flatten=True)


async def begun(on: Scene) -> None:
    """A hundred shares are held, the switch is pulled, and the order that closes them is sent."""
    await on.hold(100)
    on.arm()
    await halted(on)
    await until(lambda: closing(on))


def closing(on: Scene) -> list[tuple[str, int, int]]:
    """What was sent to close: side, shares and place."""
    sent = enumerate(on.stage.broker.sent)
    return [
        (one.request.side.name, int(one.terms.quantity), place)
        for place, one in sent
        if one.request.client_order_id.startswith("flatten-")
    ]


def ended(on: Scene, place: int, status: BrokerStatus = BrokerStatus.CANCELED) -> None:
    """The broker tells that an order has."""
    ticket = on.stage.broker.sent[place]
    on.stage.broker.alive.pop(ticket.number, None)
    on.stage.tell(StatusReport(named(ticket), status))


def flat(on: Scene) -> bool:
    return not on.room.state(ACCOUNT).flattening


def _sent(on: Scene, tries: int) -> bool:
    return len(closing(on)) == tries


async def some_looks() -> None:
    await asyncio.sleep(10 * switch._LOOK_S)


async def test_open_orders_are_cancelled_first_and_what_is_held_closed_then() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.buy("open", 30)
        on.stage.works()
        on.arm()
        await halted(on)
        await until(lambda: on.stage.broker.cancels)
        await some_looks()
        assert closing(on) == [], "the open order may fill yet"
        ended(on, 1)
        await until(lambda: closing(on) == [("SELL", 100, 2)])
        assert on.stage.broker.sent[2].terms.type is OrderType.MARKET
        await some_looks()
        on.filled(100)
        await until(lambda: flat(on))
        assert on.room.state(ACCOUNT).state is TradingState.HALTED
        assert len(closing(on)) == len(on.stage.broker.cancels) == 1


async def test_what_fills_while_it_is_cancelled_is_closed_too() -> None:
    async with scene() as on:
        await on.buy("open", 30)
        on.stage.works()
        on.arm()
        await halted(on)
        await until(lambda: on.stage.broker.cancels)
        on.filled(30)
        await until(lambda: closing(on) == [("SELL", 30, 1)])
        on.filled(30)
        await until(lambda: flat(on))


async def test_a_short_position_is_bought_back() -> None:
    async with scene() as on:
        await on.hold(40, side=Side.SELL)
        on.arm()
        await halted(on)
        await until(lambda: closing(on) == [("BUY", 40, 1)])
        on.filled(40)
        await until(lambda: flat(on))


async def test_a_flat_account_is_done_at_once() -> None:
    async with scene() as on:
        on.arm()
        await halted(on)
        await until(lambda: flat(on))
        assert on.names == []
        assert on.kinds() == ["STATE_CHANGED", "STATE_CHANGED"]


async def test_it_waits_while_the_link_is_away_and_completes_when_it_is_back() -> None:
    async with scene() as on:
        await on.hold(100)
        on.arm()
        on.stage.cut()
        await halted(on)
        await some_looks()
        assert closing(on) == []
        on.stage.mend()
        await until(lambda: closing(on) == [("SELL", 100, 1)])
        on.stage.cut()
        on.stage.fill("0099.01", 100, tell=False)
        on.stage.broker.alive.clear()
        await some_looks()
        assert not flat(on)
        on.stage.mend()
        await until(lambda: flat(on))
        assert len(closing(on)) == 1


async def test_it_goes_on_after_a_restart_without_a_second_closing_order() -> None:
    async with scene() as on:
        await begun(on)
        on.stage.works()
        for _ in range(2):
            await on.kill()
            await on.start()
            on.arm()
            await some_looks()
        assert closing(on) == [("SELL", 100, 1)]
        on.filled(100)
        await until(lambda: flat(on))


@pytest.mark.parametrize("commits", range(4))
async def test_whatever_becomes_of_its_journal_one_order_to_close_is_sent(commits: int) -> None:
    """Commits whose outcome nobody hears of, one after the other; time passes meanwhile."""
    async with scene() as on:
        await on.hold(100)
        await on.state(TradingState.HALTED)
        on.stage.journal.fates.extend(["kept"] * commits)
        on.arm()
        await halted(on)

        def closes() -> object:
            on.stage.clock.advance(0.01)
            return closing(on)

        await until(closes)
        await on.stage.serves()
        await some_looks()
        assert len(closing(on)) == 1
        on.filled(100)
        await until(lambda: flat(on))


async def test_a_closing_order_that_fills_in_part_and_ends_is_followed_by_one_for_the_rest() -> None:
    async with scene() as on:
        await begun(on)
        on.filled(60)
        ended(on, 1)
        await until(lambda: closing(on) == [("SELL", 100, 1), ("SELL", 40, 2)])
        on.filled(40)
        await until(lambda: flat(on))


async def test_closing_orders_that_are_rejected_are_sent_again_less_and_less_often_and_told_once() -> None:
    async with scene() as on:
        await on.hold(100)
        on.arm()
        await halted(on)
        for tries in range(1, 8):
            await until(partial(_sent, on, tries))
            ended(on, -1)
            await some_looks()
            assert len(closing(on)) == tries, "at once again"
            on.stage.clock.advance(2 ** (tries - 1))
        told = [one for one in on.events if one.kind is RiskEventKind.ORDER_INCIDENT]
        assert [one.instrument for one in told] == [NAME]
        assert len(set(on.names)) == len(on.names)


async def test_it_never_sells_through_zero_what_others_sell_already() -> None:
    async with scene() as on:
        await on.hold(100)
        on.desk.books.risk.keep(OpenOrder("elsewhere", "", NAME, Side.SELL, D(60)))
        on.arm()
        await halted(on)
        await until(lambda: "ORDER_INCIDENT" in on.kinds())
        await some_looks()
        assert closing(on) == []
        assert sorted(on.kinds(STATE)) == ["ORDER_INCIDENT", "ORDER_REFUSED"]
        on.desk.books.risk.drop("elsewhere")
        on.stage.clock.advance(31)
        await until(lambda: closing(on) == [("SELL", 100, 1)])


async def test_a_person_who_loosens_the_state_ends_it() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.buy("open", 30)
        on.stage.works()
        on.arm()
        await halted(on)
        await until(lambda: on.stage.broker.cancels)
        await on.state(TradingState.ACTIVE)
        ended(on, 1)
        await some_looks()
        assert closing(on) == []


async def test_a_kill_switch_pulled_again_starts_over() -> None:
    async with scene() as on:
        await begun(on)
        on.stage.works()
        on.stage.clock.advance(1)
        await halted(on)
        await until(lambda: on.stage.broker.cancels)
        ended(on, 1)
        await until(lambda: len(closing(on)) == 2)
        on.filled(100)
        await until(lambda: flat(on))


async def test_storage_away_when_all_is_closed_only_delays_the_end() -> None:
    async with scene() as on:
        on.arm()
        await halted(on)
        on.storage.available = False
        await some_looks()
        on.storage.available = True
        await until(lambda: flat(on))


async def test_the_switch_outlives_what_nobody_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene() as on:
        await on.hold(100)
        calls = count(1)

        def terms(quantity: Decimal, kind: OrderType) -> Terms:
            if next(calls) < 3:
                raise ZeroDivisionError
            return Terms(quantity, kind)

        monkeypatch.setattr(switch, "Terms", terms)
        on.arm()
        await halted(on)
        await until(lambda: closing(on))
