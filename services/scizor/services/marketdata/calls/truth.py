"""Calls about what is there, what is missing and what happened to it."""

from __future__ import annotations

from scizor.codec import actions as action_codec
from scizor.codec import pages
from scizor.codec.bars import from_interval
from scizor.codec.broker import to_broker_health
from scizor.codec.times import to_timestamp
from scizor.domain.quality import Rule
from scizor.domain.sessions import parse_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.ports.imports import RejectionFilter
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.calls.answers import coverage_answer, findings_answer, hours_answer
from scizor.services.marketdata.calls.base import Calls, Context
from scizor.services.marketdata.calls.requests import sessions_of
from scizor.services.marketdata.truth import actions, health, market_hours, quality


class TruthCalls(Calls):
    """Coverage, quality, corporate actions, market hours, health."""

    async def GetCoverage(self, request: pb.GetCoverageRequest, context: Context) -> pb.GetCoverageResponse:
        """What is there and what is missing."""
        async with self._storage.begin() as work:
            interval = from_interval(request.interval)
            found = await self._do.coverage.of(work, request.symbol, sessions_of(request), interval)
        return coverage_answer(found)

    async def GetDataQuality(self, request: pb.GetDataQualityRequest, context: Context) -> pb.GetDataQualityResponse:
        """How imports were judged."""
        which = RejectionFilter(request.symbol, request.import_id, Rule(request.rule))
        token = pages.decode(request.page_token, request) if request.page_token else None
        after = (str(token[0]), int(token[1])) if token else None
        async with self._storage.begin() as work:
            found = await quality.findings(work, which, after, pages.size(request.page_size, 100, 1000))
        return findings_answer(found, pages.encode(found.next_cursor, request) if found.next_cursor else "")

    async def ListCorporateActions(
        self, request: pb.ListCorporateActionsRequest, context: Context
    ) -> pb.ListCorporateActionsResponse:
        """A symbol's splits and dividends."""
        async with self._storage.begin() as work:
            found = await actions.of_symbol(work, request.symbol)
        messages = [action_codec.to_message(found.symbol, action) for action in found.actions]
        return pb.ListCorporateActionsResponse(actions=messages)

    async def RecordCorporateAction(
        self, request: pb.RecordCorporateActionRequest, context: Context
    ) -> pb.RecordCorporateActionResponse:
        """Record a split or dividend."""
        action = action_codec.from_message(request.action)

        async def act(work: UnitOfWork) -> pb.RecordCorporateActionResponse:
            stored = await actions.record(work, request.symbol, action)
            message = action_codec.to_message(stored.symbol, stored.actions[0])
            return pb.RecordCorporateActionResponse(action=message)

        return await self._once(request, pb.RecordCorporateActionResponse, act)

    async def GetMarketHours(self, request: pb.GetMarketHoursRequest, context: Context) -> pb.GetMarketHoursResponse:
        """An exchange's sessions around a date."""
        day = parse_session("date", request.date)
        return hours_answer(await market_hours.around(self._do.calendar, self._do.clock, request.exchange, day))

    async def GetHealth(self, request: pb.GetHealthRequest, context: Context) -> pb.GetHealthResponse:
        """Whether the service and its database answer, and how the broker's connection stands."""
        found = await health.check(self._storage, self._do.broker)
        return pb.GetHealthResponse(
            serving=found.storage_ok,
            version=self._do.version,
            storage_ok=found.storage_ok,
            time=to_timestamp(self._do.clock.now()),
            symbols=found.symbols,
            broker=to_broker_health(found.broker),
        )
