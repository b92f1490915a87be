"""What order events say, as JSON documents and back: every value exactly as it was, decimals to their last zero.

A journal is read by the hundred thousand events when a service takes an account over, so each type's reader is put
together once, and so its writer. What is stored may be of an earlier day: a field that was added since has its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from scizor.domain.errors import DataCorrupt, Reason
from scizor.domain.trading import events as e

Convert = Callable[[Any], Any]
_KINDS: Mapping[e.EventKind, Any] = {
    e.EventKind.PLACED: e.Placed,
    e.EventKind.ACKNOWLEDGED: e.Acknowledged,
    e.EventKind.WORKING: e.Working,
    e.EventKind.EXECUTED: e.Executed,
    e.EventKind.BUSTED: e.Busted,
    e.EventKind.CHARGED: e.Charged,
    e.EventKind.CANCEL_REQUESTED: e.CancelRequested,
    e.EventKind.CANCELED: e.Canceled,
    e.EventKind.CANCEL_REJECTED: e.CancelRejected,
    e.EventKind.REPLACE_REQUESTED: e.ReplaceRequested,
    e.EventKind.REPLACED: e.Replaced,
    e.EventKind.REPLACE_REJECTED: e.ReplaceRejected,
    e.EventKind.REJECTED: e.Rejected,
    e.EventKind.EXPIRED: e.Expired,
    e.EventKind.SUSPENDED: e.Suspended,
    e.EventKind.LINK_LOST: e.LinkLost,
    e.EventKind.REOPENED: e.Reopened,
    e.EventKind.FILLS_TOLD: e.FillsTold,
    e.EventKind.IDENTIFIED: e.Identified,
    e.EventKind.NOTED: e.Noted,
}


def payload_document(payload: e.Payload) -> dict[str, Any]:
    """The payload as JSON can hold it."""
    kind: Any = type(payload)
    document: dict[str, Any] = _writer(kind)(payload)
    return document


def payload_of(kind: int, document: Mapping[str, Any]) -> e.Payload:
    """The payload again. Raises DataCorrupt for what is none of its kind."""
    try:
        payload: e.Payload = _reader(_KINDS[e.EventKind(kind)])(document)
    except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        message = f"what is stored of an order's event is none of kind {kind}"
        raise DataCorrupt(message, Reason.DATA_CORRUPT, metadata={"kind": str(kind)}) from error
    return payload


@cache
def _writer(kind: Any) -> Convert:
    if is_dataclass(kind):
        return _fields_writer(_converters(kind, _writer))
    if NoneType in get_args(kind):
        return _unless_none(_writer(_present(kind)))
    if issubclass(kind, IntEnum):
        return int
    return _WRITTEN.get(kind, _as_it_is)


@cache
def _reader(kind: Any) -> Convert:
    if is_dataclass(kind):
        return _fields_reader(kind, _converters(kind, _reader))
    if NoneType in get_args(kind):
        return _unless_none(_reader(_present(kind)))
    if issubclass(kind, IntEnum):
        return {int(one): one for one in kind}.__getitem__
    return _READ.get(kind, _as_it_is)


def _converters(kind: Any, convert: Callable[[Any], Convert]) -> dict[str, Convert]:
    hints = get_type_hints(kind)
    return {one.name: convert(hints[one.name]) for one in fields(kind) if one.init}


def _fields_writer(parts: dict[str, Convert]) -> Convert:
    return lambda value: {name: write(getattr(value, name)) for name, write in parts.items()}


def _fields_reader(kind: Any, parts: dict[str, Convert]) -> Convert:
    return lambda document: kind(**{name: parts[name](value) for name, value in document.items() if name in parts})


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _present(kind: Any) -> Any:
    (left,) = (one for one in get_args(kind) if one is not NoneType)
    return left


def _as_it_is(value: Any) -> Any:
    return value


_WRITTEN: Mapping[type, Convert] = {Decimal: str, datetime: datetime.isoformat}
_READ: Mapping[type, Convert] = {Decimal: Decimal, datetime: datetime.fromisoformat}
