"""Closing what is held: so much of it as no order closes already, whoever asks how often."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid5

from scizor.domain.errors import FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.orders import OrderType
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.positions import closing_side
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import Answering, Draft

PREFIX = "close-"
"""Of the client_order_id of all orders made here; those of a deployment's stop have it behind the deployment's id."""
_NAMES = UUID("0a9c5d2e-6c58-5f0e-9d3c-2f4b1c7a8e60")


def name_of(answering: Answering | None, instrument: str, new_id: Callable[[], str]) -> str:
    """What the closing order is called: the same for the same request, so that no retry closes twice."""
    if answering is None:
        return f"{PREFIX}{new_id()}"
    return f"{PREFIX}{uuid5(_NAMES, f'{answering.method}/{answering.request_id}/{instrument}')}"


def instruments(books: AccountBooks, strategy_id: str) -> list[str]:
    """What a strategy, or with "" the account, holds and nothing closes yet."""
    held = books.holdings
    if strategy_id:
        names = sorted(name for (owner, name), one in held.by_strategy.items() if owner == strategy_id and one.lots)
    else:
        names = sorted(held.shares())
    return [name for name in names if _left(books, strategy_id, name)]


def draft_of(books: AccountBooks, name: str, instrument: str, strategy_id: str, quantity: Decimal | None) -> Draft:
    """A market order. Raises NotFound(POSITION_NOT_FOUND), InvalidInput for more than is left to close."""
    left = _left(books, strategy_id, instrument)
    if not left:
        raise NotFound(
            f"nothing is held of {instrument} that is not being closed",
            Reason.POSITION_NOT_FOUND,
            metadata={"symbol": instrument},
        )
    if quantity is not None and quantity > abs(left):
        raise InvalidInput.of_field("quantity", f"must be at most what is held and not being closed ({abs(left)})")
    terms = Terms(quantity or abs(left), OrderType.MARKET)
    return Draft(name, instrument, closing_side(left), terms, strategy_id=strategy_id)


def check_left(books: AccountBooks, request: OrderRequest) -> None:
    """Raises FailedPrecondition(ORDER_BUSY) where the closing order would open something by now."""
    left = _left(books, request.strategy_id, request.instrument)
    if not left or closing_side(left) is not request.side or request.terms.quantity > abs(left):
        raise FailedPrecondition(
            f"what is held of {request.instrument} has changed meanwhile, {abs(left)} are left to close: ask again",
            Reason.ORDER_BUSY,
            metadata={"symbol": request.instrument},
        )


def _left(books: AccountBooks, strategy_id: str, instrument: str) -> Decimal:
    """Shares held less those that closing orders will yet take, negative when short; 0 where these take all."""
    holdings = books.holdings
    held = holdings.by_strategy.get((strategy_id, instrument)) if strategy_id else holdings.positions.get(instrument)
    shares = held.shares if held else Decimal(0)
    if not shares:
        return shares
    side = closing_side(shares)
    closing = sum(
        one.remaining
        for one in books.open_orders()
        if one.request.instrument == instrument
        and one.request.side is side
        and one.request.client_order_id.rpartition(":")[2].startswith(PREFIX)
        and strategy_id in ("", one.request.strategy_id)
    )
    left = abs(shares) - closing
    return left.copy_sign(shares) if left > 0 else Decimal(0)
