"""The state of a run: the account, and what is noted of it at each close."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from scizor.engine.settings import Settings
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.corporate import Clock
from tests.unit.engine.oracle.money import ZERO
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.world import World


@dataclass
class Run:
    """Columns by row, the account, and what is counted. `calls`: the margin calls that wait, by symbol."""

    world: World
    settings: Settings
    account: Account
    clock: Clock = field(default_factory=Clock)
    weights: dict[int, Decimal] = field(default_factory=dict)
    calls: dict[int, Order] = field(default_factory=dict)
    equity: list[Decimal] = field(default_factory=list)
    cash: list[Decimal] = field(default_factory=list)
    long_value: list[Decimal] = field(default_factory=list)
    short_value: list[Decimal] = field(default_factory=list)
    due: list[Decimal] = field(default_factory=list)
    n_ambiguous: int = 0
    best: Decimal = ZERO
    worst: Decimal = ZERO
    n_margin_calls: int = 0
    ruined_row: int | None = None


def mark(run: Run) -> None:
    """Note what the account is worth."""
    account = run.account
    values = [account.value_of(symbol, price) for symbol, price in enumerate(account.closes)]
    run.equity.append(account.equity(account.closes))
    run.cash.append(account.cash)
    run.long_value.append(sum((one for one in values if one > 0), ZERO))
    run.short_value.append(sum((one for one in values if one < 0), ZERO))
    run.due.append(account.due())
