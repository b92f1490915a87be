"""COPY's binary format as numpy records: a whole table's bytes in one vectorised step.

A row is the number of its fields, then per field its length and its value, everything big-endian. Without NULLs each
row of fixed-size columns has the same size, so rows are the elements of a structured array.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8  # signature, flags, length of the header's extension
TRAILER = b"\xff\xff"
DAYS_TO_2000 = 10_957
"""PostgreSQL counts dates from 2000-01-01."""

_CHUNK_ROWS = 8_192  # the server parses one chunk while the next is made
_ARRAY_ROW = struct.Struct("!6xiiiiiii")  # key | length, dimensions, flags, type | elements, lower bound
_EMPTY_ARRAY = struct.Struct("!iiii")  # length, dimensions, flags, type
_ARRAY = struct.Struct("!iiiiii")  # the same | elements, lower bound
_TYPES = {"i4": 23, "i8": 20, "f8": 701}
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i4")])
RecordArray = npt.NDArray[np.void]


def record_dtype(columns: Mapping[str, str]) -> np.dtype[np.void]:
    """The dtype of a row. `columns`: big-endian numpy type by column name, in the order of the columns."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name} length", ">i4"), (name, kind)]
    return np.dtype(fields)


def new_records(length: int, dtype: np.dtype[np.void]) -> RecordArray:
    """Rows of zeros with every count and length in its place, shape (length,)."""
    names = dtype.names or ()
    records = np.zeros(length, dtype)
    records["fields"] = len(names) // 2
    for name in names[2::2]:
        records[f"{name} length"] = dtype[name].itemsize
    return records


def decode(data: bytes | bytearray, dtype: np.dtype[np.void]) -> RecordArray:
    """A view of the rows in a whole COPY output, shape (n,)."""
    length = (len(data) - len(HEADER) - len(TRAILER)) // dtype.itemsize
    return np.frombuffer(data, dtype, count=length, offset=len(HEADER))


def decode_arrays(data: bytes | bytearray) -> Iterator[tuple[int, npt.NDArray[np.int32]]]:
    """Rows of an integer and an array of four-byte values without NULLs, in a whole COPY output."""
    place = len(HEADER)
    while data[place : place + len(TRAILER)] != TRAILER:
        key, _, _, _, _, length, _ = _ARRAY_ROW.unpack_from(data, place)
        place += _ARRAY_ROW.size
        yield key, np.frombuffer(data, _ELEMENT, count=length, offset=place)["value"].astype(np.int32)
        place += length * _ELEMENT.itemsize


def array_field(values: npt.NDArray[np.float64 | np.int64 | np.int32]) -> bytes:
    """A field that is an array without NULLs, shape (n,)."""
    if not len(values):
        return _EMPTY_ARRAY.pack(_EMPTY_ARRAY.size - 4, 0, 0, _TYPES[values.dtype.str[1:]])
    elements = np.empty(len(values), [("length", ">i4"), ("value", f">{values.dtype.str[1:]}")])
    elements["length"], elements["value"] = values.itemsize, values
    header = (_ARRAY.size - 4 + elements.nbytes, 1, 0, _TYPES[values.dtype.str[1:]], len(values), 1)
    return _ARRAY.pack(*header) + elements.tobytes()


def text_field(value: str) -> bytes:
    """A field that is a text."""
    encoded = value.encode()
    return struct.pack("!i", len(encoded)) + encoded


async def encode_row(fields: Sequence[bytes]) -> AsyncIterator[bytes]:
    """A whole COPY input of one row."""
    yield b"".join((HEADER, struct.pack("!h", len(fields)), *fields, TRAILER))


async def encode(pieces: Iterable[RecordArray]) -> AsyncIterator[bytes]:
    """A whole COPY input in chunks."""
    yield HEADER
    for records in pieces:
        for start in range(0, len(records), _CHUNK_ROWS):
            yield records[start : start + _CHUNK_ROWS].tobytes()
    yield TRAILER
