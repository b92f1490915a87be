"""What each rule asks of an order. A rule that cannot be checked is broken: what is not known is not safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from scizor.domain.orders import Side, TimeInForce
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.question import Question, pattern


@dataclass(frozen=True, slots=True)
class Violation:
    """A limit that is broken: `value` is what it came to, None where that cannot be known."""

    limit: Limit
    value: Decimal | None
    message: str


def above(limit: Limit, value: Decimal, what: str) -> Violation | None:
    """The violation, if the value is above the limit."""
    if value <= limit.value:
        return None
    return Violation(limit, value, f"{what} {_told(value)} is above {_told(limit.value)}")


def _told(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.0001')).normalize():f}"


def unpriced(limit: Limit) -> Violation:
    """What a limit in money is where no price, or no rate of exchange, is known."""
    return Violation(limit, None, "no price is known, so the limit cannot be checked")


def _order_quantity(ask: Question, limit: Limit) -> Violation | None:
    return above(limit, ask.order.terms.quantity, "quantity")


def _order_notional(ask: Question, limit: Limit) -> Violation | None:
    return unpriced(limit) if ask.order_value is None else above(limit, ask.order_value, "order value")


def _position_quantity(ask: Question, limit: Limit) -> Violation | None:
    return above(limit, ask.holdings(limit)[1].worst, "position") if ask.grows(limit) else None


def _position_notional(ask: Question, limit: Limit) -> Violation | None:
    if not ask.grows(limit):
        return None
    if ask.share_value is None:
        return unpriced(limit)
    return above(limit, ask.holdings(limit)[1].worst * ask.share_value, "position value")


def _gross(ask: Question, limit: Limit) -> Violation | None:
    if not ask.grows(limit):
        return None
    sums = ask.sums(limit)
    return unpriced(limit) if sums is None else above(limit, sums[1].gross, "gross exposure")


def _net(ask: Question, limit: Limit) -> Violation | None:
    sums = ask.sums(limit)
    if sums is None:
        return None if ask.reduces else unpriced(limit)
    before, after = (abs(one.highest if ask.order.side is Side.BUY else one.lowest) for one in sums)
    return above(limit, after, "net exposure") if after > before else None


def _concentration(ask: Question, limit: Limit) -> Violation | None:
    if not ask.grows(limit):
        return None
    if ask.share_value is None:
        return unpriced(limit)
    worst = ask.holdings(limit)[1].worst
    return over_equity(limit, worst * ask.share_value, ask.funds(limit).equity, "the instrument's part of equity")


def _leverage(ask: Question, limit: Limit) -> Violation | None:
    if not ask.grows(limit):
        return None
    sums = ask.sums(limit)
    if sums is None:
        return unpriced(limit)
    return over_equity(limit, sums[1].gross, ask.funds(limit).equity, "leverage")


def over_equity(limit: Limit, amount: Decimal, equity: Decimal, what: str) -> Violation | None:
    """The violation, if the amount is too large a part of equity."""
    if equity <= 0:
        return Violation(limit, None, f"equity is {_told(equity)}")
    return above(limit, amount / equity, what)


def _buying_power(ask: Question, limit: Limit) -> Violation | None:
    sums = ask.sums(limit)
    if sums is None:
        return None if ask.reduces else unpriced(limit)
    before, after = sums[0].opening, sums[1].opening
    needed, available = after * limit.value, ask.book.funds.available
    if after <= before or needed <= available:
        return None
    return Violation(limit, needed, f"{_told(needed)} is needed with open orders, {_told(available)} is available")


def _daily_loss(ask: Question, limit: Limit) -> Violation | None:
    return None if ask.reduces else above(limit, ask.funds(limit).day_loss, "the day's loss")


def _drawdown(ask: Question, limit: Limit) -> Violation | None:
    return None if ask.reduces else above(limit, ask.funds(limit).drawdown, "drawdown")


def _order_rate(ask: Question, limit: Limit) -> Violation | None:
    sent = ask.book.sent_within_a_minute(ask.owner(limit), ask.now)
    return above(limit, Decimal(sent + 1), "orders in a minute")


def _open_orders(ask: Question, limit: Limit) -> Violation | None:
    if ask.replaces:
        return None
    if limit.scope is Scope.SYMBOL:
        count = ask.book.orders_of(ask.order.instrument)
    else:
        count = ask.book.open_orders(ask.owner(limit))
    return above(limit, Decimal(count + 1), "open orders")


def _duplicate(ask: Question, limit: Limit) -> Violation | None:
    last = ask.book.last_alike(pattern(ask.order))
    if last is None or ask.replaces or ask.now - last > timedelta(seconds=float(limit.value)):
        return None
    age = Decimal(str((ask.now - last).total_seconds()))
    return Violation(limit, age, f"the same order was sent {_told(age)} s ago")


def _price_collar(ask: Question, limit: Limit) -> Violation | None:
    price = ask.order.terms.limit
    if price is None:
        return None
    if ask.mark is None or ask.mark.price <= 0:
        return unpriced(limit)
    worse = (price / ask.mark.price - 1) * int(ask.order.side)
    return above(limit, worse, "how much worse than the last price the limit is")


def _price_age(ask: Question, limit: Limit) -> Violation | None:
    if ask.reduces:
        return None
    if ask.mark is None:
        return unpriced(limit)
    return above(limit, Decimal(str(ask.mark.age(ask.now).total_seconds())), "seconds since the last price")


def _restricted(ask: Question, limit: Limit) -> Violation | None:
    if ask.reduces:
        return None
    return Violation(limit, None, f"{ask.order.instrument} is on the restricted list")


def _market_hours(ask: Question, limit: Limit) -> Violation | None:
    waits = ask.order.terms.tif in (TimeInForce.OPG, TimeInForce.CLS) or ask.order.terms.outside_rth
    if waits or ask.order.instrument not in ask.prices.closed:
        return None
    return Violation(limit, None, f"the exchange of {ask.order.instrument} is closed")


def _short_sale(ask: Question, limit: Limit) -> Violation | None:
    before, after = ask.holdings(limit)
    if ask.order.side is Side.BUY or after.lowest >= before.lowest:
        return None
    return above(limit, max(-after.lowest, ZERO), "shares short")


RULES: Mapping[Rule, Callable[[Question, Limit], Violation | None]] = {
    Rule.ORDER_QUANTITY: _order_quantity,
    Rule.ORDER_NOTIONAL: _order_notional,
    Rule.POSITION_QUANTITY: _position_quantity,
    Rule.POSITION_NOTIONAL: _position_notional,
    Rule.GROSS_EXPOSURE: _gross,
    Rule.NET_EXPOSURE: _net,
    Rule.CONCENTRATION: _concentration,
    Rule.LEVERAGE: _leverage,
    Rule.BUYING_POWER: _buying_power,
    Rule.DAILY_LOSS: _daily_loss,
    Rule.DRAWDOWN: _drawdown,
    Rule.ORDER_RATE: _order_rate,
    Rule.OPEN_ORDERS: _open_orders,
    Rule.DUPLICATE: _duplicate,
    Rule.PRICE_COLLAR: _price_collar,
    Rule.PRICE_AGE: _price_age,
    Rule.RESTRICTED: _restricted,
    Rule.MARKET_HOURS: _market_hours,
    Rule.SHORT_SALE: _short_sale,
}
