"""Which instrument a contract of the broker's is.

Messages about orders name a contract by its id and leave out the primary exchange. What was traded here is known from
the tickets; what others trade is looked up, once.
"""

from __future__ import annotations

import structlog

from scizor.adapters.ib.contracts import IbContracts
from scizor.adapters.ib.orders.messages import ToldContract
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.ports.order_broker import Ticket

_log = structlog.get_logger(__name__)
_STOCK = "STK"


class References:
    """By contract id, as far as known. `zones`: those of the exchanges."""

    def __init__(self, contracts: IbContracts) -> None:
        self._contracts = contracts
        self._known: dict[int, str] = {}
        self.zones: set[str] = set()

    def sent(self, ticket: Ticket) -> None:
        """Ours to name."""
        self._known[ticket.contract.con_id] = ticket.request.instrument
        self.zones.add(ticket.contract.time_zone)

    def known(self, contract: ToldContract) -> str | None:
        """If nobody has to be asked."""
        return self._known.get(contract.con_id) or (None if contract.sec_type == _STOCK else _spelled(contract))

    async def find(self, contract: ToldContract) -> str:
        """Asked for if need be. Raises SourceFailure; what the broker does not explain goes by what it was called."""
        known = self.known(contract)
        if known is not None:
            return known
        try:
            found = await self._contracts.by_id(contract.con_id)
        except SourceFailure as failure:
            if failure.category in (FailureCategory.DISCONNECTED, FailureCategory.TIMEOUT, FailureCategory.PACING):
                raise
            _log.warning("contract_not_explained", con_id=contract.con_id, symbol=contract.symbol, error=str(failure))
            found = None
        self._known.setdefault(contract.con_id, _reference(found) if found else _spelled(contract))
        if found:
            self.zones.add(found.time_zone)
        return self._known[contract.con_id]


def _reference(contract: BrokerContract) -> str:
    return f"{contract.symbol}.{contract.primary_exchange}.{contract.currency}"


def _spelled(contract: ToldContract) -> str:
    """Of contracts that no instrument here stands for, such as options."""
    return f"{contract.local_symbol}.{contract.exchange or contract.sec_type}.{contract.currency}"
