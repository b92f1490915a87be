"""A backup's file: a tar, compressed by zstd, of every table in pieces, the manifest, and the manifest's SHA-256.

The pieces let a table of any size be written before its size is known; together, in their order, they are what COPY
said in its binary format. The manifest comes last, because only then is it known, and so a file cut short has none.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import IO, Final, cast

import pyarrow as pa

from scizor.adapters.sql.backup.manifest import Manifest
from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, Reason

_PIECE_BYTES: Final = 16 << 20
_READ_BYTES: Final = 1 << 20
_MANIFEST: Final = "manifest.json"
_SEAL: Final = "manifest.json.sha256"
_SMALL_BYTES: Final = 16 << 20  # more is no manifest
_PIECE: Final = re.compile(r"tables/([a-z][a-z0-9_]*)/\d{6}\.copy")


class ArchiveWriter:
    """Writes members one after the other. `time_s`: of the members, seconds since the epoch."""

    def __init__(self, path: Path, stream: IO[bytes], time_s: int) -> None:
        self._path = path
        self._tar = tarfile.open(fileobj=stream, mode="w|", bufsize=_READ_BYTES)  # noqa: SIM115 - see `close`
        self._time_s = time_s

    def table(self, name: str) -> TableWriter:
        """Begin a table; the one before must be closed."""
        return TableWriter(self, name)

    def seal(self, manifest: Manifest) -> None:
        """Write the manifest, after which nothing comes."""
        data = manifest.encode()
        self.add(_MANIFEST, data)
        self.add(_SEAL, f"{hashlib.sha256(data).hexdigest()}  {_MANIFEST}\n".encode())

    def close(self) -> None:
        """End the archive, whole or not."""
        self._tar.close()

    def add(self, name: str, data: bytes | bytearray) -> None:
        """Write one member."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = len(data), self._time_s, 0o600
        with _refusal_told(self._path):
            self._tar.addfile(member, BytesIO(data))


class TableWriter:
    """Takes what COPY says of a table, in any portions, and keeps a piece at most."""

    def __init__(self, archive: ArchiveWriter, name: str) -> None:
        self._archive = archive
        self._name = name
        self._waiting = bytearray()
        self._pieces = 0
        self._digest = hashlib.sha256()
        self.length = 0

    async def write(self, data: bytes) -> None:
        """Take a portion; asynchronous because the driver awaits it."""
        self._digest.update(data)
        self.length += len(data)
        self._waiting += data
        if len(self._waiting) >= _PIECE_BYTES:
            self._flush()

    def close(self) -> str:
        """Write the rest; returns the SHA-256 of all of it."""
        self._flush()
        return self._digest.hexdigest()

    def _flush(self) -> None:
        self._pieces += 1
        self._archive.add(f"tables/{self._name}/{self._pieces:06d}.copy", self._waiting)
        self._waiting.clear()


@contextmanager
def new_archive(path: Path, time_s: int) -> Iterator[ArchiveWriter]:
    """An archive that appears under its name when the block ends, whole and on the disk, or not at all.

    Only its owner may read it. Raises FailedPrecondition when the name is taken or the disk refuses.
    """
    if path.exists():
        raise FailedPrecondition(f"{path} exists; a backup replaces none", Reason.STORAGE_UNAVAILABLE)
    with _refusal_told(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(descriptor)
    fresh = Path(name)
    try:
        stream = pa.CompressedOutputStream(name, "zstd")
        archive = ArchiveWriter(path, cast("IO[bytes]", stream), time_s)
        try:
            yield archive
        finally:
            with _refusal_told(path), stream:
                archive.close()
        with _refusal_told(path):
            _flush(fresh)
            fresh.rename(path)
            _flush(path.parent)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def verified(path: Path) -> Manifest:
    """Read a whole archive and hold every byte against the manifest.

    Raises InvalidInput when there is no such file, DataCorrupt when it is not what was written.
    """
    sums: dict[str, tuple[int, str]] = {}
    small = {_MANIFEST: b"", _SEAL: b""}
    for name, members in groupby(_members(path), lambda member: _table_of(member[0])):
        digest, length = hashlib.sha256(), 0
        for member, chunks in members:
            for chunk in chunks:
                digest.update(chunk)
                length += len(chunk)
                if not name and length <= _SMALL_BYTES:
                    small[member] += chunk
        if name:
            if name in sums:
                raise _damaged(path, f"{name} is there twice")
            sums[name] = length, digest.hexdigest()
    if small[_SEAL].split()[:1] != [hashlib.sha256(small[_MANIFEST]).hexdigest().encode()]:
        raise _damaged(path, "its end is missing, or its manifest was changed")
    manifest = Manifest.decode(small[_MANIFEST])
    told = {table.name: (table.length, table.sha256) for table in manifest.tables}
    wrong = sorted(name for name in told.keys() | sums.keys() if told.get(name) != sums.get(name))
    if wrong:
        raise _damaged(path, f"{', '.join(wrong)} not as the manifest says")
    return manifest


def tables(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each table's name and bytes; the bytes must be read before the next table is asked for."""
    for name, members in groupby(_members(path), lambda member: _table_of(member[0])):
        if name:
            yield name, (chunk for _, chunks in members for chunk in chunks)


def _members(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    if not path.is_file():
        raise InvalidInput.of_field("FILE", f"{path} is no file")
    with (
        _damage_told(path),
        pa.CompressedInputStream(str(path), "zstd") as stream,
        tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", bufsize=_READ_BYTES) as tar,
    ):
        for member in tar:
            file = tar.extractfile(member)
            known = member.name in (_MANIFEST, _SEAL) or _PIECE.fullmatch(member.name)
            if file is None or not known:
                raise _damaged(path, f"{member.name!r} belongs to no backup")
            yield member.name, _chunks(path, file)


def _chunks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    with _damage_told(path):
        while chunk := file.read(_READ_BYTES):
            yield chunk


def _table_of(member: str) -> str:
    """The table a member is a piece of; empty for the manifest and its seal."""
    found = _PIECE.fullmatch(member)
    return found[1] if found else ""


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise _damaged(path, str(error)) from error


@contextmanager
def _refusal_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise FailedPrecondition(message, Reason.STORAGE_UNAVAILABLE) from error


def _damaged(path: Path, how: str) -> DataCorrupt:
    return DataCorrupt(f"{path} is damaged or no backup: {how}", Reason.DATA_CORRUPT)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
