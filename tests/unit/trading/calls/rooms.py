"""Values, risk and deployments that say what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from scizor.domain.errors import NotFound, Reason
from scizor.domain.intervals import Interval
from scizor.domain.metrics import Metric
from scizor.domain.trading.deployments import Deployment, DeploymentSpec, Step, StopMode, stepped
from scizor.domain.trading.limits import Limit
from scizor.domain.trading.parity import ParityCause, ParityDifference, ParityReport
from scizor.domain.trading.stress import Scenario, stressed
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.views import AccountView, ExposureView, PositionNews, PositionView, RiskCheck, StressView
from scizor.ports.storage import UnitOfWork
from scizor.ports.trading import AccountState, RiskEvent, StoredDeployment, StoredLimit
from scizor.services.trading.account.equity import SessionEquity
from scizor.services.trading.account.performance import LivePerformance
from scizor.services.trading.deployments.app import DeploymentFilter
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.use_cases import EventFilter, LimitFilter, LimitWish, StateWish
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW


@dataclass
class FakeValues:
    held: list[PositionView] = field(default_factory=list)
    news: list[PositionNews | None] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)
    failure: Exception | None = None

    def positions(
        self, account: str, strategy_id: str = "", instrument: str = "", *, by_strategy: bool, show_closed: bool
    ) -> Sequence[PositionView]:
        self.asked.append((account, strategy_id, instrument, by_strategy, show_closed))
        return [view for view in self.held if view.account == account]

    async def watch_positions(
        self, account: str, strategy_id: str = "", instrument: str = ""
    ) -> AsyncIterator[PositionNews | None]:
        for news in self.news:
            yield news
        if self.failure:
            raise self.failure

    async def account(self, account: str) -> AccountView:
        return AccountView(account, True, "USD", NOW, equity=Decimal(1000))


@dataclass
class FakeRisk:
    stored: dict[str, StoredLimit] = field(default_factory=dict)
    told: list[RiskEvent] = field(default_factory=list)
    wishes: list[object] = field(default_factory=list)
    committed_for: list[str] = field(default_factory=list)
    now: AccountState = field(default_factory=lambda: AccountState(ACCOUNT, TradingState.ACTIVE, NOW))

    async def check(self, account: str) -> RiskCheck:
        return RiskCheck((), self.now.state)

    async def limits(self, which: LimitFilter, after: tuple[int, str, int] | None, limit: int) -> Sequence[StoredLimit]:
        self.wishes.append(which)
        found = sorted(self.stored.values(), key=_limit_key)
        return [one for one in found if after is None or _limit_key(one) > after][:limit]

    async def limit(self, limit_id: str) -> StoredLimit:
        if limit_id not in self.stored:
            raise NotFound(f"no limit {limit_id}", Reason.RISK_LIMIT_NOT_FOUND)
        return self.stored[limit_id]

    async def set_limit(self, work: UnitOfWork, wish: LimitWish, actor: Actor) -> StoredLimit:
        self.wishes.append(wish)
        limit_id = f"{len(self.stored):08d}-0000-4000-8000-000000000000"
        limit = Limit(limit_id, wish.rule, wish.scope, wish.key, wish.value)
        self.stored[limit_id] = StoredLimit(limit, wish.on_breach, NOW)
        return self.stored[limit_id]

    async def delete_limit(self, work: UnitOfWork, limit_id: str, etag: str, actor: Actor) -> StoredLimit:
        gone = await self.limit(limit_id)
        del self.stored[limit_id]
        return gone

    async def set_state(self, work: UnitOfWork, wish: StateWish, actor: Actor) -> AccountState:
        self.wishes.append(wish)
        self.now = replace(self.now, state=wish.state, reason=wish.reason, by=actor.name, flattening=wish.flatten)
        return self.now

    async def committed(self, account: str = "") -> None:
        self.committed_for.append(account)

    def state(self, account: str) -> AccountState:
        return self.now

    async def events(self, which: EventFilter, before: int | None, limit: int) -> Sequence[RiskEvent]:
        newest = sorted(self.told, key=lambda event: -event.sequence)
        return [event for event in newest if before is None or event.sequence < before][:limit]

    async def watch_events(self, account: str, after_sequence: int) -> AsyncIterator[RiskEvent | None]:
        for event in self.told:
            if event.sequence > after_sequence:
                yield event
        yield None

    async def exposure(self, account: str, strategy_id: str = "") -> ExposureView:
        zero = Decimal(0)
        return ExposureView("USD", zero, zero, zero, zero, zero, 0.0)

    async def stress(self, account: str, scenarios: Sequence[Scenario], worst_days: int) -> Sequence[StressView]:
        return [StressView("USD", stressed({INSTRUMENT: Decimal(100)}, one), -0.01) for one in scenarios]


def _limit_key(stored: StoredLimit) -> tuple[int, str, int]:
    return int(stored.limit.scope), stored.limit.key, int(stored.limit.rule)


@dataclass
class FakeDeployments:
    """Of one deployment at most."""

    stored: StoredDeployment | None = None
    asked: list[object] = field(default_factory=list)
    woken: int = 0

    async def start(self, work: UnitOfWork, spec: DeploymentSpec, interval: Interval, actor: Actor) -> StoredDeployment:
        deployment = Deployment("01234567-89ab-4def-8123-456789abcdef", spec)
        self.stored = StoredDeployment(deployment, int(interval), "", NOW, NOW)
        return self.stored

    async def pause(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        return await self._stepped(Step.PAUSE, strategy_id, deployment_id)

    async def resume(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        return await self._stepped(Step.RESUME, strategy_id, deployment_id)

    async def stop(
        self, work: UnitOfWork, strategy_id: str, deployment_id: str, mode: StopMode, actor: Actor
    ) -> StoredDeployment:
        self.asked.append(mode)
        return await self._stepped(Step.STOP, strategy_id, deployment_id)

    async def get(self, deployment_id: str) -> StoredDeployment:
        if self.stored is None:
            raise NotFound(f"no deployment {deployment_id}", Reason.DEPLOYMENT_NOT_FOUND)
        return self.stored

    async def page(self, which: DeploymentFilter, before: str | None, limit: int) -> Sequence[StoredDeployment]:
        self.asked.append(which)
        return [self.stored] if self.stored else []

    def wake(self) -> None:
        self.woken += 1

    async def _stepped(self, step: Step, *named: str) -> StoredDeployment:
        self.asked.append(named)
        before = await self.get(named[1])
        self.stored = replace(before, deployment=stepped(before.deployment, step))
        return self.stored


class FakePerformance:
    async def of(self, account: str, deployment_id: str = "") -> LivePerformance:
        sessions = (SessionEquity(NOW.date(), NOW, Decimal("1000.5")),)
        metric = Metric("sharpe", 1.5, "", 1, "1")
        return LivePerformance(account, deployment_id, "USD", (metric,), sessions, np.array([-0.1]), ("short",))


class FakeParity:
    async def reports(self, deployment_id: str, sessions: int) -> Sequence[ParityReport]:
        zero = Decimal(0)
        alone = ParityDifference(INSTRUMENT, ParityCause.DATA, "o-1", Decimal(5), zero, Decimal(10), None, Decimal(-3))
        return [ParityReport(NOW.date(), 1, 0, 0, (alone,))] * sessions
