"""Values of the domain as what JSON can hold, and back: each field by its name, each type checked on the way in.

For what one process of ours tells another. The other may have run code that nobody vouches for, so nothing is taken
for granted: whatever does not fit its declared type is refused, with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints

from scizor.domain.errors import InvalidInput

T = TypeVar("T")
_MOST: Final = 2**63


def to_plain(value: Any) -> Any:
    """A dataclass as a dict, its fields likewise; enums by number, dates, instants and decimals as texts, tuples,
    named ones too, as lists.
    """
    if is_dataclass(value):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value) if one.init}
    if isinstance(value, Mapping):
        return {str(name): to_plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(one) for one in value]
    if isinstance(value, IntEnum):
        return int(value)
    return str(value) if isinstance(value, date | Decimal) else value


def from_plain(kind: type[T], plain: Any, path: str = "") -> T:
    """The `kind` that `to_plain` made this of. Raises InvalidInput naming what does not fit, by its path."""
    return cast("T", _read(kind, plain, path or kind.__name__))


def _read(kind: Any, plain: Any, path: str) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:
        return _read_union(get_args(kind), plain, path)
    if origin is tuple:
        return tuple(_read(get_args(kind)[0], one, f"{path}[{at}]") for at, one in enumerate(_of(list, plain, path)))
    if origin is not None:  # the one generic left: a mapping by text
        named = _of(dict, plain, path)
        return {_text(name, path): _read(get_args(kind)[1], one, f"{path}.{name}") for name, one in named.items()}
    if is_dataclass(kind):
        return _read_fields(kind, _of(dict, plain, path), path)
    if hasattr(kind, "_fields"):
        return _read_named(kind, _of(list, plain, path), path)
    return _read_simple(kind, plain, path)


def _read_fields(kind: Any, plain: dict[str, Any], path: str) -> Any:
    known = _fields(kind)
    if plain.keys() != known.keys():
        raise _misfit(path, f"has the fields {', '.join(known)}, no other and no fewer")
    return kind(**{name: _read(known[name], one, f"{path}.{name}") for name, one in plain.items()})


def _read_named(kind: Any, plain: list[Any], path: str) -> Any:
    hints = _hints(kind)
    if len(plain) != len(kind._fields):
        raise _misfit(path, f"has the fields {', '.join(kind._fields)}, no other and no fewer")
    named = zip(kind._fields, plain, strict=True)
    return kind(*(_read(hints[name], one, f"{path}.{name}") for name, one in named))


def _read_union(kinds: tuple[Any, ...], plain: Any, path: str) -> Any:
    if plain is None and type(None) in kinds:
        return None
    candidates = [kind for kind in kinds if kind is not type(None)]
    # Of several simple types exactly the one it has: 1 is no True, and 1.0 no 1.
    exact = [kind for kind in candidates if kind is type(plain) or _has_the_fields(kind, plain)]
    return _read((exact or candidates)[0], plain, path)


def _has_the_fields(kind: Any, plain: Any) -> bool:
    """Whether it could be of that one of several types with fields."""
    if isinstance(kind, type) and is_dataclass(kind):
        return type(plain) is dict and plain.keys() == _fields(kind).keys()
    return type(plain) is list and len(plain) == len(getattr(kind, "_fields", ()))


def _read_simple(kind: Any, plain: Any, path: str) -> Any:
    if kind is str:
        return _text(plain, path)
    if kind is float:
        return float(_read(int, plain, path) if type(plain) is int else _of(float, plain, path))
    if kind is bool:
        return _of(bool, plain, path)
    if kind is int:
        number = _of(int, plain, path)
        if not -_MOST <= number < _MOST:
            raise _misfit(path, "is beyond 64 bits")
        return number
    try:
        if issubclass(kind, IntEnum):
            return kind(_of(int, plain, path))
        if kind is datetime:
            return datetime.fromisoformat(_text(plain, path))
        return date.fromisoformat(_text(plain, path)) if kind is date else Decimal(_text(plain, path))
    except (ValueError, InvalidOperation):
        raise _misfit(path, f"is no {kind.__name__}") from None


def _of(kind: type[T], plain: Any, path: str) -> T:
    if type(plain) is not kind:
        raise _misfit(path, f"is no {kind.__name__}")
    return plain


def _text(plain: Any, path: str) -> str:
    text = _of(str, plain, path)
    if "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise _misfit(path, "holds what no text may hold")
    return text


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _fields(kind: Any) -> dict[str, Any]:
    hints = _hints(kind)
    return {one.name: hints[one.name] for one in fields(kind) if one.init}


def _misfit(path: str, rule: str) -> InvalidInput:
    return InvalidInput.of_field(path[:200], rule)
