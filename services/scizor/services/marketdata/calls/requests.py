"""What requests ask for, as values the use cases take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from functools import cache
from typing import Any, Protocol

from protovalidate import Validator

from scizor.codec.bars import from_interval
from scizor.codec.rows import from_rows
from scizor.codec.symbols import demand_changeable
from scizor.domain.bars import Adjustment
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import SessionRange, parse_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import symbol_pb2
from scizor.rpc.errors import DeadlineExceeded
from scizor.rpc.validation import refusal
from scizor.services.marketdata.bars.scaling import Scale
from scizor.services.marketdata.bars.store import Selection
from scizor.services.marketdata.imports.intake import MAX_REJECTED_FRACTION, FileFormat, ImportOrder

LONGEST_SILENCE_S = 60.0


class _Ranged(Protocol):
    start: str
    end: str


class _Scaled(Protocol):
    adjustment: Any
    as_of: str


class _Selected(_Ranged, _Scaled, Protocol):
    interval: Any


def sessions_of(request: _Ranged) -> SessionRange:
    """The range asked for. Raises InvalidInput(DATE_RANGE_INVALID)."""
    return SessionRange(parse_session("start", request.start), parse_session("end", request.end))


def scale_of(request: _Scaled, today: date) -> Scale:
    """The scale asked for, RAW and today's when not said. Raises InvalidInput(DATE_RANGE_INVALID)."""
    return Scale(Adjustment(request.adjustment or Adjustment.RAW), parse_session("as_of", request.as_of) or today)


def selection_of(request: _Selected, today: date) -> Selection:
    """The bars asked for. Raises InvalidInput(DATE_RANGE_INVALID)."""
    return Selection(sessions_of(request), from_interval(request.interval), scale_of(request, today))


def demand_daily(interval: int) -> None:
    """Raises InvalidInput for bars shorter than a day."""
    if from_interval(interval).intraday:
        raise InvalidInput.of_field("interval", "must be one day: read shorter bars page by page with GetBars")


def demand_good_change(request: pb.UpdateSymbolRequest) -> None:
    """Raises InvalidInput unless the masked fields, and only those, keep the rules of a symbol that is created."""
    if not request.symbol.id:
        raise InvalidInput.of_field("symbol.id", "must name the symbol to change")
    demand_changeable(request.update_mask)
    # The key cannot change, so any that keeps the rules stands for it: only the masked fields are judged.
    candidate = symbol_pb2.Symbol(symbol="ANY", primary_exchange="ANY", currency="USD")
    request.update_mask.MergeMessage(request.symbol, candidate, replace_message_field=True)
    whole = pb.CreateSymbolRequest(symbol=candidate)
    violations = _validator().collect_violations(whole)
    if violations:
        raise refusal(whole, violations)


async def opened(requests: AsyncIterator[pb.ImportBarsRequest]) -> ImportOrder:
    """The order in an import's first message. Raises InvalidInput when it is none, DeadlineExceeded when none comes."""
    first = await anext(_promptly(requests), None)
    if first is None or first.WhichOneof("payload") != "header":
        raise InvalidInput.of_field("payload", "must be the header in the first message")
    header = first.header
    fraction = header.max_rejected_fraction if header.HasField("max_rejected_fraction") else MAX_REJECTED_FRACTION
    return ImportOrder(header.symbol, header.source, FileFormat(header.format), fraction, header.request_id)


async def pieces_of(
    order: ImportOrder, requests: AsyncIterator[pb.ImportBarsRequest]
) -> AsyncIterator[bytes | RowBatch]:
    """The content behind the header.

    Raises InvalidInput for a second header, or rows that name no symbol, and DeadlineExceeded when the client stalls.
    """
    number = 1
    async for request in _promptly(requests):
        match request.WhichOneof("payload"):
            case "data":
                yield request.data
            case "rows":
                batch = from_rows(request.rows, _symbol_of(order, request.rows), number)
                number += len(batch)
                yield batch
            case _:
                raise InvalidInput.of_field("payload", "must be the header in the first message only")


async def _promptly(requests: AsyncIterator[pb.ImportBarsRequest]) -> AsyncIterator[pb.ImportBarsRequest]:
    """The messages as they come: an import holds a place that others wait for, so its client may not fall silent."""
    iterator = aiter(requests)
    while True:
        try:
            async with asyncio.timeout(LONGEST_SILENCE_S):
                request = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError:
            silence = f"no message came for {LONGEST_SILENCE_S:g} s: nothing was stored"
            raise DeadlineExceeded(silence, Reason.DEADLINE_EXCEEDED) from None
        yield request


def _symbol_of(order: ImportOrder, rows: pb.ImportRows) -> str:
    if order.symbol and rows.symbol not in ("", order.symbol):
        raise InvalidInput.of_field("rows.symbol", f"must be {order.symbol}, the header's, or empty")
    if not order.symbol and not rows.symbol:
        raise InvalidInput.of_field("rows.symbol", "must be given, as the header names no symbol")
    return order.symbol or rows.symbol


@cache
def _validator() -> Validator:
    return Validator()
