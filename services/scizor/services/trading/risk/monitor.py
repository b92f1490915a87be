"""Limits beside orders: prices move, losses grow, and what was within its limits no longer is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from scizor.domain.errors import ScizorError
from scizor.domain.trading.differences import Difference
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.limits import Limit, Scope
from scizor.domain.trading.question import Prices
from scizor.domain.trading.risk import breaches
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.clock import Clock
from scizor.ports.trading import BreachAction, RiskEvent, RiskEventKind
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.risk.events import Events
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.risk.state import States

_LOOK_S: Final = 0.25
_TIGHTENS: Final = {BreachAction.REDUCE: TradingState.REDUCING, BreachAction.HALT: TradingState.HALTED}

_log = structlog.get_logger(__name__)

Pause = Callable[[str, str], Awaitable[None]]
"""Pause what a strategy does on an account: (account, strategy id)."""


class Monitor:
    """Of one account. A breach is told when it begins and when it ends, and acted on when it begins."""

    def __init__(
        self,
        desk: Callable[[], Desk],
        prices: Callable[[], Prices],
        standing: Standing,
        states: States,
        events: Events,
        clock: Clock,
        pause: Pause,
    ) -> None:
        self._desk, self._prices, self._standing, self._states = desk, prices, standing, states
        self._events, self._clock, self._pause = events, clock, pause
        self._broken: dict[str, Violation] = {}

    async def run(self, account: str) -> None:
        """Look four times a second, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                if self._desk().gate is GateState.OPEN:
                    await self._look(account)
            except ScizorError as error:
                _log.warning("limits_not_watched", account=account, error=error.message)

    def broken(self, account: str) -> tuple[Violation, ...]:
        """Limits that are broken as things stand. Raises Unavailable while the books are being read."""
        return breaches(self._desk().books.risk, self.bound(account), self._prices())

    def bound(self, account: str) -> list[Limit]:
        """Limits of the account, and of what is on it."""
        limits = (one.limit for one in self._standing.stored.values())
        return [one for one in limits if one.scope is not Scope.ACCOUNT or one.key == account]

    def incidents(self, incidents: Sequence[Incident], account: str) -> None:
        """What should not have happened to orders."""
        for one in incidents:
            kind = RiskEventKind.ORDER_INCIDENT
            self._events.tell(RiskEvent(self._clock.now(), kind, account, one.message, order_id=one.order_id))

    def differences(self, differences: Sequence[Difference], account: str) -> None:
        """What our books and the broker's did not agree on."""
        for one in differences:
            told = f"{one.kind.name}: {one.subject} is {one.ours or 'nothing'} here, {one.theirs or 'nothing'} there"
            self._events.tell(RiskEvent(self._clock.now(), RiskEventKind.DIFFERENCE, account, told))

    async def _look(self, account: str) -> None:
        now_broken = {one.limit.id: one for one in self.broken(account)}
        for limit_id, violation in now_broken.items():
            if limit_id not in self._broken:
                await self._began(account, violation)
        for limit_id, violation in self._broken.items():
            if limit_id not in now_broken:
                self._tell(account, RiskEventKind.BREACH_ENDED, violation)
        self._broken = now_broken

    async def _began(self, account: str, violation: Violation) -> None:
        stored, limit = self._standing.stored.get(violation.limit.id), violation.limit
        action = stored.on_breach if stored else BreachAction.TELL
        if action in _TIGHTENS:
            by = f"limit {limit.rule.name} of {limit.key}"
            await self._states.tighten(account, _TIGHTENS[action], violation.message, by)
        elif action is BreachAction.PAUSE_STRATEGY and limit.scope is Scope.STRATEGY:
            await self._pause(account, limit.key)
        self._tell(account, RiskEventKind.BREACH, violation)

    def _tell(self, account: str, kind: RiskEventKind, violation: Violation) -> None:
        strategy_id = violation.limit.key if violation.limit.scope is Scope.STRATEGY else ""
        now, told = self._clock.now(), (violation,)
        self._events.tell(RiskEvent(now, kind, account, violation.message, strategy_id, violations=told))
