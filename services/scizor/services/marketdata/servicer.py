"""The wire's side of MarketData: decode, call, encode. The rules of every request were checked before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message

from scizor.codec import actions as action_codec
from scizor.codec import packed, pages
from scizor.codec.bars import to_columns
from scizor.codec.quality import from_summary, to_summary
from scizor.codec.symbols import changed, to_new_instrument, to_symbol
from scizor.codec.times import to_timestamp
from scizor.domain.bars import BarSeries
from scizor.domain.quality import ImportSummary, Rule
from scizor.domain.sessions import parse_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceServicer
from scizor.ports.clock import Clock
from scizor.ports.imports import RejectionFilter
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.symbols import SymbolFilter
from scizor.rpc.errors import to_status
from scizor.services.idempotent import once, once_for
from scizor.services.marketdata import actions, bars, health, quality, symbols
from scizor.services.marketdata.answers import coverage_answer, findings_answer, progress_of
from scizor.services.marketdata.coverage import CoverageReport
from scizor.services.marketdata.imports import Act, Imports
from scizor.services.marketdata.requests import (
    demand_good_change,
    opened,
    pieces_of,
    scale_of,
    sessions_of,
)
from scizor.type.v1 import stream_pb2

Context = grpc.aio.ServicerContext[Any, Any]
_Answer = TypeVar("_Answer", bound=Message)

SERVICE: Final = str(pb.DESCRIPTOR.services_by_name["MarketDataService"].full_name)
_CURSOR_FIELDS: Final = ("after_cursor", "chunk_bars")


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the servicer calls."""

    storage: Storage
    imports: Imports
    coverage: CoverageReport
    bar_streams: bars.BarStreams
    clock: Clock
    version: str


class MarketDataServicer(MarketDataServiceServicer):
    """One method a call."""

    def __init__(self, use_cases: UseCases) -> None:
        self._do = use_cases
        self._storage = use_cases.storage

    async def ListSymbols(self, request: pb.ListSymbolsRequest, context: Context) -> pb.ListSymbolsResponse:
        """A page of symbols."""
        which = SymbolFilter(request.primary_exchange, request.group, request.active_only)
        after = pages.decode(request.page_token, request) if request.page_token else None
        cursor = (str(after[0]), str(after[1]), str(after[2])) if after else None
        async with self._storage.begin() as work:
            page = await symbols.list_page(work, which, cursor, pages.size(request.page_size, 100, 1000))
        token = pages.encode(page.next_cursor, request) if page.next_cursor else ""
        return pb.ListSymbolsResponse(
            symbols=map(to_symbol, page.symbols), next_page_token=token, total_size=page.total
        )

    async def GetSymbol(self, request: pb.GetSymbolRequest, context: Context) -> pb.GetSymbolResponse:
        """One symbol."""
        async with self._storage.begin() as work:
            return pb.GetSymbolResponse(symbol=to_symbol(await work.symbols.get(request.symbol)))

    async def CreateSymbol(self, request: pb.CreateSymbolRequest, context: Context) -> pb.CreateSymbolResponse:
        """Store a symbol."""
        instrument = to_new_instrument(request.symbol)

        async def act(work: UnitOfWork) -> pb.CreateSymbolResponse:
            return pb.CreateSymbolResponse(symbol=to_symbol(await work.symbols.add(instrument)))

        return await self._once(request, pb.CreateSymbolResponse, act)

    async def UpdateSymbol(self, request: pb.UpdateSymbolRequest, context: Context) -> pb.UpdateSymbolResponse:
        """Change the masked fields of a symbol."""
        demand_good_change(request)
        message, mask = request.symbol, request.update_mask

        async def act(work: UnitOfWork) -> pb.UpdateSymbolResponse:
            stored = await symbols.update(work, message.id, lambda old: changed(old, message, mask), message.etag)
            return pb.UpdateSymbolResponse(symbol=to_symbol(stored))

        return await self._once(request, pb.UpdateSymbolResponse, act)

    async def DeleteSymbol(self, request: pb.DeleteSymbolRequest, context: Context) -> pb.DeleteSymbolResponse:
        """Remove a symbol with all it owns."""

        async def act(work: UnitOfWork) -> pb.DeleteSymbolResponse:
            deleted = await symbols.delete(work, request.symbol, request.etag, force=request.force)
            return pb.DeleteSymbolResponse(bars_deleted=deleted)

        return await self._once(request, pb.DeleteSymbolResponse, act)

    async def PopulateSymbols(
        self, request: pb.PopulateSymbolsRequest, context: Context
    ) -> AsyncIterator[pb.PopulateSymbolsResponse]:
        """Store the universe. Being safe to repeat, it needs no memory of request ids."""
        sequence = 0
        try:
            async with aclosing(symbols.populate(self._storage)) as steps:
                async for step in steps:
                    sequence += 1
                    yield pb.PopulateSymbolsResponse(sequence=sequence, progress=progress_of(step))
        except Exception as error:
            if sequence:
                yield pb.PopulateSymbolsResponse(sequence=sequence + 1, status=to_status(error))
            raise
        yield pb.PopulateSymbolsResponse(sequence=sequence + 1, end=stream_pb2.StreamEnd(message_count=sequence))

    async def GetBars(self, request: pb.GetBarsRequest, context: Context) -> Any:
        """A page of bars, as the packed twin of GetBarsResponse."""
        token = pages.decode(request.page_token, request) if request.page_token else None
        after = parse_session("page_token", str(token[0])) if token else None
        sessions, scale = sessions_of(request), scale_of(request, self._today())
        async with self._storage.begin() as work:
            size = pages.size(request.page_size, 1000, 10_000)
            page = await bars.page(work, request.symbol, sessions, scale, after, size)
        more = pages.encode((page.next_after.isoformat(),), request) if page.next_after else ""
        return packed.GetBarsResponse(bars=to_columns(page.series), next_page_token=more)

    async def GetLatestBar(self, request: pb.GetLatestBarRequest, context: Context) -> Any:
        """The newest bar, as the packed twin of GetLatestBarResponse."""
        async with self._storage.begin() as work:
            return packed.GetLatestBarResponse(bar=to_columns(await bars.latest(work, request.symbol)))

    async def StreamBars(self, request: pb.StreamBarsRequest, context: Context) -> AsyncIterator[Any]:
        """Bars in chunks, as packed twins of StreamBarsResponse. A failure on the way is told in band too."""
        sequence = 0
        try:
            async with aclosing(self._chunks(request)) as chunks:
                async for (place, session), series in chunks:
                    sequence += 1
                    cursor = pages.encode((place, session.isoformat()), request, _CURSOR_FIELDS)
                    yield packed.StreamBarsResponse(sequence=sequence, cursor=cursor, bars=to_columns(series))
        except Exception as error:
            if sequence:
                yield pb.StreamBarsResponse(sequence=sequence + 1, status=to_status(error))
            raise
        yield pb.StreamBarsResponse(sequence=sequence + 1, end=stream_pb2.StreamEnd(message_count=sequence))

    async def ImportBars(
        self, request_iterator: AsyncIterator[pb.ImportBarsRequest], context: Context
    ) -> pb.ImportBarsResponse:
        """Judge and store rows."""
        order = await opened(request_iterator)

        async def once_per_id(work: UnitOfWork, digest: bytes, act: Act) -> ImportSummary:
            async def answer() -> pb.ImportBarsResponse:
                return pb.ImportBarsResponse(summary=to_summary(await act()))

            given = await once_for(work, pb.ImportBarsRequest, order.request_id, digest, pb.ImportBarsResponse, answer)
            return from_summary(given.summary)

        summary = await self._do.imports.run(order, pieces_of(order, request_iterator), once_per_id)
        return pb.ImportBarsResponse(summary=to_summary(summary))

    async def GetCoverage(self, request: pb.GetCoverageRequest, context: Context) -> pb.GetCoverageResponse:
        """What is there and what is missing."""
        async with self._storage.begin() as work:
            found = await self._do.coverage.of(work, request.symbol, sessions_of(request))
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

    async def GetHealth(self, request: pb.GetHealthRequest, context: Context) -> pb.GetHealthResponse:
        """Whether the service and its database answer."""
        found = await health.check(self._storage)
        return pb.GetHealthResponse(
            serving=found.storage_ok,
            version=self._do.version,
            storage_ok=found.storage_ok,
            time=to_timestamp(self._do.clock.now()),
            symbols=found.symbols,
        )

    def _chunks(self, request: pb.StreamBarsRequest) -> AsyncGenerator[tuple[bars.Place, BarSeries], None]:
        """The use case's chunks, from the cursor on."""
        token = pages.decode(request.after_cursor, request, _CURSOR_FIELDS) if request.after_cursor else None
        session = parse_session("after_cursor", str(token[1])) if token else None
        after = (int(token[0]), session) if token and session else None
        asked = list(request.symbols) or [request.symbol]
        chunk_bars = pages.size(request.chunk_bars, 5_000, 10_000)
        scale = scale_of(request, self._today())
        return self._do.bar_streams.stream(asked, sessions_of(request), scale, after, chunk_bars)

    def _today(self) -> date:
        return self._do.clock.now().date()

    async def _once(
        self, request: Message, answer_type: type[_Answer], act: Callable[[UnitOfWork], Awaitable[_Answer]]
    ) -> _Answer:
        async with self._storage.begin() as work:
            return await once(work, request, answer_type, lambda: act(work))
