"""Limits beside orders: prices move, losses grow, and what was within its limits no longer is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from scizor.domain.errors import ScizorError, Unavailable
from scizor.domain.trading.differences import Difference
from scizor.domain.trading.exposure import RiskBook
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.limits import Limit, Scope
from scizor.domain.trading.question import Prices
from scizor.domain.trading.risk import breaches
from scizor.domain.trading.rules import Violation, unpriced
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.clock import Clock
from scizor.ports.trading import BreachAction, RiskEvent, RiskEventKind
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.risk.events import Events
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.risk.state import States

_LOOK_S: Final = 0.25
_BLIND: Final = timedelta(seconds=30)
"""How long prices may lack, as they do after every start, before that itself is told."""
_TIGHTENS: Final = {BreachAction.REDUCE: TradingState.REDUCING, BreachAction.HALT: TradingState.HALTED}

_log = structlog.get_logger(__name__)

Pause = Callable[[str, str], Awaitable[None]]
"""Pause what a strategy does on an account: (account, strategy id)."""


@dataclass(frozen=True, slots=True)
class _News:
    """What has begun or ended; no `kind` where that was told already."""

    kind: RiskEventKind | None
    violation: Violation
    acts: bool


class Monitor:
    """Of one account. A breach is told when it begins and when it ends, and acted on when it begins.

    After a restart what was told before is remembered. What must be done is tried until it is done, even where the
    breach is over by then. A limit that nobody can check for want of a price is told after a while and acted on never:
    orders that it binds are refused anyway.
    """

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
        self._broken: Mapping[str, Violation] | None = None
        self._due: deque[_News] = deque()
        self._versions: Mapping[str, int] = {}
        self._blind_since: dict[str, datetime] = {}

    async def run(self, account: str) -> None:
        """Look four times a second, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                if self._desk().gate is GateState.OPEN:
                    await self._step(account)
            except ScizorError as error:
                _log.warning("limits_not_watched", account=account, error=error.message)
            except Exception:  # noqa: BLE001 - whatever it is, limits must go on being watched
                _log.exception("limits_not_watched", account=account)

    def broken(self, account: str) -> tuple[Violation, ...]:
        """Limits that are broken as things stand. Raises Unavailable while the books are being read."""
        return breaches(self._desk().books.risk, self.bound(account), self._prices())

    def bound(self, account: str) -> list[Limit]:
        """Limits of the account, of strategies that have something on it, and of symbols."""
        book, limits = self._desk().books.risk, (one.limit for one in self._standing.stored.values())
        return [one for one in limits if _binds(one, account, book)]

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

    async def _step(self, account: str) -> None:
        """Look, then do and tell what follows. Raises Unavailable; what is not done by then comes first next time."""
        if self._broken is None:
            self._broken = await self._events.breaches(account)
        if not self._due:
            self._look(self._broken, {one.limit.id: one for one in self.broken(account)})
        while self._due:
            news = self._due[0]
            if news.acts:
                await self._act(account, news.violation)
            if news.kind is not None:
                self._tell(account, news.kind, news.violation)
            self._due.popleft()

    def _look(self, before: Mapping[str, Violation], found: Mapping[str, Violation]) -> None:
        blind = {limit_id for limit_id, one in found.items() if _is_blind(one)}
        now_broken = {
            limit_id: before.get(limit_id, one) if limit_id in blind else one
            for limit_id, one in found.items()
            if limit_id not in blind or limit_id in before or self._stays_blind(limit_id)
        }
        self._blind_since = {key: since for key, since in self._blind_since.items() if key in blind}
        for limit_id, violation in now_broken.items():
            known = before.get(limit_id)
            acts = not _is_blind(violation) and (known is None or _is_blind(known) or self._has_changed(limit_id))
            if known is None or acts:
                self._due.append(_News(RiskEventKind.BREACH if known is None else None, violation, acts))
        for limit_id, violation in before.items():
            if limit_id not in now_broken:
                self._due.append(_News(RiskEventKind.BREACH_ENDED, violation, acts=False))
        self._broken = now_broken
        self._versions = {limit_id: self._version(limit_id) for limit_id in now_broken}

    def _stays_blind(self, limit_id: str) -> bool:
        """Whether prices lack for longer than they may."""
        now = self._clock.now()
        return now - self._blind_since.setdefault(limit_id, now) >= _BLIND

    def _has_changed(self, limit_id: str) -> bool:
        """Whether a person has changed the limit while it was broken, perhaps what is to be done about it."""
        version = self._version(limit_id)
        return self._versions.get(limit_id, version) != version

    def _version(self, limit_id: str) -> int:
        stored = self._standing.stored.get(limit_id)
        return 0 if stored is None else stored.version

    async def _act(self, account: str, violation: Violation) -> None:
        """Do what the breach asks for. Raises Unavailable."""
        try:
            await self._answer(account, violation)
        except Unavailable:
            raise
        except ScizorError as error:
            _log.error("breach_not_acted_on", account=account, limit=violation.limit.id, error=error.message)

    async def _answer(self, account: str, violation: Violation) -> None:
        stored, limit = self._standing.stored.get(violation.limit.id), violation.limit
        action = stored.on_breach if stored else BreachAction.TELL
        if action in _TIGHTENS:
            by = f"limit {limit.rule.name} of {limit.key}"
            await self._states.tighten(account, _TIGHTENS[action], violation.message, by)
            self._events.stored()
        elif action is BreachAction.PAUSE_STRATEGY and limit.scope is Scope.STRATEGY:
            await self._pause(account, limit.key)

    def _tell(self, account: str, kind: RiskEventKind, violation: Violation) -> None:
        strategy_id = violation.limit.key if violation.limit.scope is Scope.STRATEGY else ""
        now, told = self._clock.now(), (violation,)
        self._events.tell(RiskEvent(now, kind, account, violation.message, strategy_id, violations=told))


def _binds(limit: Limit, account: str, book: RiskBook) -> bool:
    if limit.scope is Scope.STRATEGY:
        return limit.key in book.strategy_funds or bool(book.holdings(limit.key))
    return limit.scope is Scope.SYMBOL or limit.key == account


def _is_blind(violation: Violation) -> bool:
    """Whether nothing is known but that a price lacks."""
    return violation == unpriced(violation.limit)
