"""One transaction over everything stored."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from scizor.ports.backtests import BacktestRepository
from scizor.ports.bars import BarRepository, CorporateActionRepository
from scizor.ports.collections import CollectionRepository, SessionGapRepository
from scizor.ports.flags import FlagRepository
from scizor.ports.imports import ImportRepository
from scizor.ports.intraday import IntradayRepository
from scizor.ports.optimizations import OptimizationRepository
from scizor.ports.strategies import StrategyRepository
from scizor.ports.symbols import SymbolRepository
from scizor.ports.trading import AuditRepository, DeploymentRepository, MomentRepository, OrderQueries, RiskRepository


class IdempotencyRepository(Protocol):
    """Answers to requests that carry a request id.

    An answer is kept for seven days at least. What is older is removed bit by bit as new ids are claimed; the id then
    counts as new.
    """

    async def begin(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """Claim the id, or return the stored answer of the same request.

        Waits for another transaction that claims the same id. Raises AlreadyExists(REQUEST_ID_REUSED) when the body
        differs.
        """
        ...

    async def finish(self, method: str, request_id: str, answer: bytes) -> None:
        """Store the answer of a claimed id."""
        ...


class UnitOfWork(Protocol):
    """The repositories of one transaction."""

    @property
    def symbols(self) -> SymbolRepository:
        """Instruments."""
        ...

    @property
    def bars(self) -> BarRepository:
        """Daily bars."""
        ...

    @property
    def intraday(self) -> IntradayRepository:
        """Bars shorter than a session."""
        ...

    @property
    def actions(self) -> CorporateActionRepository:
        """Splits and dividends."""
        ...

    @property
    def imports(self) -> ImportRepository:
        """Imports and rejected rows."""
        ...

    @property
    def flags(self) -> FlagRepository:
        """What looks wrong in stored bars."""
        ...

    @property
    def collections(self) -> CollectionRepository:
        """Collections and their ledgers."""
        ...

    @property
    def gaps(self) -> SessionGapRepository:
        """Sessions without a bar, and why."""
        ...

    @property
    def strategies(self) -> StrategyRepository:
        """Stored strategies."""
        ...

    @property
    def backtests(self) -> BacktestRepository:
        """Backtests and results."""
        ...

    @property
    def optimizations(self) -> OptimizationRepository:
        """Optimisations and their trials."""
        ...

    @property
    def orders(self) -> OrderQueries:
        """What the journal of orders holds."""
        ...

    @property
    def risk(self) -> RiskRepository:
        """Limits, risk events, trading states and equity."""
        ...

    @property
    def deployments(self) -> DeploymentRepository:
        """Strategies at work."""
        ...

    @property
    def moments(self) -> MomentRepository:
        """What strategies at work were shown and asked for."""
        ...

    @property
    def audit(self) -> AuditRepository:
        """Who did what."""
        ...

    @property
    def idempotency(self) -> IdempotencyRepository:
        """Answers by request id."""
        ...


class Storage(Protocol):
    """Where units of work come from."""

    def begin(self, *, durable: bool = True) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction, committed when the block ends, undone when it raises. Raises Unavailable.

        Without `durable` a crash of the database within a second of it may undo it after all, as a whole: for signs of
        life, and for what is done again when it is found undone.
        """
        ...

    async def ping(self) -> bool:
        """Whether the database answers within a second."""
        ...
