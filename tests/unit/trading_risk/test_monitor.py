"""What is watched beside orders: each breach is told once when it begins and once when it ends, and acted on once."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.exposure import Funds
from scizor.domain.trading.incidents import Incident, IncidentKind
from scizor.domain.trading.limits import Rule
from scizor.domain.trading.question import Prices
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import BreachAction, RiskEventKind
from scizor.services.trading.risk import monitor
from tests.unit.trading_desk.world import ACCOUNT, until
from tests.unit.trading_risk.stage import D, Scene, scene

STATE = RiskEventKind.STATE_CHANGED


async def looked(on: Scene) -> None:
    """Wait until it has looked again."""
    reads = on.market.reads
    await until(lambda: on.market.reads > reads + 2)


@pytest.mark.parametrize(("rule", "value"), [(Rule.DAILY_LOSS, "999"), (Rule.DRAWDOWN, "0.009")])
async def test_a_loss_is_told_when_it_begins_and_when_it_ends_and_not_at_every_look(rule: Rule, value: str) -> None:
    async with scene() as on:
        await on.limit(rule, value)
        on.watch()
        for times in (1, 2):
            on.worth(99_000)
            await until(lambda: on.kinds()[-1:] == ["BREACH"])
            on.worth(98_000)
            await looked(on)
            on.worth(100_000)
            await until(lambda: on.kinds()[-1:] == ["BREACH_ENDED"])
            assert on.kinds() == ["BREACH", "BREACH_ENDED"] * times
        assert on.events[0].violations[0].value in (D(1000), D("0.01"))
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("action", "state"), [(BreachAction.REDUCE, TradingState.REDUCING), (BreachAction.HALT, TradingState.HALTED)]
)
async def test_a_breach_tightens_the_state_for_good(action: BreachAction, state: TradingState) -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999", action)
        on.watch()
        on.worth(99_000)
        await until(lambda: on.room.state(ACCOUNT).state is state)
        on.worth(100_000)
        await until(lambda: "BREACH_ENDED" in on.kinds())
        assert on.room.state(ACCOUNT).state is state
        assert on.room.state(ACCOUNT).by == f"limit DAILY_LOSS of {ACCOUNT}"
        assert sorted(on.kinds()) == ["BREACH", "BREACH_ENDED", "STATE_CHANGED"]


async def test_what_a_person_loosens_during_a_breach_stays_loose() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999", BreachAction.HALT)
        on.watch()
        on.worth(99_000)
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.HALTED)
        await on.state(TradingState.ACTIVE)
        await looked(on)
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE


async def test_a_strategy_that_lost_too_much_of_its_capital_is_paused() -> None:
    async with scene() as on:
        await on.limit(Rule.DRAWDOWN, "0.1", BreachAction.PAUSE_STRATEGY, strategy="one")
        on.watch()
        on.worth(50_000)
        await looked(on)
        assert on.events == [], "it is not at work here"
        on.desk.books.risk.strategy_funds["one"] = Funds(D(800), D(800), D(1000), D(1000))
        await until(lambda: on.paused)
        await looked(on)
        assert on.paused == [(ACCOUNT, "one")]
        assert [(one.kind.name, one.strategy_id) for one in on.events] == [("BREACH", "one")]


async def test_what_a_breach_asks_for_is_done_once_storage_is_back_even_if_it_is_over_by_then() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999", BreachAction.HALT)
        on.watch()
        await looked(on)
        on.storage.available = False
        on.worth(99_000)
        refusals, reads = on.storage.refusals, on.market.reads
        await until(lambda: on.storage.refusals > refusals + 5 and on.market.reads > reads)
        on.worth(100_000)
        on.storage.available = True
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.HALTED)
        await until(lambda: len(on.events) == 3)
        assert on.kinds(STATE) == ["BREACH", "BREACH_ENDED"]


async def test_breaches_while_storage_is_away_are_each_told_once() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999", BreachAction.HALT)
        await on.limit(Rule.DRAWDOWN, "0.009", BreachAction.HALT)
        on.watch()
        await looked(on)
        on.storage.available = False
        on.worth(99_000)
        refusals = on.storage.refusals
        await until(lambda: on.storage.refusals > refusals + 5)
        on.storage.available = True
        await until(lambda: len(on.events) == 3)
        await looked(on)
        assert sorted(on.kinds()) == ["BREACH", "BREACH", "STATE_CHANGED"]


async def test_after_a_restart_a_breach_goes_on_and_is_neither_told_nor_acted_on_again() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999", BreachAction.HALT)
        await on.limit(Rule.DRAWDOWN, "0.009")
        on.watch()
        on.worth(99_000)
        await until(lambda: len(on.events) == 3)
        await on.state(TradingState.ACTIVE)
        await on.kill()
        await on.start()
        on.worth(99_000)
        on.watch()
        await looked(on)
        assert on.kinds(STATE) == ["BREACH", "BREACH"]
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE
        await on.kill()
        await on.start()
        on.watch()
        await until(lambda: on.kinds(STATE) == ["BREACH", "BREACH", "BREACH_ENDED", "BREACH_ENDED"])


async def test_a_limit_changed_while_it_is_broken_is_acted_on_as_it_is_now() -> None:
    async with scene() as on:
        stored = await on.limit(Rule.DAILY_LOSS, "999")
        on.watch()
        on.worth(99_000)
        await until(lambda: on.kinds() == ["BREACH"])
        await on.limit(Rule.DAILY_LOSS, "998", BreachAction.HALT, etag=stored.etag)
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.HALTED)
        await looked(on)
        assert on.kinds(STATE) == ["BREACH"]


async def test_prices_that_move_break_what_orders_kept() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.limit(Rule.GROSS_EXPOSURE, "6000", BreachAction.REDUCE)
        on.watch()
        await looked(on)
        assert on.events == []
        on.market.price("61")
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.REDUCING)
        await until(lambda: on.kinds(STATE) == ["BREACH"])
        assert [one.value for event in on.events for one in event.violations] == [6100]


async def test_prices_that_lack_for_a_moment_break_nothing_and_for_long_are_told_and_not_acted_on() -> None:
    async with scene() as on:
        await on.hold(100)
        on.market.marks.clear()
        await on.limit(Rule.GROSS_EXPOSURE, "6000", BreachAction.HALT)
        on.watch()
        await looked(on)
        assert on.events == []
        on.stage.clock.advance(31)
        await until(lambda: on.kinds() == ["BREACH"])
        await looked(on)
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE
        on.market.price("61")
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.HALTED)
        assert on.kinds(STATE) == ["BREACH"]


async def test_a_breach_goes_on_while_its_price_lacks() -> None:
    async with scene() as on:
        await on.hold(100)
        await on.limit(Rule.GROSS_EXPOSURE, "4000", BreachAction.HALT)
        on.watch()
        await until(lambda: on.room.state(ACCOUNT).state is TradingState.HALTED)
        await on.state(TradingState.ACTIVE)
        on.market.marks.clear()
        on.stage.clock.advance(31)
        await looked(on)
        on.market.price("50")
        await looked(on)
        assert on.kinds(STATE) == ["BREACH"]
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE


async def test_nothing_is_judged_while_the_books_are_not_those_of_the_broker() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999")
        on.stage.cut()
        on.watch()
        on.worth(99_000)
        await asyncio.sleep(5 * monitor._LOOK_S)
        assert on.market.reads == 0
        on.stage.mend()
        await until(lambda: on.kinds() == ["BREACH"])


async def test_the_monitor_outlives_what_nobody_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999")
        real, calls = on.market.prices, count(1)

        def prices() -> Prices:
            if next(calls) < 3:
                raise ZeroDivisionError
            return real()

        monkeypatch.setattr(on.market, "prices", prices)
        on.watch()
        on.worth(99_000)
        await until(lambda: on.kinds() == ["BREACH"])


async def test_incidents_and_differences_are_told() -> None:
    async with scene() as on:
        on.watcher.incidents([Incident(IncidentKind.OVERFILL, "order-1", 3, "too many shares")], ACCOUNT)
        on.watcher.differences([Difference(DifferenceKind.CASH, "USD", "", "5")], ACCOUNT)
        await until(lambda: len(on.events) == 2)
        assert [(one.kind.name, one.order_id) for one in on.events] == [
            ("ORDER_INCIDENT", "order-1"),
            ("DIFFERENCE", ""),
        ]
        assert on.events[1].message == "CASH: USD is nothing here, 5 there"


async def test_a_check_as_things_stand_tells_what_is_broken_now() -> None:
    async with scene() as on:
        await on.limit(Rule.DAILY_LOSS, "999")
        on.worth(99_000)
        found = await on.room.check(ACCOUNT)
        assert [one.value for one in found.violations] == [D(1000)]
        assert found.state is TradingState.ACTIVE
