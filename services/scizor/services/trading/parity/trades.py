"""Trades of both sides, as they are held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from scizor.domain.trading.executions import Execution
from scizor.domain.trading.money import ZERO, Rates
from scizor.domain.trading.parity import ParityFill
from scizor.domain.trading.states import Order
from scizor.ports.storage import Storage
from scizor.services.research.replayed import ReplayedFill
from scizor.services.trading.deployments.stakes import number_of
from scizor.services.trading.parity.stories import Bars, Story, instant
from scizor.strategy.live import Place

_PAGE: Final = 1_000


async def live_trades(storage: Storage, story: Story, rates: Rates) -> list[ParityFill]:
    """What its own orders traded until the newest row closed, corrections and late commissions taken in."""
    decided = {
        intent.id: instant(moment.newest_ns)
        for moment in story.moments
        for intent in moment.intents
        if isinstance(intent, Place)
    }
    bars, fills = story.stored, list[ParityFill]()
    for order in await _orders(storage, story):
        number = number_of(order)
        if number is None or number not in decided:
            continue
        for trade in order.book.valid():
            place = bars.row_of(trade.time)
            if place < len(bars.rows):  # the backtest has not come to what is later
                fills.append(_live(order, trade, decided[number], bars.end(place), rates))
    return fills


def backtest_trades(bars: Bars, fills: Sequence[ReplayedFill], rate: Decimal) -> Iterator[ParityFill]:
    """What the backtest of those bars traded. `rate`: of its currency to base."""
    for one in fills:
        yield ParityFill(
            f"{one.order:012}",
            one.symbol,
            one.side,
            one.quantity,
            one.price,
            bars.end(max(one.decided, 0)),
            bars.end(one.row),
            one.commission * rate,
        )


async def _orders(storage: Storage, story: Story) -> list[Order]:
    """All of the deployment's, as they stand."""
    found: dict[str, Order] = {}
    heard, deployment = story.moments[0].heard, story.deployment.deployment
    while True:
        async with storage.begin() as work:
            entries = await work.orders.entries_after(deployment.spec.account, heard, _PAGE)
        found |= {one.order.id: one.order for one in entries if one.order.request.deployment_id == deployment.id}
        if len(entries) < _PAGE:
            return list(found.values())
        heard = entries[-1].sequence


def _live(order: Order, trade: Execution, decided: datetime, traded: datetime, rates: Rates) -> ParityFill:
    told = order.book.commission_of(trade)
    fees = told.amount * rates.of(told.currency) if told else ZERO
    return ParityFill(order.id, trade.instrument, trade.side, trade.quantity, trade.price, decided, traded, fees)
