"""A document and its arrays as bytes: what a program and one that it started tell each other through a pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_MAX_HEADER_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """`document`: what JSON can hold. `arrays`: numbers of any shape, by name."""

    document: dict[str, Any]
    arrays: Mapping[str, Array] = field(default_factory=dict)


def write_frame(stream: IO[bytes], frame: Frame) -> None:
    """Send one; it is whole at the other end only when this returns."""
    arrays = {name: np.ascontiguousarray(array) for name, array in frame.arrays.items()}
    shapes = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    stream.write(json.dumps({"document": frame.document, "arrays": shapes}).encode() + b"\n")
    stream.writelines(array.tobytes() for array in arrays.values())
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame:
    """The next one. Raises EOFError where the other end stopped before it was whole."""
    line = stream.readline(_MAX_HEADER_BYTES)
    if not line.endswith(b"\n"):
        raise EOFError
    header = json.loads(line)
    arrays: dict[str, Array] = {}
    for name, kind, shape in header["arrays"]:
        empty = np.empty(shape, dtype=np.dtype(kind))
        content = stream.read(empty.nbytes)
        if len(content) < empty.nbytes:
            raise EOFError
        arrays[name] = np.frombuffer(content, dtype=empty.dtype).reshape(shape).copy()
    return Frame(header["document"], arrays)
