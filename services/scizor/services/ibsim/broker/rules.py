"""What the broker refuses before an order exists. All texts are a gateway's own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from scizor.services.ibsim.broker.words import ACCOUNT, Order, Refusal, Status, Terms
from scizor.services.ibsim.market.api import Listing
from scizor.services.ibsim.market.ticks import ticks_of

PriceSteps = Sequence[tuple[float, float]]

_TIMES_IN_FORCE = {"DAY", "GTC"}
_ORDER_TYPES = {"MKT", "LMT"}

_RULE_ID, _ASX_RULE_ID = 26, 635
_EXCHANGE_OF_RULE = {_RULE_ID: "NASDAQ", _ASX_RULE_ID: "ASX"}


def market_rule_id(listing: Listing) -> int:
    """Which rule a contract's prices follow."""
    return _ASX_RULE_ID if listing.primary_exchange == "ASX" else _RULE_ID


def market_rule(rule_id: int) -> PriceSteps:
    """The least step of a price, from each lower edge on. Raises Refusal."""
    exchange = _EXCHANGE_OF_RULE.get(rule_id)
    if exchange is None:
        raise Refusal(321, "Error validating request.-'bW' : cause - Unknown market rule id")
    return ticks_of(exchange).rule


def check_terms(listing: Listing, terms: Terms) -> None:
    """Raise Refusal for terms that no order may have."""
    if terms.action not in {"BUY", "SELL"}:
        raise Refusal(321, "Error validating request.-'bH' : cause - Invalid order side")
    if terms.account not in {"", ACCOUNT}:
        raise Refusal(321, "Error validating request.-'bH' : cause - Invalid account code")
    if terms.order_type not in _ORDER_TYPES or terms.algo_strategy:
        raise Refusal(387, "Unsupported order type for this exchange and security type.")
    if terms.tif not in _TIMES_IN_FORCE:
        raise Refusal(10052, f"Invalid time in force:{terms.tif}")
    if terms.quantity <= 0:
        raise Refusal(434, "The order size cannot be zero.")
    if terms.quantity != terms.quantity.to_integral_value():
        raise Refusal(10243, "Fractional-sized order cannot be placed via API. Please use desktop version instead.")
    _check_price(listing, terms)


def check_change(order: Order, listing: Listing, terms: Terms) -> None:
    """Raise Refusal for new terms that an order there already is cannot take."""
    if order.status is Status.FILLED:
        raise Refusal(104, "Cannot modify a filled order.")
    if not order.status.is_open:
        raise Refusal(103, "Duplicate order id")
    same = (order.listing.con_id, order.terms.action, order.terms.order_type)
    if same != (listing.con_id, terms.action, terms.order_type) or terms.quantity <= order.filled:
        raise Refusal(105, "Order being modified does not match original order.")


def check_cancel(order: Order | None, order_id: int) -> Order:
    """The order to cancel. Raises Refusal."""
    if order is None:
        raise Refusal(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
    if order.status is Status.CANCELLED:
        raise Refusal(161, f"Cancel attempted when order is not in a cancellable state.  Order permId ={order.perm_id}")
    if not order.status.is_open:
        raise Refusal(
            10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
        )
    return order


def _check_price(listing: Listing, terms: Terms) -> None:
    if terms.order_type != "LMT":
        return
    price = terms.limit_price
    if price is None or price <= 0:
        raise Refusal(321, "Error validating request.-'bH' : cause - A limit order needs a price above zero")
    steps = market_rule(market_rule_id(listing))
    step = next(Decimal(str(step)) for edge, step in reversed(steps) if price >= Decimal(str(edge)))
    if price % step:
        raise Refusal(110, "The price does not conform to the minimum price variation for this contract.")
