"""What happened about risk: stored by one task in order, and told to whoever follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

import structlog

from scizor.domain.errors import ScizorError, Unavailable
from scizor.domain.trading.rules import Violation
from scizor.ports.storage import Storage
from scizor.ports.trading import RiskEvent, RiskEventKind
from scizor.services.trading.use_cases import EventFilter

_MOST_WAITING: Final = 10_000
_PAGE: Final = 500
_RETRY_S: Final = 0.5

_log = structlog.get_logger(__name__)


class Events:
    """`tell` from anywhere; `run` stores. What waits for a storage that is away is bounded; what is more is logged."""

    def __init__(self, storage: Storage, heartbeat_s: float) -> None:
        self._storage, self._heartbeat_s = storage, heartbeat_s
        self._waiting: asyncio.Queue[RiskEvent] = asyncio.Queue(_MOST_WAITING)
        self._news = asyncio.Event()

    def tell(self, event: RiskEvent) -> None:
        """Have it stored soon."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _lost(event, f"{_MOST_WAITING} wait already")

    def stored(self) -> None:
        """One was stored elsewhere, in a unit of work that is committed."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def run(self) -> None:
        """Store what is told, in order, until cancelled."""
        while True:
            event = await self._waiting.get()
            await self._keep(event)
            self.stored()

    async def page(self, which: EventFilter, before: int | None, limit: int) -> Sequence[RiskEvent]:
        """Newest first, those with a sequence below `before`."""
        async with self._storage.begin() as work:
            return await work.risk.events(
                which.account,
                before=before,
                strategy_id=which.strategy_id,
                kind=which.kind,
                start=which.start,
                limit=limit,
                newest_first=True,
            )

    async def breaches(self, account: str) -> Mapping[str, Violation]:
        """By limit, those that were told to have begun and not to have ended. Raises Unavailable."""
        told: list[RiskEvent] = []
        async with self._storage.begin() as work:
            for kind in (RiskEventKind.BREACH, RiskEventKind.BREACH_ENDED):
                told += await work.risk.events(account, kind=kind, limit=_PAGE, newest_first=True)
        found: dict[str, Violation] = {}
        for event in sorted(told, key=lambda one: one.sequence):
            for violation in event.violations:
                if event.kind is RiskEventKind.BREACH:
                    found[violation.limit.id] = violation
                else:
                    found.pop(violation.limit.id, None)
        return found

    async def watch(self, account: str, after_sequence: int) -> AsyncGenerator[RiskEvent | None]:
        """All above the sequence, each once and in order; None when nothing came for a while."""
        seen = after_sequence
        while True:
            news = self._news
            async with self._storage.begin() as work:
                found = await work.risk.events(account, after=seen, limit=_PAGE)
            for event in found:
                seen = event.sequence
                yield event
            if not found and news is self._news:
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        await news.wait()
                except TimeoutError:
                    yield None

    async def _keep(self, event: RiskEvent) -> None:
        """However long the storage is away."""
        while True:
            try:
                async with self._storage.begin() as work:
                    await work.risk.add_event(event)
            except Unavailable as error:
                _log.warning("risk_event_waits", error=error.message)
                await asyncio.sleep(_RETRY_S)
            except ScizorError as error:  # it never will be stored, and those behind it wait
                _lost(event, error.message)
                return
            else:
                return


def _lost(event: RiskEvent, why: str) -> None:
    _log.error("risk_event_lost", account=event.account, kind=event.kind.name, message=event.message, why=why)
