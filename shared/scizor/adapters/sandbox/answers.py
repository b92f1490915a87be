"""An answer as bytes, and back again by one who believes nothing of them.

A length, a header of that length in JSON, then the arrays as the header describes them, each padded to eight bytes.
No pickles: to read one is to run it.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scizor.adapters.sandbox.documents import Broken, json_bytes, json_object
from scizor.adapters.sandbox.plain import KINDS, bytes_of, kind_of, size_bytes_of
from scizor.ports.sandbox import Answer, Arrays, Document

MAX_HEADER_BYTES: Final = 2 << 20
"""Of the document, and of what describes the arrays."""
_MAX_ARRAYS, _MAX_NAME, _MAX_DIMENSIONS = 1024, 128, 8
_LENGTH = struct.Struct("<Q")


def to_bytes(document: Document, arrays: Arrays) -> list[bytes | memoryview]:
    """The answer in pieces. Raises TypeError for what is neither JSON nor numbers, ValueError for what is too long."""
    described = [(name, kind_of(array), array.shape) for name, array in arrays.items()]
    header = json_bytes({"document": dict(document), "arrays": described})
    header += b" " * _padding(len(header))
    if len(header) > MAX_HEADER_BYTES:
        rule = f"a document of {len(header):,} bytes: at most {MAX_HEADER_BYTES:,}; arrays may be longer"
        raise ValueError(rule)
    pieces: list[bytes | memoryview] = [_LENGTH.pack(len(header)), header]
    for content in map(bytes_of, arrays.values()):
        pieces += [content, bytes(_padding(len(content)))]
    return pieces


def from_bytes(content: bytearray) -> Answer:
    """The answer; its arrays lie in `content`. Raises Broken for whatever a true one would not be."""
    if len(content) < _LENGTH.size:
        raise Broken("no header")
    (length,) = _LENGTH.unpack_from(content)
    start = _LENGTH.size + length
    if length > MAX_HEADER_BYTES or start > len(content) or _padding(length):
        raise Broken(f"a header of {length:,} bytes")
    header = json_object(content[_LENGTH.size : start])
    document, described = header.get("document"), header.get("arrays")
    if not isinstance(document, dict) or not isinstance(described, list) or len(described) > _MAX_ARRAYS:
        raise Broken("a header without document and arrays")
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, kind, shape in map(_described, described):
        size_bytes = size_bytes_of(kind, shape)
        if start + size_bytes > len(content) or name in arrays:
            raise Broken(f"the array {name!r} is not all there, or there twice")
        arrays[name] = _array(memoryview(content)[start : start + size_bytes], kind, shape)
        start += size_bytes + _padding(size_bytes)
    if start != len(content):
        raise Broken("bytes that belong to no array")
    return Answer(document, arrays)


def _described(one: Any) -> tuple[str, str, tuple[int, ...]]:
    if not isinstance(one, list) or len(one) != len(("name", "kind", "shape")):
        raise Broken("an array that is not described")
    name, kind, shape = one
    if not isinstance(name, str) or len(name) > _MAX_NAME:
        raise Broken("an array without a name")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Broken(f"the array {name!r} holds no plain numbers")
    if not isinstance(shape, list) or len(shape) > _MAX_DIMENSIONS or not all(map(_is_natural, shape)):
        raise Broken(f"the array {name!r} has no shape")
    return name, kind, tuple(shape)


def _is_natural(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _array(content: memoryview, kind: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if kind == "b1" and np.frombuffer(content, np.uint8).max(initial=0) > 1:
        raise Broken("truth values that are neither")
    try:
        return np.frombuffer(content, np.dtype(kind)).reshape(shape)
    except ValueError as error:  # none of its elements, but sizes that numpy cannot hold
        raise Broken(f"an array of shape {shape}") from error


def _padding(size_bytes: int) -> int:
    return -size_bytes % 8
