"""The broker's memory on disk: whatever a client has been told survives `kill -9`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from scizor.services.ibsim.broker.words import Execution, Order, Position

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (perm_id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS executions (number INTEGER PRIMARY KEY, exec_id TEXT UNIQUE, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS positions (con_id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS cash (currency TEXT PRIMARY KEY, amount TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS order_ids (client_id INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
"""
_T = TypeVar("_T")

_ORDER = TypeAdapter(Order)
_EXECUTION = TypeAdapter(Execution)
_POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Change:
    """What is saved together or not at all. Orders, positions and cash replace what was there under their key."""

    orders: Sequence[Order] = ()
    executions: Sequence[Execution] = ()
    positions: Sequence[Position] = ()
    cash: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """All that was saved, in the order it came. `order_ids`: the highest used by each client."""

    orders: Sequence[Order]
    executions: Sequence[Execution]
    positions: Sequence[Position]
    cash: Mapping[str, Decimal]
    order_ids: Mapping[int, int]


class Journal:
    """A small SQLite file of one gateway."""

    def __init__(self, path: Path | None) -> None:
        """Open or create it; None keeps all in memory. Raises sqlite3.OperationalError while another has it open."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, timeout=2)
        self._db.executescript("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        self._db.executescript(_SCHEMA)

    def load(self) -> Saved:
        """Everything."""
        return _load(self._db)

    def save(self, change: Change) -> None:
        """Make it durable, all of it at once."""
        write = self._db.executemany
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            write(
                "INSERT OR REPLACE INTO orders VALUES (?, ?)",
                [(one.perm_id, _text(_ORDER, one)) for one in change.orders],
            )
            write(
                "INSERT INTO executions (exec_id, body) VALUES (?, ?)",
                [(one.exec_id, _text(_EXECUTION, one)) for one in change.executions],
            )
            write(
                "INSERT OR REPLACE INTO positions VALUES (?, ?)",
                [(one.listing.con_id, _text(_POSITION, one)) for one in change.positions],
            )
            write(
                "INSERT OR REPLACE INTO cash VALUES (?, ?)", [(key, str(value)) for key, value in change.cash.items()]
            )
            write(
                "INSERT INTO order_ids VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
                [one.key for one in change.orders],
            )

    def close(self) -> None:
        """Let another open it."""
        self._db.close()


def read_saved(path: Path) -> Saved:
    """Everything in the file of a gateway that does not run. Raises sqlite3.OperationalError for others."""
    # Not read-only: what a killed gateway left in its write-ahead log must be read too.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as db:
        return _load(db)


def _load(db: sqlite3.Connection) -> Saved:
    read = db.execute
    return Saved(
        orders=[_ORDER.validate_json(body) for (body,) in read("SELECT body FROM orders ORDER BY perm_id")],
        executions=[_EXECUTION.validate_json(body) for (body,) in read("SELECT body FROM executions ORDER BY number")],
        positions=[_POSITION.validate_json(body) for (body,) in read("SELECT body FROM positions")],
        cash={currency: Decimal(amount) for currency, amount in read("SELECT currency, amount FROM cash")},
        order_ids=dict(read("SELECT client_id, last FROM order_ids")),
    )


def _text(adapter: TypeAdapter[_T], value: _T) -> str:
    return adapter.dump_json(value).decode()
