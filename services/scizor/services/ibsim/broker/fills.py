"""A fill and what follows from it for the books: the order, the position, the cash, and the commission."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from scizor.services.ibsim.broker.account import fill_position
from scizor.services.ibsim.broker.costs import commission
from scizor.services.ibsim.broker.events import CommissionEvent, FillEvent, OrderEvent
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.words import Execution, Order, Position, Refusal, Status
from scizor.services.ibsim.market.api import Listing


def fill(ledger: Ledger, order: Order, shares: Decimal, price: Decimal, time: datetime) -> Order:
    """So many shares at a price; the order after it."""
    listing, terms = order.listing, order.terms
    filled = order.filled + shares
    value = order.filled * order.average_price + shares * price
    total_cost = commission(listing.currency, filled, value, sells=terms.sign < 0)
    after = replace(order, filled=filled, average_price=value / filled, last_price=price, commission=total_cost)
    if filled >= terms.quantity:
        after = replace(
            after, status=Status.FILLED, completed_at=time, completed_status=f"Filled Size: {_plain(filled)}"
        )
    # The minimum is held against the order: a fill pays what the order has come to less what it has paid.
    cost, signed = total_cost - order.commission, shares * terms.sign
    before = ledger.position(listing)
    position = fill_position(before, signed, price, cost)
    realized = position.realized - before.realized if before.shares * signed < 0 else None
    told = Execution(f"{ledger.next_exec_root()}.01", after, time, shares, price, cost, realized)
    ledger.put(after, tell=False)
    ledger.add(told, position, listing.currency, -signed * price - cost)
    ledger.news += [FillEvent(told, position), OrderEvent(after), CommissionEvent(told)]
    return after


def correct(ledger: Ledger, exec_id: str, shares: Decimal, price: Decimal) -> None:
    """Another size and price in place of a fill's; no shares: it never was. Raises Refusal for an unknown fill."""
    before = ledger.fills.get(exec_id.rpartition(".")[0]) if exec_id else _latest(ledger)
    if before is None:
        raise Refusal(321, f"There is no execution {exec_id}")
    order, listing = ledger.orders[before.order.key], before.order.listing
    others = [one for one in ledger.fills.values() if one.order.key == order.key and one.root != before.root]
    filled = sum((one.shares for one in others), shares)
    value = sum((one.shares * one.price for one in others), shares * price)
    paid_by_others = sum((one.commission for one in others), Decimal(0))
    whole = commission(listing.currency, filled, value, sells=order.terms.sign < 0)
    cost = whole - paid_by_others if shares else Decimal(0)
    after = replace(order, filled=filled, average_price=value / filled if filled else Decimal(0))
    after = replace(after, commission=paid_by_others + cost)
    root, _, revision = before.exec_id.rpartition(".")
    told = replace(
        before, exec_id=f"{root}.{int(revision) + 1:02d}", order=after, shares=shares, price=price, commission=cost
    )
    position, realized = _replayed(ledger, listing, told)
    told = replace(told, realized=realized)
    paid = before.signed * before.price + before.commission - told.signed * price - cost
    ledger.put(after, tell=False)
    ledger.add(told, position, listing.currency, paid)
    ledger.news += [FillEvent(told, position), CommissionEvent(told)]


def _latest(ledger: Ledger) -> Execution | None:
    return ledger.executions[-1] if ledger.executions else None


def _replayed(ledger: Ledger, listing: Listing, changed: Execution) -> tuple[Position, Decimal | None]:
    """The position as if the changed fill had been so from the start, and what that fill realised."""
    position, realized = Position(listing), None
    for one in ledger.fills.values():
        if one.order.listing.con_id != listing.con_id:
            continue
        fill_now = changed if one.root == changed.root else one
        if not fill_now.shares:
            continue
        after = fill_position(position, fill_now.signed, fill_now.price, fill_now.commission)
        if fill_now is changed and position.shares * changed.signed < 0:
            realized = after.realized - position.realized
        position = after
    return position, realized


def _plain(shares: Decimal) -> str:
    return f"{shares.normalize():f}"
