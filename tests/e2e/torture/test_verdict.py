"""Whatever is wrong in the books of a run that went well is named by the verdict."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.e2e.torture.run import Outcome, tormented
from tests.e2e.torture.site import site
from tests.e2e.torture.traders import Told
from tests.e2e.torture.verdict import judged

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
SEED, KILLED = 11, 4

Body = dict[str, Any]
Wrong = Callable[[sqlite3.Connection], None]


def changed(table: str, where: Callable[[Body], bool], change: Callable[[Body], None]) -> Wrong:
    """One row that fits is another."""

    def do(db: sqlite3.Connection) -> None:
        row, body = _row(db, table, where)
        change(body)
        db.execute(f"UPDATE {table} SET body = ? WHERE rowid = ?", (json.dumps(body), row))  # noqa: S608 - our names

    return do


def added(where: Callable[[Body], bool], **other: Any) -> Wrong:
    """One order is there once more, in these ways another."""

    def do(db: sqlite3.Connection) -> None:
        _, body = _row(db, "orders", where)
        body |= {"perm_id": 999_999_999, "order_id": 999_999} | other
        db.execute("INSERT INTO orders VALUES (?, ?)", (body["perm_id"], json.dumps(body)))

    return do


def dropped(table: str, where: Callable[[Body], bool]) -> Wrong:
    """One row that fits is gone."""

    def do(db: sqlite3.Connection) -> None:
        row, _ = _row(db, table, where)
        db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608 - our names

    return do


def _row(db: sqlite3.Connection, table: str, where: Callable[[Body], bool]) -> tuple[int, Body]:
    rows = db.execute(f"SELECT rowid, body FROM {table} ORDER BY rowid DESC")  # noqa: S608 - our names
    return next((row, body) for row, text in rows if where(body := json.loads(text)))


def a_cent_more(db: sqlite3.Connection) -> None:
    """Of cash."""
    ((amount,),) = db.execute("SELECT amount FROM cash WHERE currency = 'USD'").fetchall()
    db.execute("UPDATE cash SET amount = ? WHERE currency = 'USD'", (str(Decimal(amount) + Decimal("0.01")),))


def more(field: str, by: str) -> Callable[[Body], None]:
    """Of one field."""
    return lambda body: body.update({field: str(Decimal(body[field]) + Decimal(by))})


def any_one(body: Body) -> bool:
    """Fits."""
    return bool(body)


def stands(body: Body) -> bool:
    """A fill that was never corrected."""
    return bool(body["exec_id"].endswith(".01") and Decimal(body["shares"]))


AT_THE_BROKER: Final[dict[str, tuple[Wrong, str]]] = {
    "an order placed twice": (added(any_one), "is at the broker 2 times"),
    "an order of nobody": (dropped("orders", lambda one: one["status"] == "Filled"), "the broker never had it"),
    "an order filled once more": (changed("orders", any_one, more("filled", "1")), "has filled"),
    "an order that ended": (
        changed("orders", lambda one: one["status"] == "Submitted", lambda one: one.update(status="Cancelled")),
        "at the broker Cancelled",
    ),
    "a fill that never was": (dropped("executions", stands), "never was"),
    "a fill at another price": (changed("executions", stands, more("price", "0.01")), "at the broker ("),
    "a fill that cost a cent more": (changed("executions", stands, more("commission", "0.01")), " cost "),
    "a share more": (changed("positions", any_one, more("shares", "1")), "held {"),
    "a cent more": (a_cent_more, "cash of"),
}


def forgotten(told: Sequence[Told]) -> list[Told]:
    """Nobody asked for what is there."""
    return [one for one in told if not isinstance(one.answer, rpc.PlaceOrderResponse)]


def invented(told: Sequence[Told]) -> list[Told]:
    """Somebody was told of what is not."""
    placed = next(one for one in told if isinstance(one.answer, rpc.PlaceOrderResponse))
    request = rpc.PlaceOrderRequest()
    request.CopyFrom(placed.request)
    request.order.client_order_id = "lost-1"
    return [*told, replace(placed, request=request)]


def refused(told: Sequence[Told]) -> list[Told]:
    """Somebody was told no."""
    return [replace(one, answer=None, refused="no") if one.answer else one for one in told]


TO_CALLERS: Final[dict[str, tuple[Callable[[Sequence[Told]], list[Told]], str]]] = {
    "an intent of nobody": (forgotten, "was asked for by nobody"),
    "an intent that was lost": (invented, "was acknowledged and is not there"),
    "an intent that was refused": (refused, "and is there"),
}


async def test_it_names_whatever_is_wrong() -> None:
    async with site() as on:
        outcome = Outcome(SEED)
        told = await tormented(on, outcome, KILLED)
        assert outcome.discrepancies == []
        assert (await judged(on, told)).wrong == []
        for name, (lie, named) in TO_CALLERS.items():
            wrong = (await judged(on, lie(told))).wrong
            assert any(named in one for one in wrong), (name, wrong)
        kept = on.state.with_suffix(".kept")
        shutil.copy(on.state, kept)
        for name, (act, named) in AT_THE_BROKER.items():
            with closing(sqlite3.connect(on.state)) as db, db:
                act(db)
            wrong = (await judged(on, told)).wrong
            assert any(named in one for one in wrong), (name, wrong)
            shutil.copy(kept, on.state)
        assert (await judged(on, told)).wrong == []
