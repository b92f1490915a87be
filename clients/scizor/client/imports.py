"""Sending bars: a file in pieces, or rows as columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from google.protobuf.message import Message

from scizor.client.calls import Upload
from scizor.client.values import Rows
from scizor.codec import packed
from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1.quality_pb2 import ImportSummary

Progress = Callable[[int], None]
"""Told, after each message, how much has been handed over so far: bytes of a file, or rows."""

_PIECE_BYTES = 1024 * 1024
_PIECE_ROWS = 20_000
_FORMATS = {
    ".csv": pb.FILE_FORMAT_CSV,
    ".parquet": pb.FILE_FORMAT_PARQUET,
    ".pq": pb.FILE_FORMAT_PARQUET,
}


def import_file(
    path: Path | str,
    *,
    symbol: str = "",
    source: str = "",
    file_format: str = "",
    max_rejected_fraction: float | None = None,
    request_id: str = "",
    progress: Progress | None = None,
) -> Upload[pb.ImportBarsResponse, ImportSummary]:
    """Import a CSV or Parquet file; returns its verdict.

    What is left out: `symbol` when the file has such a column; `source` is then the file's name, `file_format` (`csv`,
    `parquet`) its suffix. Raises OSError when the file cannot be opened, InvalidInput when its format is not known.
    """
    path = Path(path)
    header = _header(symbol, source or source_of(path), max_rejected_fraction, request_id)
    header.format = _format_of(path, file_format)
    with path.open("rb"):
        pass  # fail before the call begins, with the file's own error

    def messages() -> Iterator[Message]:
        yield pb.ImportBarsRequest(header=header)
        sent = 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield pb.ImportBarsRequest(data=piece)
                sent += len(piece)
                if progress is not None:
                    progress(sent)

    return _upload(messages)


def import_rows(
    rows: Iterable[Rows],
    *,
    source: str,
    max_rejected_fraction: float | None = None,
    request_id: str = "",
    progress: Progress | None = None,
) -> Upload[pb.ImportBarsResponse, ImportSummary]:
    """Import rows of any number of symbols; returns the verdict."""
    header = _header("", source, max_rejected_fraction, request_id)

    def messages() -> Iterator[Message]:
        yield pb.ImportBarsRequest(header=header)
        sent = 0
        for part in rows:
            for first in range(0, len(part.session_date), _PIECE_ROWS):
                yield packed.ImportBarsRequest(rows=_piece(part, first))
                sent += min(_PIECE_ROWS, len(part.session_date) - first)
                if progress is not None:
                    progress(sent)

    return _upload(messages)


def source_of(path: Path) -> str:
    """A source named after a file, in the letters a source may have."""
    name = re.sub(r"[^a-zA-Z0-9:._/-]", "_", path.name)
    return f"file:{name}"[:100]


def _header(symbol: str, source: str, max_rejected_fraction: float | None, request_id: str) -> pb.ImportBarsHeader:
    return pb.ImportBarsHeader(
        symbol=symbol, source=source, max_rejected_fraction=max_rejected_fraction, request_id=request_id
    )


def _format_of(path: Path, named: str) -> pb.FileFormat.ValueType:
    suffix = f".{named.lower()}" if named else path.suffix.lower()
    if suffix not in _FORMATS:
        raise InvalidInput.of_field("format", f"must be csv or parquet, not {named or path.suffix or path.name!r}")
    return _FORMATS[suffix]


def _piece(rows: Rows, first: int) -> Message:
    part = slice(first, first + _PIECE_ROWS)
    amounts = {name: packed.to_bytes(getattr(rows, name)[part], "<f8") for name in VALUE_COLUMNS}
    piece: Message = packed.ImportRows(
        symbol=rows.symbol, session_date=packed.to_bytes(rows.session_date[part], "<i4"), **amounts
    )
    return piece


def _upload(messages: Callable[[], Iterator[Message]]) -> Upload[pb.ImportBarsResponse, ImportSummary]:
    return Upload(pb.ImportBarsRequest, messages, pb.ImportBarsResponse, lambda answer: answer.summary)
