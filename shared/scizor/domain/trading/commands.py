"""Which commands an order takes from clients, by where it stands."""

from __future__ import annotations

from scizor.domain.errors import FailedPrecondition, InvalidInput, Reason
from scizor.domain.trading.orders import Terms, check_terms
from scizor.domain.trading.states import Order, OrderState

_REPLACEABLE = frozenset(
    {
        OrderState.PENDING_SUBMIT,
        OrderState.ACCEPTED,
        OrderState.WORKING,
        OrderState.PARTIALLY_FILLED,
        OrderState.PENDING_REPLACE,
    }
)


def check_cancel(order: Order) -> None:
    """Raises FailedPrecondition where there is nothing to cancel. An order that is being cancelled may be again."""
    _check_ours_and_alive(order, "cancelled")


def check_replace(order: Order, terms: Terms) -> None:
    """Raises FailedPrecondition where the order cannot be changed now, InvalidInput where it never could be so."""
    _check_ours_and_alive(order, "changed")
    if order.state not in _REPLACEABLE:
        raise FailedPrecondition(
            f"order {order.id} is {order.state.name}: it can be changed once the broker has said where it stands",
            Reason.ORDER_BUSY,
            metadata={"order": order.id, "state": order.state.name},
        )
    check_terms(terms)
    if terms.type is not order.terms.type:
        raise InvalidInput.of_field("type", f"stays what it is ({order.terms.type.name}): cancel and place another")
    if terms.quantity <= order.filled:
        raise InvalidInput.of_field("quantity", f"must be more than what has filled ({order.filled})")


def _check_ours_and_alive(order: Order, verb: str) -> None:
    if order.external:
        raise FailedPrecondition(
            f"order {order.id} was placed elsewhere and cannot be {verb} here",
            Reason.ORDER_EXTERNAL,
            metadata={"order": order.id},
        )
    if order.state.ended:
        raise FailedPrecondition(
            f"order {order.id} is {order.state.name} and cannot be {verb}",
            Reason.ORDER_ENDED,
            metadata={"order": order.id, "state": order.state.name},
        )
