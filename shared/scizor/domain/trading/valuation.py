"""What positions are worth at given prices, in their own currencies and in the account's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from scizor.domain.trading.money import ZERO, Rates
from scizor.domain.trading.positions import Position


@dataclass(frozen=True, slots=True)
class Mark:
    """A live price and when it was received."""

    price: Decimal
    time: datetime

    def age(self, now: datetime) -> timedelta:
        """How old it is."""
        return now - self.time


@dataclass(frozen=True, slots=True)
class Worth:
    """A position at a price. All but `price` in base currency; None where no price is known and something is held."""

    position: Position
    mark: Mark | None
    market_value: Decimal | None
    unrealised: Decimal | None
    realised: Decimal
    dividends: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal | None:
        """What the position has come to, after fees."""
        if self.unrealised is None:
            return None
        return self.unrealised + self.realised + self.dividends - self.fees


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in base currency. `unpriced`: instruments that no price is known of, and that are left out of the values."""

    gross: Decimal
    net: Decimal
    unrealised: Decimal
    realised: Decimal
    dividends: Decimal
    fees: Decimal
    unpriced: tuple[str, ...]

    @property
    def profit(self) -> Decimal:
        """All that came of it, after fees."""
        return self.unrealised + self.realised + self.dividends - self.fees


def worth(position: Position, mark: Mark | None, rates: Rates) -> Worth:
    """One position at a price. Raises FailedPrecondition where a rate lacks."""
    rate = rates.of(position.currency)
    shares = position.shares
    price = mark.price if mark is not None else None if shares else ZERO
    return Worth(
        position,
        mark,
        None if price is None else shares * price * rate,
        None if price is None else position.unrealised(price) * rate,
        position.realised * rate,
        position.dividends * rate,
        rates.total(position.fees),
    )


def totals(worths: Iterable[Worth]) -> Totals:
    """Sums over positions."""
    all_of = tuple(worths)
    values = [one.market_value for one in all_of if one.market_value is not None]
    return Totals(
        gross=sum(map(abs, values), ZERO),
        net=sum(values, ZERO),
        unrealised=sum((one.unrealised for one in all_of if one.unrealised is not None), ZERO),
        realised=sum((one.realised for one in all_of), ZERO),
        dividends=sum((one.dividends for one in all_of), ZERO),
        fees=sum((one.fees for one in all_of), ZERO),
        unpriced=tuple(one.position.instrument for one in all_of if one.market_value is None),
    )


def value_all(positions: Iterable[Position], marks: Mapping[str, Mark], rates: Rates) -> tuple[Worth, ...]:
    """All of them, each at its instrument's price."""
    return tuple(worth(one, marks.get(one.instrument), rates) for one in positions)
