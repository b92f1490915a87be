"""Every call of MarketData as a value, but for the imports: those are in `scizor.client.imports`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.client.calls import Call, Pages, Stream
from scizor.client.values import Bars, Session, adjustment_value, bars_of, session_text
from scizor.codec import packed
from scizor.codec.bars import column
from scizor.domain.bars import ActionType, Adjustment
from scizor.marketdata.v1 import corporate_action_pb2 as action_pb
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import quality_pb2, symbol_pb2

_LARGEST_SYMBOL_PAGE = 1_000
_LARGEST_BAR_PAGE = 10_000


def list_symbols(
    *, exchange: str = "", group: str = "", active_only: bool = False, limit: int | None = None
) -> Pages[pb.ListSymbolsResponse, list[symbol_pb2.Symbol]]:
    """The stored symbols by ticker, over all pages."""
    request = pb.ListSymbolsRequest(
        page_size=_page_size(limit, _LARGEST_SYMBOL_PAGE),
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
    symbol: symbol_pb2.Symbol, *, request_id: str = ""
) -> Call[pb.CreateSymbolResponse, symbol_pb2.Symbol]:
    """Store a symbol; returns it as stored."""
    request = pb.CreateSymbolRequest(symbol=symbol, request_id=request_id)
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
    """Store the built-in universe; yields how far it is. Safe to repeat."""

    def again(_request: pb.PopulateSymbolsRequest, _last: pb.PopulateSymbolsResponse) -> None:
        """A second run finds what the first stored."""

    request = pb.PopulateSymbolsRequest(force=force)
    return Stream(request, pb.PopulateSymbolsResponse, "progress", lambda progress: progress, resume=again)


def get_bars(
    symbol: str,
    start: Session = None,
    end: Session = None,
    *,
    adjustment: Adjustment = Adjustment.RAW,
    as_of: Session = None,
    limit: int | None = None,
) -> Pages[Any, Bars]:
    """One symbol's daily bars from `start` to `end`, both included, over all pages; `limit` keeps the oldest."""
    request = pb.GetBarsRequest(
        symbol=symbol,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        adjustment=adjustment_value(adjustment),
        as_of=session_text(as_of, "as_of"),
        page_size=_page_size(limit, _LARGEST_BAR_PAGE),
    )
    return Pages(
        request,
        packed.GetBarsResponse,
        count=lambda page: len(column(page.bars, "session_date", "<i4")),
        decode=lambda pages: Bars.joined([bars_of(page.bars) for page in pages])[:limit],
        limit=limit,
    )


def get_latest_bar(symbol: str) -> Call[Any, Bars]:
    """The newest bar of a symbol, as traded: columns of one row."""
    request = pb.GetLatestBarRequest(symbol=symbol)
    return Call(request, packed.GetLatestBarResponse, lambda answer: bars_of(answer.bar))


def stream_bars(
    symbols: Iterable[str],
    start: Session = None,
    end: Session = None,
    *,
    adjustment: Adjustment = Adjustment.RAW,
    as_of: Session = None,
    chunk_bars: int = 0,
) -> Stream[Any, Bars]:
    """Daily bars of many symbols in chunks, symbol after symbol; goes on by itself where a connection was lost."""
    request = pb.StreamBarsRequest(
        symbols=symbols,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        adjustment=adjustment_value(adjustment),
        as_of=session_text(as_of, "as_of"),
        chunk_bars=chunk_bars,
    )

    def go_on(request: pb.StreamBarsRequest, last: Any) -> None:
        request.after_cursor = last.cursor

    return Stream(request, packed.StreamBarsResponse, "bars", bars_of, resume=go_on)


def get_coverage(
    symbol: str, start: Session = None, end: Session = None
) -> Call[pb.GetCoverageResponse, pb.GetCoverageResponse]:
    """Which sessions of the exchange's calendar have a bar, and which have none."""
    request = pb.GetCoverageRequest(symbol=symbol, start=session_text(start, "start"), end=session_text(end, "end"))
    return Call(request, pb.GetCoverageResponse, lambda answer: answer)


def get_quality(
    *,
    symbol: str = "",
    import_id: str = "",
    rule: quality_pb2.QualityRule.ValueType = quality_pb2.QUALITY_RULE_UNSPECIFIED,
    limit: int | None = 100,
) -> Pages[pb.GetDataQualityResponse, pb.GetDataQualityResponse]:
    """How imports were judged, with up to `limit` of the rejected rows, newest import first."""
    request = pb.GetDataQualityRequest(
        symbol=symbol, import_id=import_id, rule=rule, page_size=_page_size(limit, _LARGEST_SYMBOL_PAGE)
    )

    def joined(pages: list[pb.GetDataQualityResponse]) -> pb.GetDataQualityResponse:
        first = pages[0]
        first.rows.extend(row for page in pages[1:] for row in page.rows)
        first.next_page_token = pages[-1].next_page_token
        return first

    return Pages(request, pb.GetDataQualityResponse, count=lambda page: len(page.rows), decode=joined, limit=limit)


def list_actions(symbol: str) -> Call[pb.ListCorporateActionsResponse, list[action_pb.CorporateAction]]:
    """A symbol's splits and dividends, oldest first."""
    request = pb.ListCorporateActionsRequest(symbol=symbol)
    return Call(request, pb.ListCorporateActionsResponse, lambda answer: list(answer.actions))


def record_action(
    symbol: str,
    type: ActionType,  # noqa: A002 - the contract's word
    ex_date: Session,
    value: Decimal | str,
    *,
    source: str,
    pay_date: Session = None,
    request_id: str = "",
) -> Call[pb.RecordCorporateActionResponse, action_pb.CorporateAction]:
    """Record a split (`value` shares after for each before) or a dividend (`value` a share); again changes nothing."""
    exact = DecimalMessage(value=str(value))
    action = action_pb.CorporateAction(
        type=action_pb.CorporateActionType.ValueType(type),
        ex_date=session_text(ex_date, "ex_date"),
        pay_date=session_text(pay_date, "pay_date"),
        source=source,
        ratio=exact if type is ActionType.SPLIT else None,
        amount=exact if type is ActionType.DIVIDEND else None,
    )
    request = pb.RecordCorporateActionRequest(symbol=symbol, action=action, request_id=request_id)
    return Call(request, pb.RecordCorporateActionResponse, lambda answer: answer.action)


def get_health() -> Call[pb.GetHealthResponse, pb.GetHealthResponse]:
    """Whether MarketData and its database answer."""
    return Call(pb.GetHealthRequest(), pb.GetHealthResponse, lambda answer: answer, deadline_s=5.0)


def _page_size(limit: int | None, largest: int) -> int:
    return largest if limit is None else min(limit, largest)
