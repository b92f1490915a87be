"""From what is asked for to the orders that make it: an entry, and the exits of its bracket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from scizor.domain.errors import FieldViolation, InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import OrderRequest, Terms, check_increments, check_terms
from scizor.services.trading.desk.drafts import BracketPrices, Draft, Exit
from scizor.services.trading.desk.listings import Listing


def family_of(draft: Draft, account: str, listing: Listing, new_id: Callable[[], str]) -> tuple[OrderRequest, ...]:
    """The entry first. Raises InvalidInput naming every field that breaks a rule of the market or of the contract."""
    _check(draft.terms, listing, "terms")
    entry = OrderRequest(
        new_id(),
        draft.client_order_id,
        account,
        listing.reference,
        draft.side,
        draft.terms,
        draft.group,
        "",
        draft.strategy_id,
        draft.deployment_id,
    )
    if draft.bracket is not None:
        _check_sides(draft, draft.bracket)
    exits = draft.exits if draft.bracket is None else tuple(_exits(draft.bracket, draft.terms.quantity))
    for one in exits:
        _check(one.terms, listing, "bracket")
    group = f"exits-{entry.id}" if len(exits) > 1 else ""
    away = Side.SELL if draft.side is Side.BUY else Side.BUY
    return (entry, *(_exit(one, entry, new_id(), away, group) for one in exits))


def _exit(one: Exit, entry: OrderRequest, order_id: str, side: Side, group: str) -> OrderRequest:
    return OrderRequest(
        order_id,
        one.client_order_id,
        entry.account,
        entry.instrument,
        side,
        one.terms,
        group,
        entry.id,
        entry.strategy_id,
        entry.deployment_id,
    )


def _exits(bracket: BracketPrices, quantity: Decimal) -> Iterable[Exit]:
    if bracket.take_profit is not None:
        yield Exit(Terms(quantity, OrderType.LIMIT, limit=bracket.take_profit, tif=TimeInForce.GTC))
    if bracket.stop_loss is not None:
        kind = OrderType.STOP if bracket.stop_loss_limit is None else OrderType.STOP_LIMIT
        limit, stop = bracket.stop_loss_limit, bracket.stop_loss
        yield Exit(Terms(quantity, kind, limit=limit, stop=stop, tif=TimeInForce.GTC))


def _check(terms: Terms, listing: Listing, field: str) -> None:
    try:
        check_terms(terms)
        check_increments(terms, listing.tick, listing.lot)
    except InvalidInput as error:
        raise error.within(field) from None


def _check_sides(draft: Draft, bracket: BracketPrices) -> None:
    """An exit that would lose where it is to gain is a slip of the pen."""
    way = int(draft.side)
    entry = draft.terms.limit
    broken = []
    if bracket.take_profit is not None and bracket.stop_loss is not None:
        if way * (bracket.take_profit - bracket.stop_loss) <= 0:
            told = "above" if way > 0 else "below"
            broken.append(FieldViolation("bracket.take_profit_price", f"must be {told} stop_loss_price"))
    elif entry is not None and bracket.take_profit is not None and way * (bracket.take_profit - entry) <= 0:
        told = "above" if way > 0 else "below"
        broken.append(FieldViolation("bracket.take_profit_price", f"must be {told} the entry's limit_price"))
    if broken:
        message = f"{broken[0].field}: {broken[0].description}"
        raise InvalidInput(message, metadata={"field": broken[0].field}, violations=broken)
