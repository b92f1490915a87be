"""Arrays that are nothing but numbers: all that travels between host and child."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

KINDS: Final = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
"""Truth values, integers and floating-point numbers of this machine's byte order, as numpy calls them."""


def kind_of(array: npt.NDArray[Any]) -> str:
    """Its kind. Raises TypeError for what is no plain number."""
    kind = array.dtype.str[1:]
    if kind not in KINDS or not array.dtype.isnative:
        raise TypeError(f"arrays hold plain numbers, not {array.dtype}")
    return kind


def size_bytes_of(kind: str, shape: Sequence[int]) -> int:
    """How many bytes an array takes. `shape` is believed to hold natural numbers of any size."""
    return math.prod(shape) * int(kind[1:])


def bytes_of(array: npt.NDArray[Any]) -> memoryview:
    """Its bytes, in C order; not copied where they lie so already."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
