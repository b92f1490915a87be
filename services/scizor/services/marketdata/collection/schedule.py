"""The daily collection of each exchange, once its close has settled.

Which sessions were seen to is known by request ids in storage: each exchange and session is one, whichever replica
comes first and however often it restarts. One that was down for days makes up for it at its start: a daily collection
asks for all that is lacking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import structlog

from scizor.domain.collections import Collection, CollectionKind, CollectionSpec
from scizor.domain.errors import InvalidInput, ScizorError
from scizor.domain.sessions import from_day
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata.collection.app import Collections
from scizor.services.marketdata.collection.sessions import LOOK_BACK, SECOND_NS, to_ns

_METHOD = "scizor.collection.daily"

_log = structlog.get_logger(__name__)


class DailySchedule:
    """Creates daily collections. `sleep`: how to wait, in seconds."""

    def __init__(self, collections: Collections, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._collections = collections
        self._means = collections.means
        self._sleep = sleep

    async def run(self) -> None:
        """Work until cancelled."""
        settings = self._means.settings
        while True:
            try:
                wait_s = await self.tick()
            except ScizorError as error:
                _log.warning("schedule_held_up", error=error.message)
                wait_s = settings.schedule_retry_s
            except Exception as error:  # noqa: BLE001 - one that ends would leave every later session to nobody
                _log.error("schedule_fault", exc_info=error)
                wait_s = settings.schedule_retry_s
            await self._sleep(min(wait_s, settings.schedule_longest_sleep_s))

    async def tick(self) -> float:
        """Create what is due; seconds until the next session settles. Raises ScizorError."""
        async with self._means.storage.begin() as work:
            active = await work.symbols.all(SymbolFilter(active_only=True))
        waits_s = [self._means.settings.schedule_longest_sleep_s]
        for exchange in sorted({one.instrument.primary_exchange for one in active}):
            try:
                session, wait_s = await asyncio.to_thread(self._settled, exchange)
            except InvalidInput:
                continue  # an exchange without a calendar closes never
            waits_s.append(wait_s)
            if session is not None:
                await self._see_to(exchange, session)
        return min(waits_s)

    def _settled(self, exchange: str) -> tuple[date | None, float]:
        """The newest session that is settled, and in how many seconds the next one is."""
        now = self._means.clock.now()
        days, settle_ns = self._means.times.settle_ns(exchange, now.date() - LOOK_BACK, now.date() + LOOK_BACK)
        now_ns = to_ns(now)
        over = [day for day, at_ns in zip(days.tolist(), settle_ns, strict=True) if at_ns <= now_ns]
        next_ns = next((at_ns for at_ns in settle_ns if at_ns > now_ns), None)
        wait_s = (next_ns - now_ns) / SECOND_NS if next_ns else self._means.settings.schedule_longest_sleep_s
        return from_day(over[-1]) if over else None, wait_s

    async def _see_to(self, exchange: str, session: date) -> None:
        """Queue the collection unless that was done for this session before."""
        spec = CollectionSpec(CollectionKind.DAILY, primary_exchange=exchange, end=session)
        created: Collection | None = None
        request_id = f"{exchange}:{session}"
        async with self._means.storage.begin() as work:
            if await work.idempotency.begin(_METHOD, request_id, request_id.encode()) is None:
                created = await self._collections.create(work, spec)
                await work.idempotency.finish(_METHOD, request_id, created.id.encode())
        if created is not None:
            self._collections.announce(created)
            _log.info("daily_collection_queued", exchange=exchange, session=str(session), collection=created.id)
