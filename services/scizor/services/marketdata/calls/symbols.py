"""Calls about symbols."""

from __future__ import annotations

from collections.abc import AsyncIterator

from scizor.codec import pages
from scizor.codec.symbols import changed, to_new_instrument, to_symbol
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.ports.storage import UnitOfWork
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata.calls.answers import populated, validated
from scizor.services.marketdata.calls.base import Calls, Context
from scizor.services.marketdata.calls.requests import demand_good_change
from scizor.services.marketdata.symbols import catalog
from scizor.services.marketdata.symbols.validating import ValidationOrder


class SymbolCalls(Calls):
    """What is collected."""

    async def ListSymbols(self, request: pb.ListSymbolsRequest, context: Context) -> pb.ListSymbolsResponse:
        """A page of symbols."""
        which = SymbolFilter(request.primary_exchange, request.group, request.active_only)
        after = pages.decode(request.page_token, request) if request.page_token else None
        cursor = (str(after[0]), str(after[1]), str(after[2])) if after else None
        async with self._storage.begin() as work:
            page = await catalog.list_page(work, which, cursor, pages.size(request.page_size, 100, 1000))
        token = pages.encode(page.next_cursor, request) if page.next_cursor else ""
        return pb.ListSymbolsResponse(
            symbols=map(to_symbol, page.symbols), next_page_token=token, total_size=page.total
        )

    async def GetSymbol(self, request: pb.GetSymbolRequest, context: Context) -> pb.GetSymbolResponse:
        """One symbol."""
        async with self._storage.begin() as work:
            return pb.GetSymbolResponse(symbol=to_symbol(await work.symbols.get(request.symbol)))

    async def CreateSymbol(self, request: pb.CreateSymbolRequest, context: Context) -> pb.CreateSymbolResponse:
        """Store a symbol the broker knows, or one it is not asked about."""
        instrument, verification = to_new_instrument(request.symbol), self._do.verification
        answer = None if request.skip_validation else await verification.ask(instrument)

        async def act(work: UnitOfWork) -> pb.CreateSymbolResponse:
            stored = await (verification.store(work, answer) if answer else work.symbols.add(instrument))
            return pb.CreateSymbolResponse(symbol=to_symbol(stored))

        return await self._once(request, pb.CreateSymbolResponse, act)

    async def UpdateSymbol(self, request: pb.UpdateSymbolRequest, context: Context) -> pb.UpdateSymbolResponse:
        """Change the masked fields of a symbol."""
        demand_good_change(request)
        message, mask = request.symbol, request.update_mask

        async def act(work: UnitOfWork) -> pb.UpdateSymbolResponse:
            stored = await catalog.update(work, message.id, lambda old: changed(old, message, mask), message.etag)
            return pb.UpdateSymbolResponse(symbol=to_symbol(stored))

        return await self._once(request, pb.UpdateSymbolResponse, act)

    async def DeleteSymbol(self, request: pb.DeleteSymbolRequest, context: Context) -> pb.DeleteSymbolResponse:
        """Remove a symbol with all it owns."""

        async def act(work: UnitOfWork) -> pb.DeleteSymbolResponse:
            deleted = await catalog.delete(work, request.symbol, request.etag, force=request.force)
            return pb.DeleteSymbolResponse(bars_deleted=deleted)

        return await self._once(request, pb.DeleteSymbolResponse, act)

    def PopulateSymbols(
        self, request: pb.PopulateSymbolsRequest, context: Context
    ) -> AsyncIterator[pb.PopulateSymbolsResponse]:
        """Store the universe. Being safe to repeat, it needs no memory of request ids."""
        steps = self._do.verification.populate(unchecked=request.force)
        return self._beating(pb.PopulateSymbolsResponse, steps, populated)

    def ValidateSymbols(
        self, request: pb.ValidateSymbolsRequest, context: Context
    ) -> AsyncIterator[pb.ValidateSymbolsResponse]:
        """Ask the broker about stored symbols."""
        order = ValidationOrder(request.symbols, request.limit, request.force_revalidate)
        return self._beating(pb.ValidateSymbolsResponse, self._do.verification.validate(order), validated)
