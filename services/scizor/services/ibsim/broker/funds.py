"""What an order takes of the account before it fills."""

from __future__ import annotations

from decimal import Decimal

from scizor.services.ibsim.broker.account import Worth, worth
from scizor.services.ibsim.broker.costs import INITIAL_MARGIN, in_base
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.words import Order, Terms
from scizor.services.ibsim.market.api import Listing, Market


def expected_price(market: Market, listing: Listing, terms: Terms) -> Decimal:
    """What a share is reckoned at: the limit, else the stop or touch, else the facing quote."""
    trigger = None if terms.order_type.startswith("TRAIL") else terms.aux_price
    price = terms.limit_price or trigger
    if price:
        return price
    quote = market.quote(listing)
    return Decimal(str(quote.ask if terms.buys else quote.bid))


def added_margin(market: Market, ledger: Ledger, order: Order) -> Decimal:
    """The initial margin, base currency, of what an order adds to the position; exits of a bracket take none."""
    terms, listing = order.terms, order.listing
    if terms.parent_id:
        return Decimal(0)
    held = ledger.position(listing).shares
    added = abs(held + order.remaining * terms.sign) - abs(held)
    if added <= 0:
        return Decimal(0)
    return added * expected_price(market, listing, terms) * in_base(listing.currency) * INITIAL_MARGIN


def lack_of_funds(market: Market, ledger: Ledger, order: Order) -> str | None:
    """Why the account cannot bear an order beside those that are open."""
    margin = added_margin(market, ledger, order)
    if not margin:
        return None
    value = account_worth(market, ledger)
    reserved = ledger.reserved(beside=order)
    if margin <= value.available - reserved:
        return None
    needed = value.gross * INITIAL_MARGIN + reserved + margin
    return (
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{value.equity:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{needed:.2f} USD]"
    )


def account_worth(market: Market, ledger: Ledger) -> Worth:
    """The account in its base currency, now."""
    return worth(market, ledger.cash, ledger.positions.values())
