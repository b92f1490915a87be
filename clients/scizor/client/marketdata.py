"""MarketData's calls about bars and what is known of them, each as a value.

Symbols, collections, live prices and imports have modules of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.client.calls import Call, Pages, Stream
from scizor.client.values import Bars, Session, adjustment_value, bars_of, interval_value, session_text
from scizor.codec import packed
from scizor.codec.bars import column
from scizor.domain.bars import ActionType, Adjustment
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import corporate_action_pb2 as action_pb
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import quality_pb2

_LARGEST_ROW_PAGE = 1_000
_LARGEST_BAR_PAGE = 10_000


def get_bars(
    symbol: str,
    start: Session = None,
    end: Session = None,
    *,
    interval: Interval = Interval.DAY_1,
    adjustment: Adjustment = Adjustment.RAW,
    as_of: Session = None,
    limit: int | None = None,
) -> Pages[Any, Bars]:
    """One symbol's bars from `start` to `end`, both included, over all pages; `limit` keeps the oldest."""
    request = pb.GetBarsRequest(
        symbol=symbol,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        interval=interval_value(interval),
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


def get_latest_bar(symbol: str, *, interval: Interval = Interval.DAY_1) -> Call[Any, Bars]:
    """The newest bar of a symbol, as traded: columns of one row."""
    request = pb.GetLatestBarRequest(symbol=symbol, interval=interval_value(interval))
    return Call(request, packed.GetLatestBarResponse, lambda answer: bars_of(answer.bar))


def stream_bars(
    symbols: Iterable[str],
    start: Session = None,
    end: Session = None,
    *,
    interval: Interval = Interval.DAY_1,
    adjustment: Adjustment = Adjustment.RAW,
    as_of: Session = None,
    chunk_bars: int = 0,
) -> Stream[Any, Bars]:
    """Bars of many symbols in chunks, symbol after symbol; goes on by itself where a connection was lost."""
    request = pb.StreamBarsRequest(
        symbols=symbols,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        interval=interval_value(interval),
        adjustment=adjustment_value(adjustment),
        as_of=session_text(as_of, "as_of"),
        chunk_bars=chunk_bars,
    )

    def go_on(request: pb.StreamBarsRequest, last: Any) -> None:
        request.after_cursor = last.cursor

    return Stream(request, packed.StreamBarsResponse, ("bars",), bars_of, resume=go_on)


def delete_bars(
    symbol: str,
    start: Session = None,
    end: Session = None,
    *,
    interval: Interval = Interval.DAY_1,
    request_id: str = "",
) -> Call[pb.DeleteBarsResponse, int]:
    """Remove a symbol's bars of one length from `start` to `end`, both included; returns how many there were."""
    request = pb.DeleteBarsRequest(
        symbol=symbol,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        interval=interval_value(interval),
        request_id=request_id,
    )
    return Call(request, pb.DeleteBarsResponse, lambda answer: answer.bars_deleted)


def get_coverage(
    symbol: str, start: Session = None, end: Session = None, *, interval: Interval = Interval.DAY_1
) -> Call[pb.GetCoverageResponse, pb.GetCoverageResponse]:
    """Which sessions of the exchange's calendar have a bar of this length, and what is known of the others."""
    request = pb.GetCoverageRequest(
        symbol=symbol,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        interval=interval_value(interval),
    )
    return Call(request, pb.GetCoverageResponse, lambda answer: answer)


def get_quality(
    *,
    symbol: str = "",
    import_id: str = "",
    rule: quality_pb2.QualityRule.ValueType = quality_pb2.QUALITY_RULE_UNSPECIFIED,
    limit: int | None = 100,
) -> Pages[pb.GetDataQualityResponse, pb.GetDataQualityResponse]:
    """How imports were judged, up to `limit` rejected rows, and what looks wrong in stored bars; newest first."""
    request = pb.GetDataQualityRequest(
        symbol=symbol, import_id=import_id, rule=rule, page_size=_page_size(limit, _LARGEST_ROW_PAGE)
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
    """Whether MarketData and its database answer, and how the connection to the broker stands."""
    return Call(pb.GetHealthRequest(), pb.GetHealthResponse, lambda answer: answer, deadline_s=5.0)


def _page_size(limit: int | None, largest: int) -> int:
    return largest if limit is None else min(limit, largest)
