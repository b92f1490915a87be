"""What the calls need of the rest of the service, a protocol a subject."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from scizor.domain.intervals import Interval
from scizor.domain.trading.deployments import DeploymentSpec, StopMode
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.parity import ParityReport
from scizor.domain.trading.stress import Scenario
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.views import (
    AccountView,
    ExposureView,
    PositionNews,
    PositionView,
    RiskCheck,
    StressView,
)
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import AccountState, BreachAction, RiskEvent, RiskEventKind, StoredDeployment, StoredLimit
from scizor.services.trading.account.performance import LivePerformance
from scizor.services.trading.deployments.app import DeploymentFilter
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.desks import Answers, Desks


class Values(Protocol):
    """What accounts hold, at live prices. `account`: one that exists; `instrument`: a reference, empty for all."""

    def positions(
        self, account: str, strategy_id: str = "", instrument: str = "", *, by_strategy: bool, show_closed: bool
    ) -> Sequence[PositionView]:
        """By instrument, then strategy. With a `strategy_id` its own; else netted, or split `by_strategy`."""
        ...

    def watch_positions(
        self, account: str, strategy_id: str = "", instrument: str = ""
    ) -> AsyncIterator[PositionNews | None]:
        """All as they stand, then those that change in shares or value; None where a heartbeat is due.

        A reader too slow is shown the newest of each. Ends when the service stops.
        """
        ...

    async def account(self, account: str) -> AccountView:
        """As the broker and this system have it. Raises Unavailable(BROKER_UNAVAILABLE)."""
        ...


@dataclass(frozen=True, slots=True)
class LimitWish:
    """A limit as it is asked for. `key`: an account that exists, a strategy's id or a reference. `etag`: of the limit
    that is to be changed, empty for a new one.
    """

    rule: Rule
    scope: Scope
    key: str
    value: Decimal
    on_breach: BreachAction = BreachAction.TELL
    etag: str = ""


@dataclass(frozen=True, slots=True)
class LimitFilter:
    """Which limits; None and empty mean all."""

    rule: Rule | None = None
    scope: Scope | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class StateWish:
    """What an account is to be. `flatten`: cancel and close all; goes with HALTED."""

    account: str
    state: TradingState
    reason: str
    flatten: bool = False


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which risk events of an account; None and empty mean all. `start` is included."""

    account: str
    strategy_id: str = ""
    kind: RiskEventKind | None = None
    start: datetime | None = None


class Risk(Protocol):
    """Limits, states and what happened about them. `account`: one that exists.

    What changes something works in the caller's unit of work, writes its audit line there, and takes force with
    `committed`.
    """

    async def check(self, account: str) -> RiskCheck:
        """Limits that are broken as things stand."""
        ...

    async def limits(self, which: LimitFilter, after: tuple[int, str, int] | None, limit: int) -> Sequence[StoredLimit]:
        """By scope, key and rule: those behind (scope, key, rule)."""
        ...

    async def limit(self, limit_id: str) -> StoredLimit:
        """One. Raises NotFound(RISK_LIMIT_NOT_FOUND)."""
        ...

    async def set_limit(self, work: UnitOfWork, wish: LimitWish, actor: Actor) -> StoredLimit:
        """Raises AlreadyExists(RISK_LIMIT_EXISTS) where one is there and no etag was given, Conflict(ETAG_STALE)."""
        ...

    async def delete_limit(self, work: UnitOfWork, limit_id: str, etag: str, actor: Actor) -> StoredLimit:
        """As it was. Raises NotFound(RISK_LIMIT_NOT_FOUND), Conflict(ETAG_STALE)."""
        ...

    async def set_state(self, work: UnitOfWork, wish: StateWish, actor: Actor) -> AccountState:
        """As it is from the commit on."""
        ...

    async def committed(self, account: str = "") -> None:
        """Limits, or the state of `account`, were changed: they are in force when this returns.

        Begins what a state set with `flatten` asks for, and waits for none of it.
        """
        ...

    def state(self, account: str) -> AccountState:
        """As it is in force."""
        ...

    async def events(self, which: EventFilter, before: int | None, limit: int) -> Sequence[RiskEvent]:
        """Newest first, those with a sequence below `before`."""
        ...

    def watch_events(self, account: str, after_sequence: int) -> AsyncIterator[RiskEvent | None]:
        """All events above the sequence, each once and in order; None where a heartbeat is due."""
        ...

    async def exposure(self, account: str, strategy_id: str = "") -> ExposureView:
        """At the prices that are known. Raises FailedPrecondition(EXCHANGE_RATE_UNKNOWN)."""
        ...

    async def stress(self, account: str, scenarios: Sequence[Scenario], worst_days: int) -> Sequence[StressView]:
        """The scenarios in their order, then the worst days. Raises FailedPrecondition(BARS_NOT_FOUND)."""
        ...


class Deployments(Protocol):
    """Strategies at work. What changes one works in the caller's unit of work, and is followed up by `wake`.

    The one meant is named by its id, or by its strategy where that is at work once.
    """

    async def start(self, work: UnitOfWork, spec: DeploymentSpec, interval: Interval, actor: Actor) -> StoredDeployment:
        """Of an account that exists, with symbols as the caller spells them."""
        ...

    async def pause(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        """It watches, and sends no orders."""
        ...

    async def resume(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        """It trades again."""
        ...

    async def stop(
        self, work: UnitOfWork, strategy_id: str, deployment_id: str, mode: StopMode, actor: Actor
    ) -> StoredDeployment:
        """It ends."""
        ...

    async def get(self, deployment_id: str) -> StoredDeployment:
        """One. Raises NotFound(DEPLOYMENT_NOT_FOUND)."""
        ...

    async def page(self, which: DeploymentFilter, before: str | None, limit: int) -> Sequence[StoredDeployment]:
        """Newest first, those older than the id `before`."""
        ...

    @property
    def wake(self) -> Callable[[], None]:
        """What was asked for is committed."""
        ...


class Performance(Protocol):
    """How accounts and deployments have fared."""

    async def of(self, account: str, deployment_id: str = "") -> LivePerformance:
        """Since equity is marked. Raises NotFound(DEPLOYMENT_NOT_FOUND)."""
        ...


class Parity(Protocol):
    """Sessions held against the backtest of the same session."""

    async def reports(self, deployment_id: str, sessions: int) -> Sequence[ParityReport]:
        """The newest that have ended, newest first, `sessions` at most."""
        ...


@dataclass(frozen=True, slots=True)
class UseCases:
    """One field a subject. What is asked of stored orders is in `scizor.services.trading.queries`."""

    storage: Storage
    answers: Answers
    clock: Clock
    desks: Desks
    values: Values
    risk: Risk
    deployments: Deployments
    performance: Performance
    parity: Parity
