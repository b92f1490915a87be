"""Values of the domain out of JSON documents that `codec.plain` made, by their declared types.

For what is kept whole and never searched by. Unlike an answer from elsewhere, what is stored is ours and may be of an
earlier day: a field that was added since has its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def from_document(kind: type[T], document: Any) -> T:
    """The value again. `kind`: the dataclass it is of."""
    value: T = _read(kind, document)
    return value


def _read(kind: Any, document: Any) -> Any:
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return _read_one_of(get_args(kind), document)
    if origin is tuple:
        of = get_args(kind)
        kinds = [of[0]] * len(document) if of[-1] is ... else of
        return tuple(_read(one, part) for one, part in zip(kinds, document, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {name: _read(get_args(kind)[1], one) for name, one in document.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: _read(_hints(kind)[name], one) for name, one in document.items() if name in _hints(kind)})
    if issubclass(kind, Enum):
        return kind(document)
    if issubclass(kind, date):
        return date.fromisoformat(document)
    return Decimal(document) if kind is Decimal else document


def _read_one_of(kinds: tuple[Any, ...], document: Any) -> Any:
    if document is None:
        return None
    left = [kind for kind in kinds if kind is not NoneType]
    # Numbers, words and truth values are what JSON says they are.
    return _read(left[0], document) if len(left) == 1 else document


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
