"""The account: its values and positions, once and whenever they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scizor.services.ibsim.broker.account import market_price, unrealized
from scizor.services.ibsim.broker.words import ACCOUNT, Order
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.replies import account, orders
from scizor.services.ibsim.wire.requests import AccountSummaryRequest, read_versioned_id

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

_ALL_TAGS = "All"
_LEDGER = "$LEDGER"


def tell_order(session: Session, order: Order) -> None:
    """An order's terms, then its status: clients take the status from the second only."""
    session.push(orders.open_order(session.version, order))
    session.push(orders.order_status(order))


def tell_account(session: Session) -> None:
    """All values and positions, with the end that says so."""
    broker, market = session.gateway.broker, session.gateway.market
    for line in broker.account_values():
        session.push(account.account_value(line.key, line.value, line.currency))
    for position in broker.positions():
        price = market_price(market, position)
        session.push(account.portfolio_value(position, price, unrealized(position, price)))
    session.push(account.account_time(market.clock.now()))
    session.push(account.account_end())


async def request_account(session: Session, fields: Fields) -> None:
    """Account updates: begin or end."""
    fields.skip(1)
    session.hears_account = fields.flag()
    if session.hears_account:
        tell_account(session)


async def request_positions(session: Session, fields: Fields) -> None:
    """All positions now, and every change from here on."""
    session.hears_positions = True
    for position in session.gateway.broker.positions():
        await session.send(account.position(position))
    await session.send(account.position_end())


async def cancel_positions(session: Session, fields: Fields) -> None:
    """No more changes."""
    session.hears_positions = False


async def request_positions_multi(session: Session, fields: Fields) -> None:
    """All positions, for a request of its own."""
    fields.skip(1)
    req_id, name, model = fields.integer(), fields.text(), fields.text()
    if _is_known(session, req_id, name):
        for position in session.gateway.broker.positions():
            await session.send(account.position_multi(req_id, position, model))
        await session.send(account.position_multi_end(req_id))


def tell_followers(session: Session) -> None:
    """All values, to each request that follows them."""
    for req_id, model in session.followed_accounts.items():
        for line in session.gateway.broker.account_values():
            session.push(account.account_update_multi(req_id, model, line.key, line.value, line.currency))


async def request_account_multi(session: Session, fields: Fields) -> None:
    """All values, for a request of its own, now and whenever they change."""
    fields.skip(1)
    req_id, name, model = fields.integer(), fields.text(), fields.text()
    if _is_known(session, req_id, name):
        session.followed_accounts[req_id] = model
        for line in session.gateway.broker.account_values():
            await session.send(account.account_update_multi(req_id, model, line.key, line.value, line.currency))
        await session.send(account.account_update_multi_end(req_id))


async def cancel_account_multi(session: Session, fields: Fields) -> None:
    """It follows them no longer."""
    session.followed_accounts.pop(read_versioned_id(fields), None)


async def request_summary(session: Session, fields: Fields) -> None:
    """Some values by their tags."""
    request = AccountSummaryRequest.read(fields)
    most = session.gateway.limits.account_summaries
    if len(session.summaries) >= most and request.req_id not in session.summaries:
        cause = "Maximum number of account summary requests exceeded"
        session.error(request.req_id, 322, f"Error processing request.-'bZ' : cause - {cause}")
        return
    session.summaries.add(request.req_id)
    wanted = set(request.tags)
    ledger = any(tag.startswith(_LEDGER) for tag in wanted)
    for line in session.gateway.broker.account_values():
        if _ALL_TAGS in wanted or line.key in wanted or (ledger and line.key in {"CashBalance", "ExchangeRate"}):
            await session.send(account.account_summary(request.req_id, line.key, line.value, line.currency))
    await session.send(account.account_summary_end(request.req_id))


async def cancel_summary(session: Session, fields: Fields) -> None:
    """Make room for another one."""
    session.summaries.discard(read_versioned_id(fields))


def _is_known(session: Session, req_id: int, name: str) -> bool:
    if name in {"", "All", ACCOUNT}:
        return True
    session.error(req_id, 321, "Error validating request.-'bX' : cause - Invalid account code")
    return False
