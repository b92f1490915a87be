"""Rules on system calls as the program that the kernel runs before each: classic BPF, put together by hand.

The first rule that holds decides. `linux/seccomp.h` and `linux/filter.h` define what is packed here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

ALLOW: Final = 0x7FFF_0000
KILL_PROCESS: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000

_LOAD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in seccomp_data
_INSTRUCTION = struct.Struct("<HBBI")


def refuse(error: int) -> int:
    """The action that makes a call fail with this errno."""
    return _ERRNO | error


@dataclass(frozen=True, slots=True)
class Word:
    """A condition on half an argument: `bits` of it are `value`. `argument`: from 0; `high`: its upper 32 bits."""

    argument: int
    bits: int
    value: int
    high: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with a call whose arguments meet all conditions."""

    number: int
    action: int = ALLOW
    conditions: tuple[Word, ...] = ()


def assemble(rules: Iterable[Rule], architecture: int, otherwise: int) -> bytes:
    """The program. A call by another architecture's numbers, such as 32-bit ones, ends the process."""
    code = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_JUMP_IF_EQUAL, architecture, yes=1),
        _instruction(_RETURN, KILL_PROCESS),
    ]
    for rule in rules:
        code += _rule(rule)
    return b"".join((*code, _instruction(_RETURN, otherwise)))


def _rule(rule: Rule) -> Sequence[bytes]:
    body: list[bytes] = []
    # Backwards, as each jump must know how far it is to the end.
    body.append(_instruction(_RETURN, rule.action))
    for word in reversed(rule.conditions):
        place = _ARGUMENTS_AT + 8 * word.argument + (4 if word.high else 0)
        body.insert(0, _instruction(_JUMP_IF_EQUAL, word.value, no=len(body)))
        body.insert(0, _instruction(_AND, word.bits))
        body.insert(0, _instruction(_LOAD, place))
    body.insert(0, _instruction(_JUMP_IF_EQUAL, rule.number, no=len(body)))
    return [_instruction(_LOAD, _NUMBER_AT), *body]


def _instruction(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, yes, no, value)
