"""Calls about bars and imports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from scizor.codec import packed, pages
from scizor.codec.bars import from_interval, to_columns
from scizor.codec.quality import from_summary, to_summary
from scizor.domain.bars import BarSeries
from scizor.domain.quality import ImportSummary
from scizor.domain.sessions import parse_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.ports.storage import UnitOfWork
from scizor.services.idempotent import once_for
from scizor.services.marketdata.bars import store
from scizor.services.marketdata.bars.streams import Place
from scizor.services.marketdata.calls.base import Calls, Context
from scizor.services.marketdata.calls.requests import (
    demand_daily,
    opened,
    pieces_of,
    scale_of,
    selection_of,
    sessions_of,
)
from scizor.services.marketdata.imports.app import Act

_CURSOR_FIELDS: Final = ("after_cursor", "chunk_bars")


class BarCalls(Calls):
    """Reading, removing and importing bars."""

    async def GetBars(self, request: pb.GetBarsRequest, context: Context) -> Any:
        """A page of bars, as the packed twin of GetBarsResponse."""
        token = pages.decode(request.page_token, request) if request.page_token else None
        after = int(token[0]) if token else None
        asked, size = selection_of(request, self._today()), pages.size(request.page_size, 1000, 10_000)
        async with self._storage.begin() as work:
            page = await store.page(work, request.symbol, asked, after, size)
        more = "" if page.next_after is None else pages.encode((page.next_after,), request)
        return packed.GetBarsResponse(bars=to_columns(page.series), next_page_token=more)

    async def GetLatestBar(self, request: pb.GetLatestBarRequest, context: Context) -> Any:
        """The newest bar, as the packed twin of GetLatestBarResponse."""
        async with self._storage.begin() as work:
            newest = await store.latest(work, request.symbol, from_interval(request.interval))
        return packed.GetLatestBarResponse(bar=to_columns(newest))

    def StreamBars(self, request: pb.StreamBarsRequest, context: Context) -> AsyncIterator[Any]:
        """Bars in chunks, as packed twins of StreamBarsResponse."""
        demand_daily(request.interval)

        def encoded(sequence: int, chunk: tuple[Place, BarSeries]) -> Any:
            (place, session), series = chunk
            cursor = pages.encode((place, session.isoformat()), request, _CURSOR_FIELDS)
            return packed.StreamBarsResponse(sequence=sequence, cursor=cursor, bars=to_columns(series))

        return self._beating(pb.StreamBarsResponse, self._chunks(request), encoded)

    async def DeleteBars(self, request: pb.DeleteBarsRequest, context: Context) -> pb.DeleteBarsResponse:
        """Remove bars of one length."""
        sessions, interval = sessions_of(request), from_interval(request.interval)

        async def act(work: UnitOfWork) -> pb.DeleteBarsResponse:
            return pb.DeleteBarsResponse(bars_deleted=await store.delete(work, request.symbol, sessions, interval))

        return await self._once(request, pb.DeleteBarsResponse, act)

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

    def _chunks(self, request: pb.StreamBarsRequest) -> AsyncGenerator[tuple[Place, BarSeries], None]:
        """The use case's chunks, from the cursor on."""
        token = pages.decode(request.after_cursor, request, _CURSOR_FIELDS) if request.after_cursor else None
        session = parse_session("after_cursor", str(token[1])) if token else None
        after = (int(token[0]), session) if token and session else None
        asked = list(request.symbols) or [request.symbol]
        chunk_bars = pages.size(request.chunk_bars, 5_000, 10_000)
        scale = scale_of(request, self._today())
        return self._do.bar_streams.stream(asked, sessions_of(request), scale, after, chunk_bars)
