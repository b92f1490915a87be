"""What every storage promises of limits, risk events, trading states, equity, deployments and the audit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from scizor.domain.backtests import ParameterValue
from scizor.domain.errors import AlreadyExists, Conflict, NotFound, Reason
from scizor.domain.trading.deployments import CatchUp, Deployment, DeploymentSpec, DeploymentState, StopMode
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.journal import AuditLine
from scizor.ports.storage import Storage
from scizor.ports.trading import (
    AccountState,
    BreachAction,
    EquityPoint,
    RiskEvent,
    RiskEventKind,
    StoredDeployment,
    StoredLimit,
)
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW

LIMIT = StoredLimit(
    Limit("l1", Rule.ORDER_NOTIONAL, Scope.ACCOUNT, ACCOUNT, Decimal("10000.50")), BreachAction.REDUCE, NOW
)
MARK = EquityPoint(ACCOUNT, "", NOW, date(2026, 11, 20), Decimal("-100.10"))


def event_of(message: str, **changes: object) -> RiskEvent:
    event = RiskEvent(NOW, RiskEventKind.BREACH, ACCOUNT, message)
    return replace(event, **changes)  # type: ignore[arg-type] # by name


def deployment_of(deployment_id: str, strategy_id: str = "sma_cross", account: str = ACCOUNT) -> StoredDeployment:
    parameters: dict[str, ParameterValue] = {"fast": 5, "band": 0.5, "direction": "long", "strict": True}
    spec = DeploymentSpec(
        strategy_id,
        0,
        parameters,
        (INSTRUMENT, "BHP.ASX.AUD"),
        account,
        Decimal("25000.10"),
        "USD",
        live=True,
        catch_up=CatchUp.ACT_ON_NEWEST,
    )
    return StoredDeployment(Deployment(deployment_id, spec), 4, "", NOW, NOW)


def in_state(stored: StoredDeployment, state: DeploymentState) -> StoredDeployment:
    return replace(stored, deployment=replace(stored.deployment, state=state))


async def test_a_limit_is_read_back_as_it_was_set(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.risk.set_limit(LIMIT, None)
    async with storage.begin() as work:
        assert await work.risk.limit("l1") == LIMIT
        assert await work.risk.limit_of(Rule.ORDER_NOTIONAL, Scope.ACCOUNT, ACCOUNT) == LIMIT
        assert await work.risk.limit_of(Rule.ORDER_NOTIONAL, Scope.ACCOUNT, "DU2") is None
        with pytest.raises(NotFound) as caught:
            await work.risk.limit("l2")
    assert caught.value.reason is Reason.RISK_LIMIT_NOT_FOUND


async def test_limits_are_listed_by_scope_key_and_rule(storage: Storage) -> None:
    limits = [
        replace(LIMIT, limit=Limit(f"l{at}", rule, scope, key, Decimal(1)))
        for at, (scope, key, rule) in enumerate(
            [
                (Scope.ACCOUNT, "DU1", Rule.ORDER_QUANTITY),
                (Scope.ACCOUNT, "DU1", Rule.DRAWDOWN),
                (Scope.ACCOUNT, "DU2", Rule.ORDER_QUANTITY),
                (Scope.STRATEGY, "A", Rule.ORDER_RATE),
                (Scope.SYMBOL, "A", Rule.RESTRICTED),
            ]
        )
    ]
    async with storage.begin() as work:
        for limit in reversed(limits):
            await work.risk.set_limit(limit, None)
        assert await work.risk.limits() == limits


async def test_a_limit_of_the_same_rule_and_key_is_replaced(storage: Storage) -> None:
    newer = replace(LIMIT, limit=replace(LIMIT.limit, id="l2", value=Decimal(7)), version=2)
    async with storage.begin() as work:
        await work.risk.set_limit(LIMIT, None)
        await work.risk.set_limit(newer, 1)
        assert await work.risk.limits() == [newer]
        await work.risk.set_limit(LIMIT, None)
        assert await work.risk.limits() == [LIMIT]


@pytest.mark.parametrize("expected", [0, 2])
async def test_a_limit_that_has_changed_is_not_replaced_or_removed(storage: Storage, expected: int) -> None:
    async with storage.begin() as work:
        with pytest.raises(Conflict):
            await work.risk.set_limit(LIMIT, 1)
        await work.risk.set_limit(LIMIT, None)
        for asked in (work.risk.set_limit(LIMIT, expected), work.risk.delete_limit("l1", expected)):
            with pytest.raises(Conflict) as caught:
                await asked
            assert caught.value.reason is Reason.ETAG_STALE
        assert await work.risk.limits() == [LIMIT]


@pytest.mark.parametrize("expected", [None, 1])
async def test_a_limit_is_removed_once(storage: Storage, expected: int | None) -> None:
    async with storage.begin() as work:
        await work.risk.set_limit(LIMIT, None)
        assert await work.risk.delete_limit("l1", expected) == LIMIT
        assert await work.risk.limits() == []
        with pytest.raises(NotFound):
            await work.risk.delete_limit("l1", expected)


async def test_risk_events_are_numbered_by_account_and_read_back(storage: Storage) -> None:
    violation = Violation(LIMIT.limit, Decimal("1E+2"), "too much")
    unknown = Violation(replace(LIMIT.limit, value=Decimal("0.10")), None, "no price")
    full = event_of(
        "first",
        strategy_id="sma",
        instrument=INSTRUMENT,
        order_id="o1",
        violations=(violation, unknown),
        state=TradingState.HALTED,
    )
    async with storage.begin() as work:
        first = await work.risk.add_event(full)
        other = await work.risk.add_event(event_of("of another", account="DU2"))
        second = await work.risk.add_event(event_of("second"))
    assert (first, other.sequence) == (replace(full, sequence=1), 1)
    async with storage.begin() as work:
        assert await work.risk.events(ACCOUNT) == [first, second]


async def test_risk_events_that_come_at_once_leave_no_gap(storage: Storage) -> None:
    async def add(number: int) -> int:
        async with storage.begin() as work:
            return (await work.risk.add_event(event_of(f"{number}"))).sequence

    async def add_and_give_up() -> None:
        async with storage.begin() as work:
            await work.risk.add_event(event_of("undone"))
            raise LookupError

    with pytest.raises(LookupError):
        await add_and_give_up()
    assert sorted(await asyncio.gather(*(add(number) for number in range(8)))) == list(range(1, 9))


async def test_risk_events_are_found_by_each_filter(storage: Storage) -> None:
    kinds = [RiskEventKind.BREACH, RiskEventKind.ORDER_REFUSED, RiskEventKind.BREACH, RiskEventKind.STATE_CHANGED]
    async with storage.begin() as work:
        risk = work.risk
        events = [
            await risk.add_event(
                event_of(str(at), kind=kind, strategy_id="sma" if at % 2 else "", time=NOW + timedelta(minutes=at))
            )
            for at, kind in enumerate(kinds)
        ]
        assert await risk.events(ACCOUNT, after=1, before=4) == events[1:3]
        assert await risk.events(ACCOUNT, strategy_id="sma") == events[1::2]
        assert await risk.events(ACCOUNT, kind=RiskEventKind.BREACH) == events[0::2]
        assert await risk.events(ACCOUNT, start=NOW + timedelta(minutes=2)) == events[2:]
        assert await risk.events(ACCOUNT, newest_first=True, limit=3) == events[:0:-1]
        assert await risk.events(ACCOUNT, before=3, newest_first=True, limit=1) == events[1:2]
        assert await risk.events("DU2") == []


async def test_a_trading_state_is_latched(storage: Storage) -> None:
    halted = AccountState(ACCOUNT, TradingState.HALTED, NOW, "too much lost", "limit l1", flattening=True)
    async with storage.begin() as work:
        assert await work.risk.state(ACCOUNT) is None
        await work.risk.set_state(halted)
    async with storage.begin() as work:
        assert await work.risk.state(ACCOUNT) == halted
        active = AccountState(ACCOUNT, TradingState.ACTIVE, NOW + timedelta(1), by="a person")
        await work.risk.set_state(active)
        assert await work.risk.state(ACCOUNT) == active


async def test_of_one_minute_the_newest_equity_is_kept(storage: Storage) -> None:
    later = replace(MARK, time=NOW + timedelta(seconds=59.999999), equity=Decimal("12.3456789"))
    following = replace(MARK, time=NOW + timedelta(seconds=60))
    deployed = replace(MARK, deployment_id="d1")
    async with storage.begin() as work:
        for point in (following, MARK, later, replace(MARK, time=NOW + timedelta(seconds=30)), deployed):
            await work.risk.mark_equity(point)
    async with storage.begin() as work:
        assert await work.risk.equity(ACCOUNT, "") == [later, following]
        assert await work.risk.equity(ACCOUNT, "d1") == [deployed]
        assert await work.risk.equity(ACCOUNT, "", following.time) == [following]
        assert await work.risk.equity(ACCOUNT, "", later.time, 1) == [later]
        assert await work.risk.equity("DU2", "") == []


async def test_a_deployment_is_read_back_as_it_was_added(storage: Storage) -> None:
    added = deployment_of("d1")
    async with storage.begin() as work:
        await work.deployments.add(added)
    async with storage.begin() as work:
        found = await work.deployments.get("d1")
        assert found == added
        assert [type(value) for value in found.deployment.spec.parameters.values()] == [int, float, str, bool]
        with pytest.raises(NotFound) as caught:
            await work.deployments.get("d2")
    assert caught.value.reason is Reason.DEPLOYMENT_NOT_FOUND


async def test_an_account_has_one_deployment_of_a_strategy_that_has_not_ended(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.deployments.add(deployment_of("d1"))
        await work.deployments.add(deployment_of("d2", account="DU2"))
        await work.deployments.add(deployment_of("d3", "other"))
        with pytest.raises(AlreadyExists) as caught:
            await work.deployments.add(deployment_of("d4"))
        assert caught.value.reason is Reason.DEPLOYMENT_EXISTS
        await work.deployments.update(in_state(deployment_of("d1"), DeploymentState.STOPPED))
        await work.deployments.add(deployment_of("d4"))
        assert [one.deployment.id for one in await work.deployments.unfinished(ACCOUNT)] == ["d3", "d4"]


async def test_a_deployment_changes_from_the_version_that_was_read(storage: Storage) -> None:
    failed = Deployment(
        "d1", deployment_of("d1").deployment.spec, DeploymentState.ERROR, StopMode.FLATTEN, "it broke", NOW
    )
    changed = replace(
        deployment_of("d1"), deployment=failed, update_time=NOW + timedelta(1), error_reason="STRATEGY_FAILED"
    )
    async with storage.begin() as work:
        await work.deployments.add(deployment_of("d1"))
        after = await work.deployments.update(changed)
        assert after == replace(changed, version=2)
        with pytest.raises(Conflict) as caught:
            await work.deployments.update(changed)
        assert caught.value.reason is Reason.ETAG_STALE
        with pytest.raises(NotFound):
            await work.deployments.update(deployment_of("d2"))
    async with storage.begin() as work:
        assert await work.deployments.get("d1") == after
        stopped = replace(in_state(after, DeploymentState.STOPPED), end_time=NOW)
        assert (await work.deployments.update(stopped)).version == 3


async def test_deployments_are_paged_newest_first_by_each_filter(storage: Storage) -> None:
    async with storage.begin() as work:
        page = work.deployments.page
        for at, (strategy_id, account) in enumerate([("a", "DU1"), ("b", "DU1"), ("a", "DU2")]):
            await work.deployments.add(deployment_of(f"d{at}", strategy_id, account))
        await work.deployments.update(in_state(deployment_of("d1", "b"), DeploymentState.PAUSED))

        async def ids(*which: object) -> list[str]:
            return [one.deployment.id for one in await page(*which)]  # type: ignore[arg-type] # as they are given

        assert await ids("", "", None, None, 10) == ["d2", "d1", "d0"]
        assert await ids("", "", None, "d2", 1) == ["d1"]
        assert await ids("a", "", None, None, 10) == ["d2", "d0"]
        assert await ids("", "DU1", None, None, 10) == ["d1", "d0"]
        assert await ids("", "", DeploymentState.PAUSED, None, 10) == ["d1"]
        assert await ids("b", "DU2", None, None, 10) == []


async def test_audit_lines_are_told_newest_first_to_the_letter(storage: Storage) -> None:
    line = AuditLine(NOW, ACCOUNT, "me", "10.0.0.7", "set limit", "l1", '{"b":1,  "a": 1.50}', '"x"')
    async with storage.begin() as work:
        await work.audit.add(line)
        await work.audit.add(replace(line, subject="l2", before="", after=""))
        await work.audit.add(replace(line, account=""))
    async with storage.begin() as work:
        found = await work.audit.lines(ACCOUNT, 10)
        assert found == [replace(line, subject="l2", before="", after=""), line]
        assert await work.audit.lines(ACCOUNT, 1) == found[:1]


async def test_a_unit_of_work_that_raises_leaves_nothing_of_trading(storage: Storage) -> None:
    async def change_everything_and_give_up() -> None:
        async with storage.begin() as work:
            await work.risk.set_limit(LIMIT, None)
            await work.risk.set_state(AccountState(ACCOUNT, TradingState.HALTED, NOW))
            await work.risk.mark_equity(MARK)
            await work.deployments.add(deployment_of("d1"))
            await work.audit.add(AuditLine(NOW, ACCOUNT, "me", "", "", ""))
            raise LookupError

    with pytest.raises(LookupError):
        await change_everything_and_give_up()
    async with storage.begin() as work:
        assert await work.risk.limits() == []
        assert await work.risk.state(ACCOUNT) is None
        assert await work.risk.equity(ACCOUNT, "") == []
        assert await work.deployments.unfinished(ACCOUNT) == []
        assert await work.audit.lines(ACCOUNT, 10) == []


async def test_moments_of_a_deployment_follow_each_other_and_stay(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.deployments.add(deployment_of("d1"))
        await work.deployments.add(deployment_of("d2", "other"))
    for deployment_id, sequence in (("d1", 1), ("d2", 1), ("d1", 2)):
        async with storage.begin() as work:
            await work.moments.add(deployment_id, sequence, f'{{"cash": "{sequence}", "rows": NaN}}')
    async with storage.begin() as work:
        with pytest.raises(Conflict):
            await work.moments.add("d1", 2, "another")
    async with storage.begin() as work:
        first, second = '{"cash": "1", "rows": NaN}', '{"cash": "2", "rows": NaN}'
        assert await work.moments.page("d1", 0, 10) == [first, second]
        assert await work.moments.page("d1", 1, 10) == [second]
        assert await work.moments.page("d1", 0, 1) == [first]
        assert await work.moments.page("d2", 1, 10) == []


async def test_strategies_are_put_to_work_however_many_there_are(storage: Storage) -> None:
    """A statement that is executed often is planned once for all values."""
    for number in range(12):
        async with storage.begin() as work:
            await work.deployments.add(deployment_of(f"d{number}", f"strategy_{number}"))
        with pytest.raises(AlreadyExists):
            async with storage.begin() as work:
                await work.deployments.add(deployment_of(f"again{number}", f"strategy_{number}"))
    async with storage.begin() as work:
        assert len(await work.deployments.unfinished(ACCOUNT)) == 12
