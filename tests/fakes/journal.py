"""What a fake unit of work changed, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Journal:
    """Changes dicts and remembers how to change them back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def put(self, table: MutableMapping[K, V], key: K, value: V) -> None:
        self._remember(table, key)
        table[key] = value

    def remove(self, table: MutableMapping[K, V], key: K) -> None:
        self._remember(table, key)
        del table[key]

    def roll_back(self) -> None:
        for step in reversed(self._undo):
            step()

    def _remember(self, table: MutableMapping[K, V], key: K) -> None:
        if key in table:
            before = table[key]
            self._undo.append(lambda: table.__setitem__(key, before))
        else:
            self._undo.append(lambda: table.pop(key, None))
