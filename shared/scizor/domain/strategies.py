"""Strategies as things that are kept: what people call them by, the versions of their code, what is found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from hashlib import sha256

from scizor.domain.backtests import ParameterValue


class StrategyKind(IntEnum):
    """How a strategy is written; numbers equal the contract's."""

    VECTOR = 1
    EVENT = 2


class StrategyOrigin(IntEnum):
    """Where a strategy comes from; numbers equal the contract's."""

    BUILTIN = 1
    UPLOADED = 2


class ParameterType(IntEnum):
    """What a parameter's values are; numbers equal the contract's."""

    INT = 1
    FLOAT = 2
    CHOICE = 3
    BOOL = 4


class Severity(IntEnum):
    """How much a finding weighs; numbers equal the contract's."""

    ERROR = 1
    WARNING = 2


class FindingKind(IntEnum):
    """What is found; numbers equal the contract's."""

    SYNTAX = 1
    LOAD = 2
    API = 3
    IMPORT = 4
    RUN = 5
    LOOKAHEAD = 6
    UNREPEATABLE = 7
    IDLE = 8


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter as a class declares it. `minimum`, `maximum`: of numbers; `choices`: of words."""

    name: str
    type: ParameterType
    default: ParameterValue
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a strategy's class says of itself. `id`: what it would be called by, its name in snake case."""

    id: str
    class_name: str
    kind: StrategyKind
    description: str
    parameters: tuple[ParameterSpec, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found. `line`, `column`: from 1, 0 where none is known."""

    severity: Severity
    kind: FindingKind
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class StrategyVersion:
    """One state of a strategy's code; it never changes. `number` counts up from 1, and is 0 for what is not stored.

    `code_hash`: SHA-256 of the text, hex. `create_time` is None for what came with the system.
    """

    strategy_id: str
    number: int
    code_hash: str
    declared: Declared
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredStrategy:
    """A strategy with its newest code. `revision` grows with every change; the times of a built-in one are None."""

    id: str
    newest: StrategyVersion
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    origin: StrategyOrigin = StrategyOrigin.UPLOADED
    revision: int = 1
    create_time: datetime | None = None
    update_time: datetime | None = None
    delete_time: datetime | None = None
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f"v{self.revision}" if self.origin is StrategyOrigin.UPLOADED else "")


def code_hash(source: str) -> str:
    """SHA-256 of a strategy's text, hex."""
    return sha256(source.encode()).hexdigest()
