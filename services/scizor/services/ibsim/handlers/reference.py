"""Contracts, ids and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scizor.services.ibsim.broker.rules import market_rule, market_rule_id
from scizor.services.ibsim.broker.words import ACCOUNT
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.replies import contracts
from scizor.services.ibsim.wire.replies import session as replies
from scizor.services.ibsim.wire.requests import ContractDetailsRequest

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session


async def request_contract_details(session: Session, fields: Fields) -> None:
    """Every contract that fits, then the end; an error when there is none."""
    request = ContractDetailsRequest.read(fields)
    market = session.gateway.market
    with session.answering(request.req_id):
        for listing in session.gateway.find(request.contract):
            rules = ",".join([str(market_rule_id(listing))] * len(listing.valid_exchanges))
            hours = market.hours(listing)
            await session.send(contracts.contract_details(session.version, request.req_id, listing, hours, rules))
        await session.send(contracts.contract_details_end(request.req_id))


async def request_matching_symbols(session: Session, fields: Fields) -> None:
    """Contracts by the beginning of ticker or name."""
    req_id, pattern = fields.integer(), fields.text()
    with session.answering(req_id):
        found = session.gateway.market.samples(pattern)
        await session.send(contracts.symbol_samples(session.version, req_id, found))


async def request_market_rule(session: Session, fields: Fields) -> None:
    """The least price steps of a rule."""
    rule_id = fields.integer()
    await session.send(contracts.market_rule(rule_id, market_rule(rule_id)))


async def request_current_time(session: Session, fields: Fields) -> None:
    """The market's time."""
    await session.send(replies.current_time(session.gateway.market.clock.now()))


async def request_managed_accounts(session: Session, fields: Fields) -> None:
    """The login's accounts."""
    await session.send(replies.managed_accounts(ACCOUNT))


async def request_ids(session: Session, fields: Fields) -> None:
    """The next order id."""
    await session.send(replies.next_valid_id(session.gateway.next_order_id(session.client_id)))


async def ignore(session: Session, fields: Fields) -> None:
    """A gateway answers these with silence, and so does this one."""
