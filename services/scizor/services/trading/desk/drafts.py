"""What callers bring to the desk, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scizor.domain.orders import Side
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.states import Order


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and from where: for the audit."""

    name: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class BracketPrices:
    """Exits that wait for their entry, the one ending the other; one of the two prices at least."""

    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    stop_loss_limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """An order the other way that waits for its entry. `client_order_id`: empty where nobody asks by it."""

    terms: Terms
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as it is asked for. `symbol`: as the caller spells it.

    `exits`: of an entry that has no `bracket`; they end each other.
    """

    client_order_id: str
    symbol: str
    side: Side
    terms: Terms
    bracket: BracketPrices | None = None
    group: str = ""
    strategy_id: str = ""
    deployment_id: str = ""
    exits: tuple[Exit, ...] = ()


@dataclass(frozen=True, slots=True)
class Answering:
    """The request's id, whose answer is stored with what it does. `encode`: the answer, of the orders it is about."""

    method: str
    request_id: str
    body_hash: bytes
    encode: Callable[[Sequence[Order]], bytes]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks say of a draft. `value`, `commission`: base currency; None where not known.

    `restricted`: the account's trading state keeps it back.
    """

    violations: tuple[Violation, ...]
    value: Decimal | None
    commission: Decimal | None
    restricted: bool = False
