"""Twins of the column messages, so that arrays go on the wire as they lie in memory.

On the wire a packed field of fixed width and a `bytes` field of the same number are the same thing: a tag, a length
and little-endian values. A twin is the contract's message with exactly those fields declared as `bytes`; it is built
from the contract's own descriptor, so the two cannot drift apart. The server writes a column with one copy instead of
one call a value, and every other client still reads the typed message.

Reading through a twin takes what this platform's server writes: each column in one piece. A writer that splits or does
not pack a column must be read through the typed message.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message

from scizor.marketdata.v1 import market_data_service_pb2 as contract

_Field = descriptor_pb2.FieldDescriptorProto
_WIDTH_DTYPES = {
    _Field.TYPE_DOUBLE: np.dtype("<f8"),
    _Field.TYPE_SFIXED64: np.dtype("<i8"),
    _Field.TYPE_SFIXED32: np.dtype("<i4"),
}
_PACKAGE = "scizor.marketdata.v1"


def _files(file: FileDescriptor) -> Iterator[FileDescriptor]:
    """The file and all it imports, imports first."""
    for imported in file.dependencies:
        yield from _files(imported)
    yield file


def _twin_pool() -> descriptor_pool.DescriptorPool:
    """The contract's files in a pool of their own, columns declared as bytes."""
    pool = descriptor_pool.DescriptorPool()
    files = {file.name: file for file in _files(contract.DESCRIPTOR)}
    for file in files.values():
        proto = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(proto)
        del proto.service[:]
        if file.package.startswith("scizor."):
            for message in proto.message_type:
                _declare_bytes(message)
        pool.Add(proto)
    return pool


def _declare_bytes(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.label == _Field.LABEL_REPEATED and field.type in _WIDTH_DTYPES:
            field.label, field.type = _Field.LABEL_OPTIONAL, _Field.TYPE_BYTES
            field.ClearField("options")


def _twin(name: str) -> type[Message]:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


_POOL = _twin_pool()

# A class made at run time has no static type; its fields are the contract's, columns as bytes.
BarColumns: Any = _twin("scizor.type.v1.BarColumns")
GetBarsResponse: Any = _twin(f"{_PACKAGE}.GetBarsResponse")
GetLatestBarResponse: Any = _twin(f"{_PACKAGE}.GetLatestBarResponse")
StreamBarsResponse: Any = _twin(f"{_PACKAGE}.StreamBarsResponse")
ImportBarsRequest: Any = _twin(f"{_PACKAGE}.ImportBarsRequest")
ImportRows: Any = _twin(f"{_PACKAGE}.ImportRows")


def to_bytes(values: npt.NDArray[Any], dtype: str) -> bytes:
    """A column, shape (n,), as the wire's bytes; `dtype` is `<f8`, `<i8` or `<i4`."""
    return np.ascontiguousarray(values, dtype=dtype).tobytes()


def from_bytes(data: bytes, dtype: str) -> npt.NDArray[Any]:
    """The wire's bytes as a read-only column in the machine's byte order, shape (n,); no copy where that is `<`."""
    values = np.frombuffer(data, dtype=dtype)
    return values if sys.byteorder == "little" else values.astype(values.dtype.newbyteorder("="))
