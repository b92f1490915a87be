"""Collections and their ledgers, as tables for people and as one flat object for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table

from scizor.client.cli.parse import length_word
from scizor.client.cli.tables import counted, facts, instant, minute, span, table, word
from scizor.client.errors import CallError
from scizor.marketdata.v1 import collection_pb2 as pb

_FEW_SYMBOLS = 5
_COUNTS = (
    "symbols_total",
    "symbols_done",
    "symbols_complete",
    "chunks_done",
    "chunks_failed",
    "requests",
    "bars_received",
    "new_bars",
    "bars_updated",
    "bars_rejected",
)
_ASKED = ("id", "primary_exchange", "start", "end")
_CHUNK_FIELDS = ("number", "symbol", "start", "end", "sessions", "attempts", "error_code", "error_message")


def collection_document(collection: pb.Collection) -> dict[str, Any]:
    """A collection for machines: counts as numbers, enums as words, nothing nested but its error."""
    progress = collection.progress
    failed = CallError.of_status(collection.error) if collection.HasField("error") else None
    known = progress.HasField("remaining_seconds")
    return {
        **{name: getattr(collection, name) for name in _ASKED},
        "kind": word(pb.CollectionKind, collection.kind),
        "state": word(pb.CollectionState, progress.state),
        "interval": length_word(collection.interval),
        "symbols": list(collection.symbols),
        "symbol": progress.symbol,
        "chunks": progress.chunks_total,
        **{name: getattr(progress, name) for name in _COUNTS},
        "remaining_seconds": progress.remaining_seconds if known else None,
        "created": _for_machines(collection.create_time),
        "started": _for_machines(collection.start_time),
        "ended": _for_machines(collection.end_time),
        "error": {"reason": failed.reason, "message": failed.message} if failed else None,
    }


def chunk_document(chunk: pb.CollectionChunk) -> dict[str, Any]:
    """A chunk for machines."""
    return {
        **{name: getattr(chunk, name) for name in _CHUNK_FIELDS},
        "state": word(pb.ChunkState, chunk.state),
        "error_category": word(pb.FailureCategory, chunk.error_category),
        "next_try": _for_machines(chunk.next_try),
        "bars_received": chunk.bars_received,
        "new_bars": chunk.new_bars,
        "ended": _for_machines(chunk.end_time),
    }


def collections_table(collections: Sequence[pb.Collection]) -> Table:
    """Collections, one a line."""
    return table(
        counted(len(collections), "collection"),
        ("id", "what", "state", "~symbols", ">chunks", ">new bars", "asked for, UTC"),
        (
            (
                one.id,
                f"{word(pb.CollectionKind, one.kind)} {length_word(one.interval)}",
                word(pb.CollectionState, one.progress.state),
                _first_of(one),
                f"{one.progress.chunks_done + one.progress.chunks_failed:,}/{one.progress.chunks_total:,}",
                f"{one.progress.new_bars:,}",
                minute(one.create_time),
            )
            for one in collections
        ),
    )


def collection_facts(collection: pb.Collection) -> Table:
    """All that is to be told of one collection."""
    progress = collection.progress
    left = span(progress.remaining_seconds) if progress.HasField("remaining_seconds") else ""
    given_up = f", {progress.chunks_failed:,} given up" if progress.chunks_failed else ""
    return facts(
        f"{word(pb.CollectionKind, collection.kind)} collection",
        [
            ("id", collection.id),
            ("state", word(pb.CollectionState, progress.state)),
            ("because", CallError.of_status(collection.error).message if collection.HasField("error") else ""),
            ("asked for", f"{length_word(collection.interval)} bars of {asked_for(collection)}"),
            ("sessions", _sessions(collection)),
            ("symbols", f"{progress.symbols_total:,}: {progress.symbols_complete:,} lacked nothing"),
            ("chunks", f"{progress.chunks_done:,} of {progress.chunks_total:,} answered{given_up}"),
            ("requests", f"{progress.requests:,}"),
            ("new bars", f"{progress.new_bars:,} of {progress.bars_received:,} received"),
            ("changed", f"{progress.bars_updated:,}" if progress.bars_updated else ""),
            ("kept aside", f"{progress.bars_rejected:,}, see `scizor quality`" if progress.bars_rejected else ""),
            ("time", _took(collection)),
            ("left", left),
        ],
    )


def planned_line(collection: pb.Collection) -> str:
    """What a dry run found."""
    progress = collection.progress
    lacking = progress.symbols_total - progress.symbols_complete
    if not progress.chunks_total:
        return f"nothing to ask for: none of {progress.symbols_total:,} symbols lacks anything"
    return (
        f"would ask for {counted(progress.chunks_total, 'chunk')} of history of {counted(lacking, 'symbol')}; "
        f"{progress.symbols_complete:,} lack nothing; nothing was asked"
    )


def ledger_table(chunks: Iterable[pb.CollectionChunk]) -> Table:
    """Chunks, one a line."""
    return table(
        "Ledger",
        (">chunk", "symbol", "from", "to", ">sessions", "state", ">tries", ">new bars", "~last failure", "next try"),
        (
            (
                str(one.number),
                one.symbol,
                one.start,
                one.end,
                f"{one.sessions:,}",
                word(pb.ChunkState, one.state),
                str(one.attempts),
                f"{one.new_bars:,}",
                _failure(one),
                instant(one.next_try),
            )
            for one in chunks
        ),
    )


def asked_for(collection: pb.Collection) -> str:
    """Whose bars: the symbols, by number where they are many, or all, or all of an exchange."""
    named = collection.symbols
    if len(named) > _FEW_SYMBOLS:
        return f"{', '.join(named[:_FEW_SYMBOLS])} and {len(named) - _FEW_SYMBOLS:,} more"
    of_exchange = f" of {collection.primary_exchange}" if collection.primary_exchange else ""
    return ", ".join(named) or f"all active{of_exchange}"


def _first_of(collection: pb.Collection) -> str:
    """Whose bars, in the room of a column."""
    first, *more = collection.symbols or [asked_for(collection)]
    return f"{first} +{len(more):,}" if more else first


def _for_machines(stamp: Timestamp) -> str | None:
    return stamp.ToJsonString() if stamp.seconds else None


def _sessions(collection: pb.Collection) -> str:
    if not collection.start and not collection.end:
        return ""
    return f"{collection.start or 'what is lacking'} to {collection.end or 'the newest'}"


def _took(collection: pb.Collection) -> str:
    if not collection.start_time.seconds:
        return ""
    begun = f"begun {instant(collection.start_time)}"
    if not collection.end_time.seconds:
        return begun
    took = collection.end_time.ToNanoseconds() - collection.start_time.ToNanoseconds()
    return f"{begun}, took {took / 1e9:.1f} s" if took < 60e9 else f"{begun}, took {span(took / 1e9)}"


def _failure(chunk: pb.CollectionChunk) -> str:
    code = str(chunk.error_code) if chunk.error_code else ""
    return " ".join(filter(None, [code, word(pb.FailureCategory, chunk.error_category), chunk.error_message]))
