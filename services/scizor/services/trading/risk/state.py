"""The trading state of accounts: latched, audited, loosened by people alone."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace

from scizor.domain.trading.trading_state import TradingState
from scizor.ports.clock import Clock
from scizor.ports.journal import AuditLine
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import AccountState, RiskEvent, RiskEventKind
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.use_cases import StateWish

_SYSTEM = Actor("system", "risk")


@dataclass(frozen=True, slots=True)
class States:
    """Writes in a unit of work, with an audit line and a risk event."""

    storage: Storage
    standing: Standing
    clock: Clock

    async def put(self, work: UnitOfWork, wish: StateWish, actor: Actor) -> AccountState:
        """What a person wants, whatever it was."""
        after = AccountState(wish.account, wish.state, self.clock.now(), wish.reason, actor.name, wish.flatten)
        await self._write(work, after, actor)
        return after

    async def tighten(self, account: str, wanted: TradingState, reason: str, by: str) -> bool:
        """What a breach does: never loosens, whoever sets the state meanwhile. Returns whether anything changed.

        Raises Unavailable.
        """
        changes = False
        with suppress(_Superseded):
            async with self.storage.begin() as work:
                before = await self._write(work, AccountState(account, wanted, self.clock.now(), reason, by), _SYSTEM)
                if before is not None and before.state.tightened(wanted) is before.state:
                    raise _Superseded
            changes = True
        await self.standing.read([account])
        return changes

    async def flattened(self, state: AccountState) -> None:
        """The kill switch is done with what `state` asked for; nothing happens where that is no more the state.

        Raises Unavailable.
        """
        with suppress(_Superseded):
            async with self.storage.begin() as work:
                if await self._write(work, replace(state, flattening=False), _SYSTEM) != state:
                    raise _Superseded
        await self.standing.read([state.account])

    async def _write(self, work: UnitOfWork, after: AccountState, actor: Actor) -> AccountState | None:
        """Returns what it was."""
        now = self.clock.now()
        told = f"{after.state.name}{', closing everything' if after.flattening else ''}: {after.reason}"
        # First, since it keeps others of the account waiting: the state that is read behind it is the one replaced.
        await work.risk.add_event(RiskEvent(now, RiskEventKind.STATE_CHANGED, after.account, told, state=after.state))
        before = await work.risk.state(after.account)
        await work.risk.set_state(after)
        line = AuditLine(
            now, after.account, actor.name, actor.source, "trading state", after.account, _told(before), _told(after)
        )
        await work.audit.add(line)
        return before


class _Superseded(Exception):
    """Another state holds: what was written is taken back."""


def _told(state: AccountState | None) -> str:
    """As JSON, for people."""
    if state is None:
        return ""
    return json.dumps(
        {"state": state.state.name, "reason": state.reason, "by": state.by, "flattening": state.flattening}
    )
