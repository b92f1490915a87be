"""The limits and the trading states that are in force, in memory: checks wait for no storage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from scizor.domain.errors import ScizorError
from scizor.domain.trading.limits import LimitSet
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.ports.trading import AccountState, StoredLimit

_REREAD_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Standing:
    """As stored. Read anew whenever something changes here, and every two seconds for what changes elsewhere.

    An account whose state nobody has read is HALTED: nothing is let through before it is known.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._states: dict[str, AccountState] = {}
        self._reading = asyncio.Lock()
        self.stored: Mapping[str, StoredLimit] = {}
        self.limits = LimitSet(())

    def state(self, account: str) -> AccountState:
        """Of an account."""
        unread = AccountState(account, TradingState.HALTED, self._clock.now(), "its state is being read")
        return self._states.get(account, unread)

    async def read(self, accounts: Iterable[str]) -> None:
        """All limits, and the states of these accounts: whatever was committed by now is in force when this returns.

        Raises Unavailable.
        """
        # One after the other, or a slow reader would put back what one that began later has replaced.
        async with self._reading:
            async with self._storage.begin() as work:
                limits = await work.risk.limits()
                states = {one: await work.risk.state(one) for one in accounts}
            self._take(limits, states)

    def _take(self, limits: Sequence[StoredLimit], states: Mapping[str, AccountState | None]) -> None:
        self.stored = {one.limit.id: one for one in limits}
        self.limits = LimitSet(one.limit for one in limits)
        for account, state in states.items():
            self._states[account] = state or AccountState(account, TradingState.ACTIVE, self._clock.now())

    async def run(self, accounts: Callable[[], Iterable[str]]) -> None:
        """Read again and again, until cancelled; `accounts` as there are by then."""
        while True:
            await asyncio.sleep(_REREAD_S)
            try:
                await self.read(tuple(accounts()))
            except ScizorError as error:
                _log.warning("limits_not_read", error=error.message)
