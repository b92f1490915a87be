"""The kill switch: everything is cancelled, then everything is closed, however long the broker is away meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from scizor.domain.errors import FailedPrecondition, ScizorError
from scizor.domain.orders import OrderType
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.positions import closing_side
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.clock import Clock
from scizor.ports.trading import AccountState, RiskEvent, RiskEventKind
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor, Draft
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.risk.events import Events
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.risk.state import States

_LOOK_S: Final = 0.25
_COMPLAIN_AFTER: Final = 5
_LONGEST_PAUSE: Final = timedelta(seconds=30)
_ACTOR: Final = Actor("kill switch", "risk")

_log = structlog.get_logger(__name__)


class KillSwitch:
    """Of one account. Its orders' names tell what it has sent, so that it goes on where it was after a restart.

    One order to close an instrument at a time; after one that ended without closing it the next waits longer.
    """

    def __init__(
        self, desk: Callable[[], Desk], standing: Standing, states: States, events: Events, clock: Clock
    ) -> None:
        self._desk, self._standing, self._states = desk, standing, states
        self._events, self._clock = events, clock
        self._complained: set[str] = set()
        self._again: dict[str, datetime] = {}

    async def run(self, account: str) -> None:
        """Look whether there is something to do, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self._look(self._standing.state(account))
            except ScizorError as error:
                _log.warning("kill_switch_waits", account=account, error=error.message)
            except Exception:  # noqa: BLE001 - whatever it is, the switch must not be the one that dies
                _log.exception("kill_switch_failed", account=account)

    async def _look(self, state: AccountState) -> None:
        if not state.flattening:
            self._complained.clear()
            self._again.clear()
        elif self._desk().gate is GateState.OPEN and await self._flat(self._desk(), state):
            await self._states.flattened(state)

    async def _flat(self, desk: Desk, state: AccountState) -> bool:
        """One step. Whether nothing is open and nothing is held any more."""
        ours = [one for one in desk.books.open_orders() if not one.external]
        others = [one for one in ours if not _is_closing(one, state)]
        for one in others:
            if one.phase is not OrderState.PENDING_CANCEL:
                await self._cancel(desk, one)
        if others:
            return False
        held = desk.books.holdings.shares()
        closing = {one.request.instrument for one in ours}
        for instrument, shares in held.items():
            if instrument not in closing:
                await self._close(desk, state, instrument, shares)
        return not ours and not held

    async def _cancel(self, desk: Desk, order: Order) -> None:
        """What stands in the way of one stands in the way of no other."""
        try:
            await desk.cancel(order.id, _ACTOR)
        except FailedPrecondition as error:  # it has ended meanwhile
            _log.info("kill_switch_cancels_not", account=desk.account, order=order.id, error=error.message)

    async def _close(self, desk: Desk, state: AccountState, instrument: str, shares: Decimal) -> None:
        orders = desk.books.orders.values()
        sent = [one for one in orders if one.request.instrument == instrument and _is_closing(one, state)]
        if len(sent) >= _COMPLAIN_AFTER:
            self._complain(desk.account, instrument, f"still held after {len(sent)} orders to close it")
        if self._clock.now() < max(self._again.get(instrument, state.time), _next_try(sent, state)):
            return
        # The journal's place makes the name new, whatever of those before it is still remembered.
        name = f"{_prefix(state)}{desk.books.sequence}"
        draft = Draft(name, instrument, closing_side(shares), Terms(abs(shares), OrderType.MARKET))
        try:
            await desk.place(draft, _ACTOR, flattens=True)
        except FailedPrecondition as error:
            self._again[instrument] = self._clock.now() + _LONGEST_PAUSE
            self._complain(desk.account, instrument, error.message)

    def _complain(self, account: str, instrument: str, why: str) -> None:
        """Once for each instrument."""
        if instrument not in self._complained:
            self._complained.add(instrument)
            told = f"the kill switch cannot close {instrument}: {why}"
            now = self._clock.now()
            self._events.tell(RiskEvent(now, RiskEventKind.ORDER_INCIDENT, account, told, instrument=instrument))


def _next_try(sent: Sequence[Order], state: AccountState) -> datetime:
    """After the last of those that ended: at once, then a second later, twice that, and so on."""
    if not sent:
        return state.time
    failed = sum(not one.filled for one in sent)
    pause = min(timedelta(seconds=2 ** min(failed - 1, 10)), _LONGEST_PAUSE) if failed else timedelta()
    return max(one.update_time for one in sent) + pause


def _prefix(state: AccountState) -> str:
    return f"flatten-{int(state.time.timestamp() * 1000)}-"


def _is_closing(order: Order, state: AccountState) -> bool:
    return order.request.client_order_id.startswith(_prefix(state))
