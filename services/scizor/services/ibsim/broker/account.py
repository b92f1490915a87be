"""Cash and positions, and the values that an account is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from scizor.services.ibsim.broker.costs import INITIAL_MARGIN, MAINTENANCE_MARGIN, in_base
from scizor.services.ibsim.broker.words import BASE_CURRENCY, Position
from scizor.services.ibsim.market.api import Market

_CENTS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One line of an account: a key, its value and the currency, empty for what is no money."""

    key: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class Worth:
    """An account in its base currency."""

    cash: Decimal
    long: Decimal
    short: Decimal
    unrealized: Decimal
    realized: Decimal

    @property
    def equity(self) -> Decimal:
        """What would be left if all were sold now."""
        return self.cash + self.long + self.short

    @property
    def gross(self) -> Decimal:
        """All positions, whatever their side."""
        return self.long - self.short

    @property
    def available(self) -> Decimal:
        """What may serve as initial margin."""
        return self.equity - INITIAL_MARGIN * self.gross


def fill_position(position: Position, signed: Decimal, price: Decimal, commission: Decimal) -> Position:
    """The position after a fill of `signed` shares, commissions within its cost and its gains."""
    held = position.shares
    closing = min(abs(signed), abs(held)) if held * signed < 0 else Decimal(0)
    opening = abs(signed) - closing
    side = 1 if signed > 0 else -1
    per_share = commission / abs(signed)
    gain = closing * (position.average_cost - price) * side - closing * per_share
    shares = held + signed
    if not shares:
        average = Decimal(0)
    elif opening:
        kept = abs(held) - closing
        average = (kept * position.average_cost + opening * (price + side * per_share)) / (kept + opening)
    else:
        average = position.average_cost
    return replace(position, shares=shares, average_cost=average, realized=position.realized + gain)


def market_price(market: Market, position: Position) -> Decimal:
    """What a share of it last traded at."""
    return Decimal(str(market.quote(position.listing).last))


def unrealized(position: Position, price: Decimal) -> Decimal:
    """The gain if it were closed at this price, in its currency."""
    return (price - position.average_cost) * position.shares


def worth(market: Market, cash: Mapping[str, Decimal], positions: Iterable[Position]) -> Worth:
    """What the account is worth now."""
    total = sum((amount * in_base(currency) for currency, amount in cash.items()), Decimal(0))
    long = short = open_gain = closed_gain = Decimal(0)
    for position in positions:
        rate = in_base(position.listing.currency)
        closed_gain += position.realized * rate
        if not position.shares:
            continue
        price = market_price(market, position)
        value = price * position.shares * rate
        long, short = long + max(value, Decimal(0)), short + min(value, Decimal(0))
        open_gain += unrealized(position, price) * rate
    return Worth(total, long, short, open_gain, closed_gain)


def account_values(value: Worth, cash: Mapping[str, Decimal]) -> list[AccountValue]:
    """The account's lines, those of the base currency first."""
    initial, maintenance = INITIAL_MARGIN * value.gross, MAINTENANCE_MARGIN * value.gross
    amounts = {
        "NetLiquidation": value.equity,
        "TotalCashValue": value.cash,
        "SettledCash": value.cash,
        "EquityWithLoanValue": value.equity,
        "GrossPositionValue": value.gross,
        "BuyingPower": value.available / INITIAL_MARGIN,
        "AvailableFunds": value.available,
        "ExcessLiquidity": value.equity - maintenance,
        "InitMarginReq": initial,
        "MaintMarginReq": maintenance,
        "UnrealizedPnL": value.unrealized,
        "RealizedPnL": value.realized,
    }
    lines = [AccountValue("AccountType", "INDIVIDUAL", ""), AccountValue("AccountReady", "true", "")]
    lines += [AccountValue(key, _money(amount), BASE_CURRENCY) for key, amount in amounts.items()]
    for currency, amount in sorted(cash.items()):
        lines.append(AccountValue("CashBalance", _money(amount), currency))
        lines.append(AccountValue("ExchangeRate", str(in_base(currency)), currency))
    return lines


def _money(amount: Decimal) -> str:
    return str(amount.quantize(_CENTS))
