"""All of risk behind one door: the use cases, and the parts each account's room is furnished with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from scizor.domain.trading.stress import Scenario
from scizor.domain.trading.views import ExposureView, RiskCheck, StressView
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import AccountState, RiskEvent, StoredLimit
from scizor.services.trading.account.market import Market
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.risk.events import Events
from scizor.services.trading.risk.exposure import exposure, stress
from scizor.services.trading.risk.guard import RiskGuard
from scizor.services.trading.risk.limits import Limits
from scizor.services.trading.risk.monitor import Monitor, Pause
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.risk.state import States
from scizor.services.trading.risk.switch import KillSwitch
from scizor.services.trading.use_cases import EventFilter, LimitFilter, LimitWish, StateWish


class RiskRoom:
    """`desk`, `market`: of an account that exists."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        desk: Callable[[str], Desk],
        market: Callable[[str], Market],
        heartbeat_s: float,
    ) -> None:
        self._storage, self._clock, self._desk, self._market = storage, clock, desk, market
        self._standing = Standing(storage, clock)
        self._events = Events(storage, heartbeat_s)
        self._states = States(storage, self._standing, clock)
        self._limits = Limits(self._standing, clock)
        self._monitors: dict[str, Monitor] = {}

    def guard(self, account: str) -> RiskGuard:
        """The checks of an account."""
        return RiskGuard(
            account,
            lambda: self._desk(account).books,
            lambda: self._market(account).prices(),
            self._standing,
            self._events,
            self._clock,
        )

    def monitor(self, account: str, pause: Pause) -> Monitor:
        """What watches over an account."""
        self._monitors[account] = Monitor(
            lambda: self._desk(account),
            lambda: self._market(account).prices(),
            self._standing,
            self._states,
            self._events,
            self._clock,
            pause,
        )
        return self._monitors[account]

    def switch(self, account: str) -> KillSwitch:
        """The kill switch of an account."""
        return KillSwitch(lambda: self._desk(account), self._standing, self._states, self._events, self._clock)

    async def begin(self, accounts: Iterable[str]) -> None:
        """Read what is in force. Raises Unavailable."""
        await self._standing.read(accounts)

    async def run(self, accounts: Callable[[], Sequence[str]]) -> None:
        """Store events and keep what is in force fresh, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run())
            tasks.create_task(self._standing.run(accounts))

    async def check(self, account: str) -> RiskCheck:
        """Limits that are broken as things stand."""
        return RiskCheck(self._monitors[account].broken(account), self.state(account).state)

    async def limits(self, which: LimitFilter, after: tuple[int, str, int] | None, limit: int) -> Sequence[StoredLimit]:
        """By scope, key and rule: those behind (scope, key, rule)."""
        return self._limits.page(which, after, limit)

    async def limit(self, limit_id: str) -> StoredLimit:
        """One. Raises NotFound(RISK_LIMIT_NOT_FOUND)."""
        return self._limits.one(limit_id)

    async def set_limit(self, work: UnitOfWork, wish: LimitWish, actor: Actor) -> StoredLimit:
        """In force once it is `committed`."""
        return await self._limits.put(work, wish, actor)

    async def delete_limit(self, work: UnitOfWork, limit_id: str, etag: str, actor: Actor) -> StoredLimit:
        """As it was."""
        return await self._limits.remove(work, limit_id, etag, actor)

    async def set_state(self, work: UnitOfWork, wish: StateWish, actor: Actor) -> AccountState:
        """In force once it is `committed`."""
        return await self._states.put(work, wish, actor)

    async def committed(self, account: str = "") -> None:
        """Limits, or the state of `account`, were changed: they are in force when this returns."""
        await self._standing.read([account] if account else [])
        self._events.stored()

    def state(self, account: str) -> AccountState:
        """As it is in force."""
        return self._standing.state(account)

    async def events(self, which: EventFilter, before: int | None, limit: int) -> Sequence[RiskEvent]:
        """Newest first, those with a sequence below `before`."""
        return await self._events.page(which, before, limit)

    def watch_events(self, account: str, after_sequence: int) -> AsyncGenerator[RiskEvent | None]:
        """All events above the sequence; None where a heartbeat is due."""
        return self._events.watch(account, after_sequence)

    async def exposure(self, account: str, strategy_id: str = "") -> ExposureView:
        """At the prices that are known. Raises FailedPrecondition(EXCHANGE_RATE_UNKNOWN), Unavailable."""
        book, prices = self._desk(account).books.risk, self._market(account).prices()
        return await exposure(self._storage, self._clock, book, prices, strategy_id)

    async def stress(self, account: str, scenarios: Sequence[Scenario], worst_days: int) -> Sequence[StressView]:
        """The scenarios in their order, then the worst days. Raises FailedPrecondition(BARS_NOT_FOUND), Unavailable."""
        book, prices = self._desk(account).books.risk, self._market(account).prices()
        limits = self._monitors[account].bound(account)
        return await stress(self._storage, book, prices, limits, scenarios, worst_days)
