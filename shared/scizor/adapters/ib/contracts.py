"""Which contracts the broker knows for an instrument.

The primary exchange is no part of the question: a wrong one would be answered with nothing, and could not be put right.
"""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ib_async.contract import Contract, ContractDetails

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.messages import End, Message
from scizor.adapters.ib.receivers import Reply
from scizor.adapters.ib.settings import IbSettings
from scizor.adapters.ib.translate import broker_contract, exchange_name
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.instruments import Instrument

_MOST_AT_ONCE = 40


class IbContracts:
    """Asks for contract details; only so many questions are open at once, the others wait."""

    def __init__(self, connection: IbConnection, settings: IbSettings) -> None:
        self._connection, self._settings = connection, settings
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def find(self, instrument: Instrument) -> Sequence[BrokerContract]:
        """Those of the primary exchange, else those of others, else none. Raises SourceFailure."""
        wanted = Contract(
            secType="STK",
            symbol=instrument.symbol,
            exchange=instrument.exchange or "SMART",
            currency=instrument.currency,
        )
        found = {each.con_id: each for each in await self._ask(wanted)}
        exchange = exchange_name(instrument.primary_exchange)
        fitting = [each for each in found.values() if each.primary_exchange == exchange]
        return fitting or list(found.values())

    async def by_id(self, con_id: int) -> BrokerContract | None:
        """The one of this id, also if it is traded no longer; None if there is none. Raises SourceFailure."""
        found = await self._ask(Contract(conId=con_id, includeExpired=True))
        return found[0] if found else None

    async def _ask(self, wanted: Contract) -> Sequence[BrokerContract]:
        async with self._room:
            session = await self._connection.wait_ready(self._settings.ready_s)
            try:
                details = await session.ask(
                    _DetailsReply(),
                    lambda client, req_id: client.reqContractDetails(req_id, wanted),
                    self._settings.contract_s,
                )
            except SourceFailure as failure:
                if failure.category is FailureCategory.UNKNOWN_CONTRACT:
                    return []
                raise
            simulated = session.simulated
        return [broker_contract(one, simulated=simulated) for one in details]


class _DetailsReply(Reply[list[ContractDetails]]):
    def __init__(self) -> None:
        super().__init__()
        self._details: list[ContractDetails] = []

    def told(self, message: Message) -> None:
        if isinstance(message, ContractDetails):
            self._details.append(message)
        elif isinstance(message, End):
            self.succeed(self._details)
