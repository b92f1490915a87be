"""Taking an import in: a file in pieces, or rows as columns, becomes one batch of rows."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from scizor.domain.errors import InvalidInput
from scizor.domain.rows import RowBatch
from scizor.services.marketdata.imports.gathering import Gathering, ImportLimits, digest_of, too_large

MAX_REJECTED_FRACTION = 0.2
_Piece = TypeVar("_Piece", bytes, RowBatch)


class FileFormat(IntEnum):
    """How the content comes; numbers equal the contract's."""

    ROWS = 0
    CSV = 1
    PARQUET = 2


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be imported. `symbol`: that of all rows; empty when each row names its own."""

    symbol: str
    source: str
    file_format: FileFormat
    max_rejected_fraction: float = MAX_REJECTED_FRACTION
    request_id: str = ""


Reader = Callable[[Path, str], Iterator[RowBatch]]
"""Reads a file, given the symbol of all its rows or an empty text. Raises InvalidInput(FILE_UNREADABLE)."""


class Intake:
    """Takes content in within bounds. `readers`: how the files of each format are read."""

    def __init__(self, readers: Mapping[FileFormat, Reader], limits: ImportLimits) -> None:
        self._readers = readers
        self._limits = limits

    async def taken(self, order: ImportOrder, pieces: AsyncIterator[bytes | RowBatch]) -> tuple[RowBatch, bytes]:
        """All rows, and a hash of them. Raises InvalidInput(FILE_UNREADABLE), LimitExceeded(IMPORT_TOO_LARGE)."""
        if order.file_format is FileFormat.ROWS:
            return await self._taken_rows(_only(pieces, RowBatch, "rows"))
        return await self._taken_file(order, _only(pieces, bytes, "data"))

    async def _taken_rows(self, batches: AsyncIterator[RowBatch]) -> tuple[RowBatch, bytes]:
        gathering = Gathering(self._limits)
        async for batch in batches:
            gathering.add(batch)
        rows = await asyncio.to_thread(gathering.gathered)
        return rows, await asyncio.to_thread(digest_of, rows)

    async def _taken_file(self, order: ImportOrder, pieces: AsyncIterator[bytes]) -> tuple[RowBatch, bytes]:
        """The file is put on the disk first: what a reader needs of it at once is little, what it is may be much."""
        with tempfile.NamedTemporaryFile(prefix="scizor-import-") as spool:
            digest, size = sha256(), 0
            async for piece in pieces:
                size += len(piece)
                if size > self._limits.file_bytes:
                    raise too_large(self._limits.file_bytes, "bytes")
                digest.update(piece)
                await asyncio.to_thread(spool.write, piece)
            spool.flush()
            batches = self._readers[order.file_format](Path(spool.name), order.symbol)
            return await asyncio.to_thread(self._gathered, batches), digest.digest()

    def _gathered(self, batches: Iterator[RowBatch]) -> RowBatch:
        gathering = Gathering(self._limits)
        for batch in batches:
            gathering.add(batch)
        return gathering.gathered()


async def _only(pieces: AsyncIterator[bytes | RowBatch], kind: type[_Piece], name: str) -> AsyncIterator[_Piece]:
    """The pieces, of which each must be of the kind that the order's format asks for."""
    async for piece in pieces:
        if not isinstance(piece, kind):
            raise InvalidInput.of_field("payload", f"must be {name} in every message after this header")
        yield piece
