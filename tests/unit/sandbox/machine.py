"""The machine that the kernel runs filters on, for as much of it as they use."""

from __future__ import annotations

import struct
from collections.abc import Sequence

LOAD, AND, JUMP_IF_EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06


def decided(program: bytes, number: int, architecture: int, arguments: Sequence[int] = ()) -> int:
    """What the filter returns for a call."""
    given = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *given)
    code = list(struct.iter_unpack("<HBBI", program))
    at, value = 0, 0
    while True:
        what, yes, no, operand = code[at]
        at += 1
        if what == LOAD:
            (value,) = struct.unpack_from("<I", data, operand)
        elif what == AND:
            value &= operand
        elif what == JUMP_IF_EQUAL:
            at += yes if value == operand else no
        elif what == RETURN:
            return int(operand)
        else:
            raise AssertionError(f"instruction {what:#x}")
