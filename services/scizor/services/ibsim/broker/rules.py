"""What the broker refuses before an order exists. All texts are a gateway's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from scizor.services.ibsim.broker.kinds import AT_OPEN, KINDS, TIMES_IN_FORCE, Kind
from scizor.services.ibsim.broker.times import parse_instant
from scizor.services.ibsim.broker.words import ACCOUNT, Order, Refusal, Status, Terms
from scizor.services.ibsim.market.api import Listing
from scizor.services.ibsim.market.ticks import ticks_of

PriceSteps = Sequence[tuple[float, float]]

_RULE_ID, _ASX_RULE_ID = 26, 635
_EXCHANGE_OF_RULE = {_RULE_ID: "NASDAQ", _ASX_RULE_ID: "ASX"}
_INVALID = "Error validating request.-'bH' : cause - "
_OCA_TYPES = (0, 1, 2, 3)
_WHOLE = Decimal(100)


def market_rule_id(listing: Listing) -> int:
    """Which rule a contract's prices follow."""
    return _ASX_RULE_ID if listing.primary_exchange == "ASX" else _RULE_ID


def market_rule(rule_id: int) -> PriceSteps:
    """The least step of a price, from each lower edge on. Raises Refusal."""
    exchange = _EXCHANGE_OF_RULE.get(rule_id)
    if exchange is None:
        raise Refusal(321, "Error validating request.-'bW' : cause - Unknown market rule id")
    return ticks_of(exchange).rule


def step_at(listing: Listing, price: Decimal) -> Decimal:
    """The least step of the contract's prices from this one on."""
    steps = market_rule(market_rule_id(listing))
    return next(Decimal(str(step)) for edge, step in reversed(steps) if price >= Decimal(str(edge)))


def on_tick(listing: Listing, price: Decimal, sign: int) -> Decimal:
    """The price moved onto its tick, against who buys (sign 1) or sells (-1)."""
    step = step_at(listing, price)
    return (price / step).to_integral_value(ROUND_CEILING if sign > 0 else ROUND_FLOOR) * step


def check_terms(listing: Listing, terms: Terms, now: datetime) -> None:
    """Raise Refusal for terms that no order may have."""
    if terms.action not in {"BUY", "SELL"}:
        raise Refusal(321, f"{_INVALID}Invalid order side")
    if terms.account not in {"", ACCOUNT}:
        raise Refusal(321, f"{_INVALID}Invalid account code")
    kind = KINDS.get(terms.order_type)
    if kind is None or terms.algo_strategy or terms.conditions:
        raise Refusal(387, "Unsupported order type for this exchange and security type.")
    _check_time_in_force(listing, terms, kind, now)
    if terms.quantity <= 0:
        raise Refusal(434, "The order size cannot be zero.")
    if terms.quantity != terms.quantity.to_integral_value():
        raise Refusal(10243, "Fractional-sized order cannot be placed via API. Please use desktop version instead.")
    if terms.oca_type not in _OCA_TYPES:
        raise Refusal(321, f"{_INVALID}Invalid OCA type")
    _check_prices(listing, terms, kind)


def check_change(order: Order, listing: Listing, terms: Terms) -> None:
    """Raise Refusal for new terms that an order there already is cannot take."""
    if order.status is Status.FILLED:
        raise Refusal(104, "Cannot modify a filled order.")
    if not order.status.is_open:
        raise Refusal(103, "Duplicate order id")
    if order.status is Status.PENDING_CANCEL:
        raise Refusal(161, f"Cancel attempted when order is not in a cancellable state.  Order permId ={order.perm_id}")
    held = order.terms
    same = (order.listing.con_id, held.action, held.order_type, held.parent_id)
    if same != (listing.con_id, terms.action, terms.order_type, terms.parent_id) or terms.quantity <= order.filled:
        raise Refusal(105, "Order being modified does not match original order.")
    if terms.oca_group and (terms.oca_group, terms.oca_type or held.oca_type) != (held.oca_group, held.oca_type):
        raise Refusal(10326, "OCA group revision is not allowed.")


def check_cancel(order: Order | None, order_id: int) -> Order:
    """The order to cancel. Raises Refusal."""
    if order is None:
        raise Refusal(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
    if order.status in {Status.CANCELLED, Status.PENDING_CANCEL}:
        raise Refusal(161, f"Cancel attempted when order is not in a cancellable state.  Order permId ={order.perm_id}")
    if not order.status.is_open:
        raise Refusal(10148, uncancellable(order))
    return order


def uncancellable(order: Order) -> str:
    """The text of error 10148."""
    return f"OrderId {order.order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."


def _check_time_in_force(listing: Listing, terms: Terms, kind: Kind, now: datetime) -> None:
    plain = not kind.waits_for_trigger and not kind.at_close
    if (
        terms.tif not in TIMES_IN_FORCE
        or (terms.tif == AT_OPEN and not plain)
        or (kind.at_close and terms.tif not in {"DAY", "GTC"})
    ):
        raise Refusal(10052, f"Invalid time in force:{terms.tif}")
    if terms.tif == "GTD" and parse_instant(terms.good_till_date, listing.time_zone_id) <= now:
        raise Refusal(201, "Order rejected - reason:The good till date is in the past")
    if terms.good_after_time:
        parse_instant(terms.good_after_time, listing.time_zone_id)


def _check_prices(listing: Listing, terms: Terms, kind: Kind) -> None:
    if kind.has_limit:
        _check_price(listing, terms.limit_price, "A limit order needs a price above zero")
    if kind.has_trigger:
        _check_price(listing, terms.aux_price, "A stop or touch order needs a trigger price above zero")
    if kind.trails:
        _check_trailing(listing, terms)


def _check_trailing(listing: Listing, terms: Terms) -> None:
    amount, percent = terms.aux_price, terms.trailing_percent
    if (amount is None) == (percent is None):
        raise Refusal(321, f"{_INVALID}A trailing order needs either an amount or a percentage")
    if (amount is not None and amount <= 0) or (percent is not None and not 0 < percent < _WHOLE):
        raise Refusal(321, f"{_INVALID}A trailing order needs an amount above zero or a percentage below 100")
    if terms.trail_stop_price is not None and terms.trail_stop_price <= 0:
        raise Refusal(321, f"{_INVALID}A trailing stop price must be above zero")
    if terms.order_type == "TRAIL LIMIT":
        if (terms.limit_offset is None) == (terms.limit_price is None):
            raise Refusal(321, f"{_INVALID}A trailing limit order needs either a limit price or an offset")
        if terms.limit_price is not None and terms.trail_stop_price is None:
            raise Refusal(321, f"{_INVALID}A trailing limit order with a limit price needs a stop price")


def _check_price(listing: Listing, price: Decimal | None, rule: str) -> None:
    if price is None or price <= 0:
        raise Refusal(321, f"{_INVALID}{rule}")
    if price % step_at(listing, price):
        raise Refusal(110, "The price does not conform to the minimum price variation for this contract.")
