"""The kill switch: everything is cancelled, then everything is closed, however long the broker is away meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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
_MOST_TRIES: Final = 20
_ACTOR: Final = Actor("kill switch", "risk")

_log = structlog.get_logger(__name__)


class KillSwitch:
    """Of one account. Its orders' names tell what it has sent, so that it goes on where it was after a restart."""

    def __init__(
        self, desk: Callable[[], Desk], standing: Standing, states: States, events: Events, clock: Clock
    ) -> None:
        self._desk, self._standing, self._states = desk, standing, states
        self._events, self._clock = events, clock
        self._given_up: set[str] = set()

    async def run(self, account: str) -> None:
        """Look whether there is something to do, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            state = self._standing.state(account)
            if not state.flattening:
                self._given_up.clear()
                continue
            try:
                if self._desk().gate is GateState.OPEN and await self._flat(self._desk(), state):
                    await self._states.flattened(account)
            except ScizorError as error:
                _log.warning("kill_switch_waits", account=account, error=error.message)

    async def _flat(self, desk: Desk, state: AccountState) -> bool:
        """One step. Whether nothing is open and nothing is held any more."""
        ours = [one for one in desk.books.open_orders() if not one.external]
        others = [one for one in ours if not _is_closing(one, state)]
        for one in others:
            if one.phase is not OrderState.PENDING_CANCEL:
                await desk.cancel(one.id, _ACTOR)
        if others:
            return False
        held = desk.books.holdings.shares()
        closing = {one.request.instrument for one in ours}
        for instrument, shares in held.items():
            if instrument not in closing:
                await self._close(desk, state, instrument, Terms(abs(shares), OrderType.MARKET))
        return not ours and not held

    async def _close(self, desk: Desk, state: AccountState, instrument: str, terms: Terms) -> None:
        sent = [one for one in desk.books.orders.values() if _is_closing(one, state)]
        tried = sum(one.request.instrument == instrument for one in sent)
        if tried >= _MOST_TRIES:
            self._complain(desk.account, instrument, f"still held after {tried} orders to close it")
            return
        side = closing_side(desk.books.holdings.shares()[instrument])
        draft = Draft(f"{_prefix(state)}{len(sent) + 1}", instrument, side, terms)
        try:
            await desk.place(draft, _ACTOR, flattens=True)
        except FailedPrecondition as error:
            self._complain(desk.account, instrument, error.message)

    def _complain(self, account: str, instrument: str, why: str) -> None:
        """Once for each instrument."""
        if instrument not in self._given_up:
            self._given_up.add(instrument)
            told = f"the kill switch cannot close {instrument}: {why}"
            now = self._clock.now()
            self._events.tell(RiskEvent(now, RiskEventKind.ORDER_INCIDENT, account, told, instrument=instrument))


def _prefix(state: AccountState) -> str:
    return f"flatten-{int(state.time.timestamp() * 1000)}-"


def _is_closing(order: Order, state: AccountState) -> bool:
    return order.request.client_order_id.startswith(_prefix(state))
