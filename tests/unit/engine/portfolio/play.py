"""Runs in which orders are placed by row, and what they came to in tuples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import OrderEnd, OrderState, OrderType, Side, TimeInForce
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.engine.tickets import Ticket
from tests.unit.engine.build import FREE

Act = Callable[[Simulation], object]


def play(market: Market | Panel, script: Mapping[int, Sequence[Act]], how: Settings = FREE) -> Result:
    """A whole run in which each row's acts follow its close."""
    return drive(market, script, how).result()


def drive(market: Market | Panel, script: Mapping[int, Sequence[Act]], how: Settings = FREE) -> Simulation:
    simulation = Simulation(market, how)
    for row in range(simulation.rows_total):
        while simulation.rows_done <= row:
            simulation.run_ahead(row + 1)
        for act in script.get(row, ()):
            act(simulation)
    return simulation


def buy(quantity: float, type_: OrderType = OrderType.MARKET, symbol: int = 0, **said: Any) -> Act:
    return lambda simulation: simulation.place(Ticket(symbol, Side.BUY, quantity, type_, **said))


def sell(quantity: float, type_: OrderType = OrderType.MARKET, symbol: int = 0, **said: Any) -> Act:
    return lambda simulation: simulation.place(Ticket(symbol, Side.SELL, quantity, type_, **said))


def bracket(entry: Ticket, *exits: float | None, **more: float) -> Act:
    return lambda simulation: simulation.place_bracket(entry, *exits, **more)


def weigh(weight: float, symbol: int = 0) -> Act:
    return lambda simulation: simulation.decide(symbol, weight)


def cancel(number: int) -> Act:
    return lambda simulation: simulation.cancel(number)


def fills(result: Result) -> list[tuple[int, int, float, float]]:
    """(row, order, signed quantity, price) of each fill."""
    rows = zip(*(result.fills[name].tolist() for name in ("row", "order", "side", "quantity", "price")), strict=True)
    return [(row, order, side * quantity, price) for row, order, side, quantity, price in rows]


def ends(result: Result) -> list[tuple[OrderState, OrderEnd]]:
    """The state and end of each order."""
    return [(OrderState(order["state"]), OrderEnd(order["end"])) for order in result.orders]


def split(ratio: str, day: int) -> CorporateAction:
    return CorporateAction(ActionType.SPLIT, date(2020, 1, day), Decimal(ratio), "x")


def dividend(amount: str, day: int, pay_day: int | None = None) -> CorporateAction:
    paid = date(2020, 1, pay_day) if pay_day else None
    return CorporateAction(ActionType.DIVIDEND, date(2020, 1, day), Decimal(amount), "x", paid)


__all__ = ["OrderType", "Side", "TimeInForce"]
