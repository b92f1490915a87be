"""MarketData's calls about symbols, each as a value."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.field_mask_pb2 import FieldMask

from scizor.client.calls import Call, Pages, Stream
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import symbol_pb2

_LARGEST_PAGE = 1_000


def list_symbols(
    *, exchange: str = "", group: str = "", active_only: bool = False, limit: int | None = None
) -> Pages[pb.ListSymbolsResponse, list[symbol_pb2.Symbol]]:
    """The stored symbols by ticker, over all pages."""
    request = pb.ListSymbolsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        primary_exchange=exchange,
        group=group,
        active_only=active_only,
    )
    return Pages(
        request,
        pb.ListSymbolsResponse,
        count=lambda page: len(page.symbols),
        decode=lambda pages: [symbol for page in pages for symbol in page.symbols][:limit],
        limit=limit,
    )


def get_symbol(symbol: str) -> Call[pb.GetSymbolResponse, symbol_pb2.Symbol]:
    """One symbol."""
    return Call(pb.GetSymbolRequest(symbol=symbol), pb.GetSymbolResponse, lambda answer: answer.symbol)


def create_symbol(
    symbol: symbol_pb2.Symbol, *, skip_validation: bool = False, request_id: str = ""
) -> Call[pb.CreateSymbolResponse, symbol_pb2.Symbol]:
    """Store a symbol the broker knows, or with `skip_validation` without asking it; returns it as stored."""
    request = pb.CreateSymbolRequest(symbol=symbol, request_id=request_id, skip_validation=skip_validation)
    return Call(request, pb.CreateSymbolResponse, lambda answer: answer.symbol)


def update_symbol(
    symbol: symbol_pb2.Symbol, fields: Iterable[str], *, request_id: str = ""
) -> Call[pb.UpdateSymbolResponse, symbol_pb2.Symbol]:
    """Give the named fields of the symbol with this `id` these values; with an `etag`, only if it is current."""
    request = pb.UpdateSymbolRequest(symbol=symbol, update_mask=FieldMask(paths=fields), request_id=request_id)
    return Call(request, pb.UpdateSymbolResponse, lambda answer: answer.symbol)


def delete_symbol(
    symbol: str, *, force: bool = False, etag: str = "", request_id: str = ""
) -> Call[pb.DeleteSymbolResponse, int]:
    """Remove a symbol, with `force` also its bars; returns how many bars went with it."""
    request = pb.DeleteSymbolRequest(symbol=symbol, force=force, etag=etag, request_id=request_id)
    return Call(request, pb.DeleteSymbolResponse, lambda answer: answer.bars_deleted)


def populate_symbols(*, force: bool = False) -> Stream[pb.PopulateSymbolsResponse, pb.PopulateProgress]:
    """Store the built-in universe, with `force` without asking the broker; yields how far it is. Safe to repeat."""

    def again(_request: pb.PopulateSymbolsRequest, _last: pb.PopulateSymbolsResponse) -> None:
        """A second run finds what the first stored."""

    request = pb.PopulateSymbolsRequest(force=force)
    return Stream(request, pb.PopulateSymbolsResponse, ("progress",), lambda progress: progress, resume=again)


def validate_symbols(
    symbols: Iterable[str] = (), *, force_revalidate: bool = False, limit: int = 0
) -> Stream[pb.ValidateSymbolsResponse, pb.ValidateProgress]:
    """Ask the broker about stored symbols, all or these; yields how far it is and what was done with which.

    Those verified lately are left out unless `force_revalidate`; `limit` takes those longest not verified, 0 means all.
    What was told is stored: after a lost connection, call again.
    """
    request = pb.ValidateSymbolsRequest(symbols=symbols, force_revalidate=force_revalidate, limit=limit)
    return Stream(request, pb.ValidateSymbolsResponse, ("progress",), lambda progress: progress)
