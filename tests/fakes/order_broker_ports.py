"""What the broker of orders by hand shares with others: a connection as it is set, and contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count

from scizor.domain.broker import BrokerContract, ConnectionState, ConnectionStatus, DataOrigin
from scizor.domain.instruments import AssetType, Instrument
from scizor.ports.clock import Clock

_ZONES = {"ASX": "Australia/Sydney"}


class FakeLink:
    """The connection: as it is set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._status = ConnectionStatus(ConnectionState.DOWN, "fake:4002", clock.now(), message="not started")
        self._changed = asyncio.Event()

    @property
    def status(self) -> ConnectionStatus:
        return self._status

    async def watch(self) -> AsyncIterator[ConnectionStatus]:
        while True:
            changed, seen = self._changed, self._status
            yield seen
            if self._status is seen:
                await changed.wait()

    def set(self, state: ConnectionState, message: str = "") -> None:
        """It changes."""
        self._status = replace(self._status, state=state, message=message, since=self._clock.now())
        self._changed.set()
        self._changed = asyncio.Event()


class FakeListings:
    """Contracts: any that is asked for, unless `listed` says which there are."""

    def __init__(self) -> None:
        self.listed: dict[str, BrokerContract] | None = None
        self._made: dict[str, BrokerContract] = {}
        self._con_ids = count(1001)

    async def find(self, instrument: Instrument) -> Sequence[BrokerContract]:
        if self.listed is not None:
            found = self.listed.get(instrument.reference)
            return [found] if found else []
        if instrument.reference not in self._made:
            self._made[instrument.reference] = self.contract(instrument)
        return [self._made[instrument.reference]]

    def contract(self, instrument: Instrument) -> BrokerContract:
        """A new one of it."""
        return BrokerContract(
            con_id=next(self._con_ids),
            symbol=instrument.symbol,
            primary_exchange=instrument.primary_exchange,
            currency=instrument.currency,
            exchange="SMART",
            name=f"{instrument.symbol} Inc.",
            asset_type=AssetType.STOCK,
            min_tick=Decimal("0.01"),
            time_zone=_ZONES.get(instrument.primary_exchange, "America/New_York"),
            origins=(DataOrigin("fake"),),
        )
