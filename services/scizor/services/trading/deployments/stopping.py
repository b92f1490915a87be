"""The end of a deployment: what becomes of its orders and of what it holds, however often it takes a new start."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import structlog

from scizor.domain.errors import FailedPrecondition
from scizor.domain.orders import OrderType
from scizor.domain.trading.deployments import Deployment, StopMode
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.positions import closing_side
from scizor.domain.trading.states import Order, OrderState
from scizor.services.trading.deployments.memory import Memory
from scizor.services.trading.deployments.stakes import client_id
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor, Draft

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0

_log = structlog.get_logger(__name__)


class Stopping:
    """Of one deployment. It closes its own shares alone, and never more than its strategy holds on the account.

    What is refused is asked for again, less and less often: the market may open, a limit may be changed.
    """

    def __init__(self, desk: Desk, memory: Memory) -> None:
        self._desk, self._memory = desk, memory
        self._pauses: dict[str, float] = {}
        self._again: dict[str, float] = {}

    async def step(self, deployment: Deployment, mode: StopMode) -> bool:
        """One more; whether all is as the mode asks for. `memory`: is current. Raises Unavailable, Conflict."""
        if mode is StopMode.LEAVE:
            return True
        actor = Actor(f"strategy {deployment.spec.strategy_id}", f"deployment {deployment.id}")
        mine = [one for one in self._desk.books.open_orders() if one.request.deployment_id == deployment.id]
        others = [one for one in mine if not _closes(deployment, one)]
        for one in others:
            if one.phase is not OrderState.PENDING_CANCEL and self._is_time(one.id):
                await self._cancel(one, actor)
        if others or mode is StopMode.CANCEL_ORDERS:
            return not others
        closing = {one.request.instrument for one in mine}
        left = self._left(deployment)
        for instrument, held in left.items():
            if instrument not in closing and self._is_time(instrument):
                await self._close(deployment, instrument, held, actor)
        return not mine and not left

    def _left(self, deployment: Deployment) -> Mapping[str, Decimal]:
        """What it holds, negative when short; somebody may have closed a part of it under the strategy's name."""
        found: dict[str, Decimal] = {}
        for name, held in self._memory.purse.shares().items():
            owned = self._desk.books.holdings.by_strategy.get((deployment.spec.strategy_id, name))
            if owned is not None and owned.shares * held > 0:
                found[name] = min(held, owned.shares, key=abs)
        return found

    async def _cancel(self, order: Order, actor: Actor) -> None:
        try:
            await self._desk.cancel(order.id, actor)
        except FailedPrecondition as error:  # it has ended meanwhile, or cannot be cancelled yet
            _log.warning("not_cancelled", order=order.id, error=error.message)

    async def _close(self, deployment: Deployment, instrument: str, held: Decimal, actor: Actor) -> None:
        sent = sum(_closes(deployment, one) for one in self._memory.purse.orders)
        draft = Draft(
            client_id(deployment.id, f"close-{sent + 1}"),
            instrument,
            closing_side(held),
            Terms(abs(held), OrderType.MARKET),
            strategy_id=deployment.spec.strategy_id,
            deployment_id=deployment.id,
        )
        try:
            await self._desk.place(draft, actor, closes=True)
        except FailedPrecondition as error:
            _log.warning("not_closed", deployment=deployment.id, instrument=instrument, error=error.message)

    def _is_time(self, subject: str) -> bool:
        """Whether to ask for it now; the next time is later then."""
        now = asyncio.get_running_loop().time()
        if now < self._again.get(subject, now):
            return False
        pause_s = self._pauses.get(subject, _FIRST_PAUSE_S)
        self._pauses[subject], self._again[subject] = min(2 * pause_s, _LONGEST_PAUSE_S), now + pause_s
        return True


def _closes(deployment: Deployment, order: Order) -> bool:
    return order.request.client_order_id.startswith(client_id(deployment.id, "close-"))
