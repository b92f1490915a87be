"""Checks before orders, as a desk runs them: what is in force binds the very next order."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from scizor.domain.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound, Unavailable
from scizor.domain.orders import OrderType, Side
from scizor.domain.trading.exposure import OpenOrder
from scizor.domain.trading.limits import Rule
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.refusal import RiskRefused
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import RiskEventKind
from scizor.services.trading.use_cases import EventFilter
from tests.unit.trading_desk.stage import draft
from tests.unit.trading_desk.world import ACCOUNT, ME, NAME, until
from tests.unit.trading_risk.stage import D, scene

MARKET = Terms(D(100), OrderType.MARKET)


async def test_a_limit_binds_the_very_next_order() -> None:
    async with scene() as on:
        await on.buy("one")
        stored = await on.limit(Rule.ORDER_QUANTITY, "99")
        with pytest.raises(RiskRefused):
            await on.buy("two")
        await on.limit(Rule.ORDER_QUANTITY, "100", etag=stored.etag)
        await on.buy("three")
        assert on.names == ["one", "three"]


async def test_a_reader_that_began_earlier_does_not_put_back_what_was_replaced() -> None:
    """Its answer is on the way while a limit is set."""
    async with scene() as on:
        begun, free = asyncio.Event(), asyncio.Event()
        real = on.storage.begin

        class Slow:
            def __init__(self) -> None:
                self._entered = real()

            async def __aenter__(self) -> object:
                work = await self._entered.__aenter__()
                limits = await work.risk.limits()

                async def answer() -> object:
                    begun.set()
                    await free.wait()
                    return limits

                work.risk.limits = answer  # type: ignore[assignment,method-assign] # a slow one
                return work

            async def __aexit__(self, *raised: object) -> None:
                await self._entered.__aexit__(None, None, None)

        on.storage.begin = Slow  # type: ignore[assignment,method-assign] # the next reader alone
        async with asyncio.timeout(5):
            await begun.wait()
        on.storage.begin = real  # type: ignore[method-assign] # as it was
        setting = asyncio.create_task(on.limit(Rule.ORDER_QUANTITY, "99"))
        await until(lambda: on.storage.tables.trading.limits)
        free.set()
        await setting
        with pytest.raises(RiskRefused):
            await on.buy()


async def test_a_limit_set_elsewhere_binds_soon() -> None:
    async with scene() as on:
        stored = await on.limit(Rule.ORDER_QUANTITY, "99")
        on.storage.tables.trading.limits.clear()
        await until(lambda: not on.room._standing.stored)
        await on.buy()
        with pytest.raises(NotFound):
            await on.room.limit(stored.limit.id)


async def test_storage_away_leaves_in_force_what_was() -> None:
    async with scene() as on:
        await on.limit(Rule.ORDER_QUANTITY, "99")
        on.storage.available = False
        refusals = on.storage.refusals
        await until(lambda: on.storage.refusals > refusals + 2)
        with pytest.raises(RiskRefused):
            await on.buy()


async def test_an_account_whose_state_nobody_has_read_takes_no_order() -> None:
    async with scene() as on:
        assert on.room.state("DU2").state is TradingState.HALTED


async def test_limits_are_changed_by_those_who_know_them() -> None:
    async with scene() as on:
        stored = await on.limit(Rule.ORDER_QUANTITY, "99")
        with pytest.raises(AlreadyExists):
            await on.limit(Rule.ORDER_QUANTITY, "100")
        with pytest.raises(Conflict):
            await on.limit(Rule.ORDER_QUANTITY, "100", etag="v9")
        async with on.storage.begin() as work:
            with pytest.raises(Conflict):
                await on.room.delete_limit(work, stored.limit.id, "v9", ME)
            await on.room.delete_limit(work, stored.limit.id, stored.etag, ME)
        await on.room.committed()
        await on.buy()
        assert [one.action for one in on.storage.tables.trading.audit.values()] == ["set limit", "delete limit"]


async def test_all_violations_are_told_each_with_value_and_limit() -> None:
    async with scene() as on:
        await on.limit(Rule.ORDER_QUANTITY, "10")
        await on.limit(Rule.ORDER_NOTIONAL, "1000")
        await on.limit(Rule.POSITION_QUANTITY, "20", strategy="one")
        with pytest.raises(RiskRefused) as refused:
            await on.buy(strategy_id="one")
        broken = {one.limit.rule: (one.value, one.limit.value) for one in refused.value.broken}
        assert broken == {
            Rule.ORDER_QUANTITY: (D(100), D(10)),
            Rule.ORDER_NOTIONAL: (D(5000), D(1000)),
            Rule.POSITION_QUANTITY: (D(100), D(20)),
        }
        assert on.names == []
        await until(lambda: on.events)
        event = on.events[0]
        assert (event.kind, event.strategy_id, event.instrument) == (RiskEventKind.ORDER_REFUSED, "one", NAME)
        assert {one.limit.rule for one in event.violations} == set(broken)


async def test_a_lacking_price_refuses_where_a_rule_needs_one_and_nowhere_else() -> None:
    async with scene() as on:
        on.market.marks.clear()
        await on.buy("free", 1)
        await on.limit(Rule.GROSS_EXPOSURE, "1e9")
        with pytest.raises(RiskRefused, match="no price is known"):
            await on.buy("priced", 1)
        on.market.price("50")
        await on.buy("priced", 1)
        assert on.names == ["free", "priced"]


async def test_new_terms_are_checked_as_orders_are() -> None:
    async with scene() as on:
        order = await on.buy()
        on.stage.works()
        await on.limit(Rule.ORDER_QUANTITY, "100")
        with pytest.raises(RiskRefused):
            await on.desk.replace(order.id, Terms(D(101), OrderType.LIMIT, limit=D(50)), "", ME)
        after = await on.desk.replace(order.id, Terms(D(90), OrderType.LIMIT, limit=D(50)), "", ME)
        assert after.queued is None or after.queued.quantity == 90


async def test_reducing_lets_only_reducing_orders_through() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.state(TradingState.REDUCING)
        for refused in (on.buy("more", 1), on.sell("too many", 101)):
            with pytest.raises(FailedPrecondition, match="REDUCING"):
                await refused
        await on.sell("less", 60)
        with pytest.raises(FailedPrecondition, match="REDUCING"):
            await on.sell("what is sold already", 60)
        await on.sell("the rest", 40)
        assert on.names == ["first", "less", "the rest"]


async def test_halted_lets_none_through_but_the_kill_switchs() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.state(TradingState.HALTED)
        with pytest.raises(FailedPrecondition, match="HALTED"):
            await on.sell()
        await on.limit(Rule.ORDER_QUANTITY, "1")
        closing = draft("closing", MARKET, Side.SELL)
        with pytest.raises(FailedPrecondition, match="HALTED"):
            await on.desk.place(closing, ME)
        with pytest.raises(FailedPrecondition, match="HALTED"):
            await on.desk.place(draft("opening", MARKET), ME, flattens=True)
        await on.desk.place(closing, ME, flattens=True)
        assert on.names == ["first", "closing"]


async def test_what_might_flip_a_position_closes_nothing() -> None:
    async with scene() as on:
        await on.hold(100)
        on.desk.books.risk.keep(OpenOrder("elsewhere", "", NAME, Side.SELL, D(1)))
        await on.state(TradingState.HALTED)
        with pytest.raises(FailedPrecondition):
            await on.desk.place(draft("closing", MARKET, Side.SELL), ME, flattens=True)


@pytest.mark.parametrize(
    ("terms", "side", "value", "commission"),
    [
        (Terms(D(100), OrderType.LIMIT, limit=D("20.00")), Side.BUY, "2000", "1"),
        (MARKET, Side.BUY, "5000", "1"),
        (Terms(D(1000), OrderType.MARKET), Side.BUY, "50000", "5"),
        (Terms(D(1000), OrderType.MARKET), Side.SELL, "50000", "5.166"),
        (Terms(D(1), OrderType.LIMIT, limit=D("20.00")), Side.BUY, "20", "0.2"),
        (Terms(D(100_000), OrderType.MARKET), Side.SELL, "5000000", "508.3"),
    ],
)
async def test_a_preview_tells_what_an_order_would_come_to(
    terms: Terms, side: Side, value: str, commission: str
) -> None:
    async with scene() as on:
        await on.limit(Rule.ORDER_QUANTITY, "1")
        checked = await on.desk.check(draft("asked", terms, side))
        assert (checked.value, checked.commission) == (D(value), D(commission))
        assert len(checked.violations) == (terms.quantity > 1)
        assert on.names == []
        assert on.events == []


async def test_a_preview_tells_that_the_accounts_state_keeps_an_order_back() -> None:
    async with scene() as on:
        assert not (await on.desk.check(draft("asked"))).restricted
        await on.state(TradingState.HALTED)
        assert (await on.desk.check(draft("asked"))).restricted


async def test_a_preview_without_a_price_tells_no_value_but_of_a_limit() -> None:
    async with scene() as on:
        on.market.marks.clear()
        checked = await on.desk.check(draft("asked", MARKET))
        assert (checked.value, checked.commission) == (None, None)
        assert (await on.desk.check(draft("asked"))).value == 5000


async def test_refusals_are_told_while_storage_is_away_and_stored_in_order_when_it_is_back() -> None:
    async with scene() as on:
        await on.limit(Rule.ORDER_QUANTITY, "1")
        on.storage.available = False
        for number in range(3):
            with pytest.raises(RiskRefused):
                await on.buy(f"refused-{number}", 10 + number)
        with pytest.raises(Unavailable):
            await on.room.events(EventFilter(ACCOUNT), None, 10)
        on.storage.available = True
        await until(lambda: len(on.events) == 3)
        assert [one.violations[0].value for one in on.events] == [Decimal(10), Decimal(11), Decimal(12)]
