"""What happens to positions, entry by entry, and the round trips it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from scizor.domain.orders import FillCause
from tests.unit.engine.oracle.money import ZERO


class Fill(NamedTuple):
    """As the engine's FILL record."""

    row: int
    symbol: int
    order: int
    cause: FillCause
    side: int
    quantity: Decimal
    price: Decimal
    reference: Decimal
    commission: Decimal
    slippage: Decimal
    fx_cost: Decimal
    rate: Decimal
    phase: int


class Split(NamedTuple):
    """`paid_out`: signed shares, after the split, that were no whole share; `price`: what each was paid."""

    row: int
    symbol: int
    ratio: Decimal
    paid_out: Decimal
    price: Decimal
    rate: Decimal


class Dividend(NamedTuple):
    """`amount`: quote currency, below zero for who is short; `rate`: that of its ex-date's row."""

    row: int
    symbol: int
    amount: Decimal
    pay_date: date
    rate: Decimal


Entry = Fill | Split | Dividend


@dataclass
class Trade:
    """As the engine's TRADE record."""

    symbol: int
    direction: int
    entry_row: int
    exit_row: int
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    gross_pnl: Decimal
    commission: Decimal
    fx_cost: Decimal
    dividends: Decimal
    net_pnl: Decimal
    entry_order: int
    exit_order: int
    exit_cause: int


def round_trips(log: Sequence[Entry]) -> list[Trade]:
    """From flat to flat, in the order of their exits."""
    running: dict[int, list[Entry]] = {}
    held: dict[int, Decimal] = {}
    trades = []
    for entry in log:
        symbol = entry.symbol
        running.setdefault(symbol, []).append(entry)
        if isinstance(entry, Fill):
            held[symbol] = held.get(symbol, ZERO) + entry.side * entry.quantity
        elif isinstance(entry, Split):
            held[symbol] = held.get(symbol, ZERO) * entry.ratio - entry.paid_out
        if held.get(symbol, ZERO) == 0:
            trip = running.pop(symbol)
            if isinstance(trip[0], Fill):
                trades.append(_trade(trip))
    return trades


def _trade(trip: Sequence[Entry]) -> Trade:
    """Shares and prices on the scale of its end."""
    first = trip[0]
    assert isinstance(first, Fill)
    bought = sold = paid = got = gross = ZERO
    exit_row, exit_order, exit_cause = 0, 0, 0
    for entry in trip:
        if isinstance(entry, Split):
            bought, sold = bought * entry.ratio, sold * entry.ratio
            fraction = abs(entry.paid_out)
            sold, got = sold + fraction, got + fraction * entry.price
            gross += first.side * fraction * entry.price * entry.rate
            exit_row, exit_order, exit_cause = entry.row, 0, int(FillCause.SPLIT)
        elif isinstance(entry, Fill):
            value = entry.quantity * entry.price
            gross -= entry.side * value * entry.rate
            if entry.side == first.side:
                bought, paid = bought + entry.quantity, paid + value
            else:
                sold, got = sold + entry.quantity, got + value
                exit_row, exit_order, exit_cause = entry.row, entry.order, int(entry.cause)
    commission = sum((one.commission for one in trip if isinstance(one, Fill)), ZERO)
    fx_cost = sum((one.fx_cost for one in trip if isinstance(one, Fill)), ZERO)
    dividends = sum((one.amount * one.rate for one in trip if isinstance(one, Dividend)), ZERO)
    return Trade(
        first.symbol, first.side, first.row, exit_row, bought, paid / bought, got / sold, gross, commission, fx_cost,
        dividends, gross + dividends - commission - fx_cost, first.order, exit_order, exit_cause,
    )  # fmt: skip
