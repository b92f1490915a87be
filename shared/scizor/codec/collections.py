"""Collections between value and message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from google.rpc.status_pb2 import Status

from scizor.codec.bars import from_interval
from scizor.codec.times import to_session, to_timestamp
from scizor.domain.collections import (
    Chunk,
    ChunkState,
    Collection,
    CollectionKind,
    CollectionProgress,
    CollectionSpec,
    CollectionState,
)
from scizor.domain.sessions import SessionRange, parse_session
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.type.v1 import bars_pb2, stream_pb2

_ANY_SYMBOL = "-"

Response = TypeVar("Response", pb.CollectDailyResponse, pb.CollectSymbolResponse, pb.CollectHistoryResponse)


def daily_spec(request: pb.CollectDailyRequest) -> CollectionSpec:
    """What is asked. Raises InvalidInput(DATE_RANGE_INVALID)."""
    end = parse_session("date", request.date)
    return CollectionSpec(CollectionKind.DAILY, primary_exchange=request.primary_exchange, end=end)


def symbol_spec(request: pb.CollectSymbolRequest) -> CollectionSpec:
    """What is asked, the symbol as the caller wrote it."""
    return CollectionSpec(CollectionKind.SYMBOL, from_interval(request.interval), (request.symbol,))


def history_spec(request: pb.CollectHistoryRequest) -> CollectionSpec:
    """What is asked, the symbols as the caller wrote them. Raises InvalidInput(DATE_RANGE_INVALID)."""
    dates = SessionRange(parse_session("start", request.start), parse_session("end", request.end))
    one = (request.symbol,) if request.symbol not in ("", _ANY_SYMBOL) else ()
    symbols = one or tuple(request.symbols)
    return CollectionSpec(
        CollectionKind.HISTORY,
        from_interval(request.interval),
        symbols,
        start=dates.start,
        end=dates.end,
        refresh=request.refresh,
    )


def to_collection(collection: Collection, error: Status | None) -> pb.Collection:
    """A collection as it stands; `error`: its own, as a status."""
    spec = collection.spec
    return pb.Collection(
        id=collection.id,
        kind=pb.CollectionKind.ValueType(spec.kind),
        interval=bars_pb2.BarInterval.ValueType(spec.interval),
        symbols=spec.symbols,
        primary_exchange=spec.primary_exchange,
        start=to_session(spec.start),
        end=to_session(spec.end),
        progress=to_progress(collection.progress),
        error=error,
        create_time=to_timestamp(collection.create_time),
        start_time=to_timestamp(collection.start_time) if collection.start_time else None,
        end_time=to_timestamp(collection.end_time) if collection.end_time else None,
    )


def to_progress(progress: CollectionProgress) -> pb.CollectionProgress:
    """How far a collection is."""
    return pb.CollectionProgress(
        state=pb.CollectionState.ValueType(progress.state),
        symbols_total=progress.symbols_total,
        symbols_done=progress.symbols_done,
        symbols_complete=progress.symbols_complete,
        chunks_total=progress.chunks_total,
        chunks_done=progress.chunks_done,
        chunks_failed=progress.chunks_failed,
        requests=progress.requests,
        bars_received=progress.bars_received,
        new_bars=progress.new_bars,
        bars_updated=progress.bars_updated,
        bars_rejected=progress.bars_rejected,
        symbol=progress.symbol,
        remaining_seconds=progress.remaining_s,
    )


def to_chunks(chunks: Iterable[Chunk]) -> list[pb.CollectionChunk]:
    """A page of the ledger."""
    return [_chunk(chunk) for chunk in chunks]


def moved_message(kind: type[Response], sequence: int, collection: pb.Collection) -> Response:
    """A watcher's news."""
    return kind(sequence=sequence, collection=collection)


def heartbeat_message(kind: type[Response], sequence: int, time: datetime) -> Response:
    """A sign of life; `sequence` is the last progress's."""
    return kind(sequence=sequence, heartbeat=stream_pb2.Heartbeat(time=to_timestamp(time)))


def end_message(kind: type[Response], sequence: int, message_count: int) -> Response:
    """The last message of a stream that told a collection `message_count` times."""
    return kind(sequence=sequence, end=stream_pb2.StreamEnd(message_count=message_count))


def collection_state(state: pb.CollectionState.ValueType) -> CollectionState | None:
    """The state, or None for any."""
    return CollectionState(state) if state else None


def chunk_state(state: pb.ChunkState.ValueType) -> ChunkState | None:
    """The state, or None for any."""
    return ChunkState(state) if state else None


def _chunk(chunk: Chunk) -> pb.CollectionChunk:
    failure = chunk.failure
    return pb.CollectionChunk(
        number=chunk.number,
        symbol=chunk.symbol,
        start=to_session(chunk.first),
        end=to_session(chunk.last),
        sessions=chunk.sessions,
        state=pb.ChunkState.ValueType(chunk.state),
        attempts=chunk.attempts,
        error_code=failure.code if failure else 0,
        error_category=pb.FailureCategory.ValueType(failure.category) if failure else pb.FAILURE_CATEGORY_UNSPECIFIED,
        error_message=failure.message if failure else "",
        next_try=to_timestamp(chunk.next_try) if chunk.next_try else None,
        bars_received=chunk.bars_received,
        new_bars=chunk.new_bars,
        end_time=to_timestamp(chunk.end_time) if chunk.end_time else None,
    )
