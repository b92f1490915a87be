"""Rows of orders' events and executions, as the domain has them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from scizor.adapters.sql.order_payloads import payload_of
from scizor.adapters.sql.prepared import Columns
from scizor.domain.orders import Side
from scizor.domain.trading.events import OrderEvent, Source
from scizor.domain.trading.executions import Execution
from scizor.ports.journal import BookedExecution

_SIDES = {int(side): side for side in Side}
_SOURCES = {int(source): source for source in Source}


def event_of(row: Columns, document: Mapping[str, Any]) -> OrderEvent:
    """An event. `document`: its payload. Raises DataCorrupt."""
    payload = payload_of(row["kind"], document)
    return OrderEvent(row["order_sequence"], row["time"], _SOURCES[row["source"]], payload)


def booked_of(row: Columns) -> BookedExecution:
    """An execution with what is known of it."""
    execution = Execution(
        row["exec_id"],
        row["account"],
        row["instrument"],
        _SIDES[row["side"]],
        row["quantity"],
        row["price"],
        row["time"],
    )
    fees: dict[str, Decimal] = {} if row["currency"] is None else {row["currency"]: row["commission"]}
    return BookedExecution(
        execution, str(row["order_id"]), row["strategy_id"], row["deployment_id"], fees, row["reconciled"]
    )
