"""The trading state of accounts: latched, audited, loosened by people alone."""

from __future__ import annotations

import json
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
        """What a breach does: never loosens. Returns whether anything changed. Raises Unavailable."""
        before = self.standing.state(account)
        if before.state.tightened(wanted) is before.state:
            return False
        after = AccountState(account, wanted, self.clock.now(), reason, by, before.flattening)
        async with self.storage.begin() as work:
            await self._write(work, after, _SYSTEM)
        await self.standing.read([account])
        return True

    async def flattened(self, account: str) -> None:
        """The kill switch is done. Raises Unavailable."""
        async with self.storage.begin() as work:
            state = await work.risk.state(account)
            if state is not None and state.flattening:
                await self._write(work, replace(state, flattening=False), _SYSTEM)
        await self.standing.read([account])

    async def _write(self, work: UnitOfWork, after: AccountState, actor: Actor) -> None:
        before, now = await work.risk.state(after.account), self.clock.now()
        await work.risk.set_state(after)
        told = f"{after.state.name}{', closing everything' if after.flattening else ''}: {after.reason}"
        await work.risk.add_event(RiskEvent(now, RiskEventKind.STATE_CHANGED, after.account, told, state=after.state))
        line = AuditLine(
            now, after.account, actor.name, actor.source, "trading state", after.account, _told(before), _told(after)
        )
        await work.audit.add(line)


def _told(state: AccountState | None) -> str:
    """As JSON, for people."""
    if state is None:
        return ""
    return json.dumps(
        {"state": state.state.name, "reason": state.reason, "by": state.by, "flattening": state.flattening}
    )
