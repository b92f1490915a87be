"""Profit and loss, of the account or of one position, once a second until cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from scizor.services.ibsim.broker.pnl import gains_of, total_gains
from scizor.services.ibsim.broker.words import ACCOUNT
from scizor.services.ibsim.market.api import ContractQuery, MarketError
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.replies import account

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

_EVERY_S = 1.0


async def request_gains(session: Session, fields: Fields) -> None:
    """The account's."""
    req_id, name = fields.integer(), fields.text()
    gateway = session.gateway
    with session.answering(req_id):
        _check_account(name)
        session.check_id(Kind.GAINS, req_id)
        session.streams.start(
            Kind.GAINS,
            req_id,
            _tell(session, lambda: account.pnl(req_id, total_gains(gateway.market, gateway.broker))),
        )


async def request_position_gains(session: Session, fields: Fields) -> None:
    """One contract's."""
    req_id, name = fields.integer(), fields.text()
    fields.skip(1)
    con_id = fields.integer()
    gateway = session.gateway
    with session.answering(req_id):
        _check_account(name)
        session.check_id(Kind.GAINS, req_id)
        listing = gateway.find(ContractQuery(con_id=con_id))[0]
        session.streams.start(
            Kind.GAINS,
            req_id,
            _tell(
                session,
                lambda: account.pnl_single(
                    req_id, gains_of(gateway.market, gateway.broker, gateway.broker.position(listing))
                ),
            ),
        )


async def cancel_gains(session: Session, fields: Fields) -> None:
    """No more of them."""
    session.streams.cancel(Kind.GAINS, fields.integer())


async def _tell(session: Session, payload: Callable[[], bytes]) -> None:
    while True:
        session.offer(payload())
        await asyncio.sleep(_EVERY_S)


def _check_account(name: str) -> None:
    if name != ACCOUNT:
        raise MarketError(321, "Error validating request.-'bY' : cause - Invalid account code")
