"""Records and numbers in a kernel by their address.

An array handed from kernel to kernel is seven words and a counted reference: a simulation has thirty of them, and a
fill would spend more on handing them over than on itself. So one record (`state.SIM`) holds the addresses of all, every
kernel takes that record alone, and what lies at an address is read here. The arrays are kept alive by whoever made the
record; a kernel never keeps an address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj

Reader = Callable[[int, int], Any]
Writer = Callable[[int, int, Any], None]


def records(dtype: np.dtype[Any]) -> Reader:
    """`at(address, place)`: the record there of an array of `dtype`, to be read and written."""
    kind = numba.from_dtype(dtype)
    size = dtype.itemsize

    def at(_context: Any, address: Any, place: Any) -> Any:
        def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            offset = builder.mul(arguments[1], arguments[1].type(size))
            return builder.inttoptr(builder.add(arguments[0], offset), context.get_value_type(kind))

        return kind(types.int64, types.int64), build

    return cast("Reader", intrinsic(at))


def numbers(dtype: np.dtype[Any]) -> tuple[Reader, Writer]:
    """`load(address, place)` and `store(address, place, value)` of an array of plain numbers."""
    kind = numba.from_dtype(dtype)

    def pointer(context: Any, builder: Any, arguments: Any) -> Any:
        offset = builder.mul(arguments[1], arguments[1].type(dtype.itemsize))
        place = context.get_data_type(kind).as_pointer()
        return builder.inttoptr(builder.add(arguments[0], offset), place)

    def load(_context: Any, address: Any, place: Any) -> Any:
        def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.load(pointer(context, builder, arguments), typ=context.get_data_type(kind))

        return kind(types.int64, types.int64), build

    def store(_context: Any, address: Any, place: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            builder.store(arguments[2], pointer(context, builder, arguments))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, kind), build

    return cast("Reader", intrinsic(load)), cast("Writer", intrinsic(store))


def _copy(_context: Any, target: Any, source: Any, n_bytes: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        byte = context.get_data_type(types.uint8).as_pointer()
        places = [builder.inttoptr(address, byte) for address in arguments[:2]]
        cast("Any", cgutils).raw_memcpy(builder, places[0], places[1], arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), build


copy = cast("Callable[[int, int, int], None]", intrinsic(_copy))
"""`copy(target, source, n_bytes)` between addresses of two places that do not overlap."""


def vectors(dtype: np.dtype[Any]) -> Callable[[int, int], Any]:
    """`view(address, n)`: so many plain numbers as an array, for loops the compiler is to run several steps at once."""
    kind = types.Array(numba.from_dtype(dtype), 1, "C")

    def view(_context: Any, address: Any, n: Any) -> Any:
        def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            array = context.make_array(kind)(context, builder)
            size = context.get_constant(types.intp, dtype.itemsize)
            cast("Any", arrayobj).populate_array(
                array,
                data=builder.inttoptr(arguments[0], array.data.type),
                shape=cast("Any", cgutils).pack_array(builder, [arguments[1]]),
                strides=cast("Any", cgutils).pack_array(builder, [size]),
                itemsize=size,
                meminfo=None,
            )
            return array._getvalue()

        return kind(types.int64, types.int64), build

    return cast("Callable[[int, int], Any]", intrinsic(view))


float_at, put_float = numbers(np.dtype("f8"))
int_at, put_int = numbers(np.dtype("i8"))
floats, flags = vectors(np.dtype("f8")), vectors(np.dtype("u1"))
