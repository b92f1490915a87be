"""What is stored of trading beside the journal: questions about orders, limits, risk events, states, deployments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from scizor.domain.trading.deployments import Deployment, DeploymentState
from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.orders import Origin
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.states import Order, OrderState
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.journal import AuditLine, BookedExecution, Entry


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders of an account; empty means all. `open`: only those that have not ended."""

    account: str
    strategy_id: str = ""
    instrument: str = ""
    state: OrderState | None = None
    origin: Origin | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which executions of an account; empty means all. `start` is included, `end` is not."""

    account: str
    strategy_id: str = ""
    instrument: str = ""
    order_id: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """An execution as lists show it: its newest revision, also when it was busted."""

    booked: BookedExecution
    busted: bool = False


class OrderQueries(Protocol):
    """What the journal holds, for those who ask. Ids of orders need not sort by time: not all are made here."""

    async def order(self, order_id: str) -> Order:
        """One order. Raises NotFound(ORDER_NOT_FOUND)."""
        ...

    async def order_by_client_id(self, account: str, client_order_id: str) -> Order | None:
        """The order a client gave that id, if any; none has an empty one."""
        ...

    async def events(self, order_id: str) -> Sequence[OrderEvent]:
        """Its journal, oldest first. Raises NotFound(ORDER_NOT_FOUND)."""
        ...

    async def page(self, which: OrderFilter, before: str | None, limit: int) -> Sequence[Order]:
        """Newest first by time of creation, then id; those behind the order `before`, none where it is unknown."""
        ...

    async def trades(self, which: TradeFilter, before: tuple[datetime, str] | None, limit: int) -> Sequence[Trade]:
        """Newest first, those older than (time, execution id)."""
        ...

    async def entries_after(self, account: str, sequence: int, limit: int) -> Sequence[Entry]:
        """Journal entries above a sequence, oldest first, each with the order as it was then."""
        ...


class BreachAction(IntEnum):
    """What a breach of a limit does beside being told; numbers equal the contract's."""

    TELL = 1
    PAUSE_STRATEGY = 2
    REDUCE = 3
    HALT = 4


@dataclass(frozen=True, slots=True)
class StoredLimit:
    """A limit with what is done about its breach."""

    limit: Limit
    on_breach: BreachAction
    update_time: datetime
    version: int = 1
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f"v{self.version}")


class RiskEventKind(IntEnum):
    """What a risk event tells; numbers equal the contract's."""

    ORDER_REFUSED = 1
    BREACH = 2
    BREACH_ENDED = 3
    STATE_CHANGED = 4
    ORDER_INCIDENT = 5
    DIFFERENCE = 6


@dataclass(frozen=True, slots=True)
class RiskEvent:
    """One of them. `sequence`: given when it is stored, counting up over an account without a gap."""

    time: datetime
    kind: RiskEventKind
    account: str
    message: str
    strategy_id: str = ""
    instrument: str = ""
    order_id: str = ""
    violations: tuple[Violation, ...] = ()
    state: TradingState | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class AccountState:
    """Whether an account trades. `flattening`: the kill switch is not done yet. `by`: who, or the limit that did it."""

    account: str
    state: TradingState
    time: datetime
    reason: str = ""
    by: str = ""
    flattening: bool = False


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """What an account, or with a deployment's id that deployment, was worth. Base currency."""

    account: str
    deployment_id: str
    time: datetime
    session: date
    equity: Decimal


class RiskRepository(Protocol):
    """Limits, risk events, trading states and equity marks."""

    async def limits(self) -> Sequence[StoredLimit]:
        """All, by scope, key and rule."""
        ...

    async def limit(self, limit_id: str) -> StoredLimit:
        """One. Raises NotFound(RISK_LIMIT_NOT_FOUND)."""
        ...

    async def limit_of(self, rule: Rule, scope: Scope, key: str) -> StoredLimit | None:
        """The one of that rule and that key, if any."""
        ...

    async def set_limit(self, stored: StoredLimit, expected_version: int | None) -> None:
        """Store it as it is; an older one of its rule, scope and key is replaced.

        With an `expected_version` only one of that version is. Raises Conflict(ETAG_STALE).
        """
        ...

    async def delete_limit(self, limit_id: str, expected_version: int | None) -> StoredLimit:
        """Remove it, and return what it was. Raises NotFound(RISK_LIMIT_NOT_FOUND), Conflict(ETAG_STALE)."""
        ...

    async def add_event(self, event: RiskEvent) -> RiskEvent:
        """Store it; returns it with its sequence. Others of its account wait until this unit of work ends."""
        ...

    async def events(
        self,
        account: str,
        *,
        after: int = 0,
        before: int | None = None,
        strategy_id: str = "",
        kind: RiskEventKind | None = None,
        start: datetime | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[RiskEvent]:
        """Those with a sequence above `after` and below `before`."""
        ...

    async def state(self, account: str) -> AccountState | None:
        """As it was set last."""
        ...

    async def set_state(self, state: AccountState) -> None:
        """Latch it."""
        ...

    async def mark_equity(self, point: EquityPoint) -> None:
        """Remember; of one minute the newest is kept."""
        ...

    async def equity(
        self, account: str, deployment_id: str, start: datetime | None = None, limit: int = 100_000
    ) -> Sequence[EquityPoint]:
        """Oldest first, from `start` on."""
        ...


@dataclass(frozen=True, slots=True)
class StoredDeployment:
    """A deployment with its bookkeeping. `interval`: of its bars, as the contract numbers it; `code_hash`: SHA-256."""

    deployment: Deployment
    interval: int
    code_hash: str
    create_time: datetime
    update_time: datetime
    end_time: datetime | None = None
    version: int = 1
    error_reason: str = ""


class DeploymentRepository(Protocol):
    """Strategies at work. Ids sort by time of creation."""

    async def add(self, stored: StoredDeployment) -> None:
        """Store a new one. Raises AlreadyExists(DEPLOYMENT_EXISTS) where the account has one of the strategy that has
        not ended.
        """
        ...

    async def get(self, deployment_id: str) -> StoredDeployment:
        """One. Raises NotFound(DEPLOYMENT_NOT_FOUND)."""
        ...

    async def update(self, stored: StoredDeployment) -> StoredDeployment:
        """Store how it stands; returns it with its new version.

        Raises NotFound(DEPLOYMENT_NOT_FOUND), Conflict(ETAG_STALE) for another version.
        """
        ...

    async def unfinished(self, account: str) -> Sequence[StoredDeployment]:
        """Those that have not ended, oldest first."""
        ...

    async def page(
        self, strategy_id: str, account: str, state: DeploymentState | None, before: str | None, limit: int
    ) -> Sequence[StoredDeployment]:
        """Newest first, those older than the id `before`; empty texts mean all."""
        ...


class MomentRepository(Protocol):
    """What strategies at work were shown and asked for, one document after the other. Append-only."""

    async def add(self, deployment_id: str, sequence: int, document: str) -> None:
        """The next one; sequences of a deployment begin with 1. Raises Conflict where there is one of that sequence."""
        ...

    async def page(self, deployment_id: str, after: int, limit: int) -> Sequence[str]:
        """Oldest first, those with a sequence above `after`."""
        ...


class AuditRepository(Protocol):
    """Append-only."""

    async def add(self, line: AuditLine) -> None:
        """Write it down."""
        ...

    async def lines(self, account: str, limit: int) -> Sequence[AuditLine]:
        """Newest first."""
        ...
