"""MarketData's calls about collections, each as a value.

A stream that begins a collection carries a request id, the caller's or one made here: where its connection is lost, the
same request follows the same collection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import uuid4

from google.protobuf.message import Message

from scizor.client.calls import WATCH_DEADLINE_S, Call, Pages, Stream
from scizor.client.values import Session, interval_value, session_text
from scizor.domain.collections import ChunkState, CollectionState
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import collection_pb2 as pb

R = TypeVar("R", bound=Message)
_LARGEST_PAGE = 1_000
_LARGEST_CHUNK_PAGE = 10_000


def collect_daily(
    *, date: Session = None, exchange: str = "", dry_run: bool = False, request_id: str = ""
) -> Stream[pb.CollectDailyResponse, pb.Collection]:
    """Bring every active symbol up to `date`, or to its newest settled session; yields the collection as it goes."""
    request = pb.CollectDailyRequest(
        date=session_text(date, "date"),
        primary_exchange=exchange,
        dry_run=dry_run,
        request_id=request_id or str(uuid4()),
    )
    return _followed(request, pb.CollectDailyResponse)


def collect_symbol(
    symbol: str, *, interval: Interval = Interval.DAY_1, dry_run: bool = False, request_id: str = ""
) -> Stream[pb.CollectSymbolResponse, pb.Collection]:
    """Bring one symbol up to date, with a partial bar of a session under way; yields the collection as it goes."""
    request = pb.CollectSymbolRequest(
        symbol=symbol, interval=interval_value(interval), dry_run=dry_run, request_id=request_id or str(uuid4())
    )
    return _followed(request, pb.CollectSymbolResponse)


def collect_history(
    symbols: Iterable[str] = (),
    start: Session = None,
    end: Session = None,
    *,
    interval: Interval = Interval.DAY_1,
    refresh: bool = False,
    dry_run: bool = False,
    request_id: str = "",
) -> Stream[pb.CollectHistoryResponse, pb.Collection]:
    """Collect what is lacking from `start` to `end`, both included, by default three years; yields the collection.

    No symbols means all active ones. `refresh` asks also for what is stored; what differs is kept as revisions.
    """
    request = pb.CollectHistoryRequest(
        symbols=symbols,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        interval=interval_value(interval),
        refresh=refresh,
        dry_run=dry_run,
        request_id=request_id or str(uuid4()),
    )
    return _followed(request, pb.CollectHistoryResponse)


def list_collections(
    *, state: CollectionState | None = None, limit: int | None = None
) -> Pages[pb.ListCollectionsResponse, list[pb.Collection]]:
    """Collections, newest first, over all pages."""
    request = pb.ListCollectionsRequest(
        state=pb.CollectionState.ValueType(state or 0),
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
    )
    return Pages(
        request,
        pb.ListCollectionsResponse,
        count=lambda page: len(page.collections),
        decode=lambda pages: [collection for page in pages for collection in page.collections][:limit],
        limit=limit,
    )


def get_collection(
    collection_id: str, *, chunk_state: ChunkState | None = None, limit: int | None = None
) -> Pages[pb.GetCollectionResponse, pb.GetCollectionResponse]:
    """A collection as it stands, with its ledger by number over all pages, or up to `limit` chunks of it."""
    request = pb.GetCollectionRequest(
        id=collection_id,
        chunk_state=pb.ChunkState.ValueType(chunk_state or 0),
        page_size=_LARGEST_CHUNK_PAGE if limit is None else min(limit, _LARGEST_CHUNK_PAGE),
    )

    def joined(pages: list[pb.GetCollectionResponse]) -> pb.GetCollectionResponse:
        chunks = [chunk for page in pages for chunk in page.chunks][:limit]
        last = pages[-1]
        return pb.GetCollectionResponse(collection=last.collection, chunks=chunks, next_page_token=last.next_page_token)

    return Pages(request, pb.GetCollectionResponse, count=lambda page: len(page.chunks), decode=joined, limit=limit)


def cancel_collection(collection_id: str, *, request_id: str = "") -> Call[pb.CancelCollectionResponse, pb.Collection]:
    """End a collection; what it has stored stays. Returns it as it ended."""
    request = pb.CancelCollectionRequest(id=collection_id, request_id=request_id)
    return Call(request, pb.CancelCollectionResponse, lambda answer: answer.collection)


def _followed(request: Message, response: type[R]) -> Stream[R, pb.Collection]:
    def again(_request: Any, _last: R) -> None:
        """The request id says which collection it is."""

    return Stream(request, response, ("collection",), lambda one: one, resume=again, deadline_s=WATCH_DEADLINE_S)
