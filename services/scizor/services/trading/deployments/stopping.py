"""The end of a deployment: what becomes of its orders and of what it holds, however often it takes a new start."""

from __future__ import annotations

from decimal import Decimal

import structlog

from scizor.domain.errors import FailedPrecondition
from scizor.domain.orders import OrderType
from scizor.domain.trading.deployments import Deployment, StopMode
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.positions import closing_side
from scizor.domain.trading.states import Order, OrderState
from scizor.services.trading.deployments.stakes import client_id
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor, Draft

_log = structlog.get_logger(__name__)


class Stopping:
    """Of one deployment. It closes its own shares alone: never more than the account holds for its strategy."""

    def __init__(self, deployment: Deployment, desk: Desk) -> None:
        self._deployment, self._desk = deployment, desk
        self._actor = Actor(f"strategy {deployment.spec.strategy_id}", f"deployment {deployment.id}")

    async def step(self, shares: dict[str, Decimal]) -> bool:
        """One more; whether all is as the stop asked for. `shares`: what the deployment's orders have come to.

        Raises Unavailable.
        """
        mode = self._deployment.stop_mode
        if mode is StopMode.LEAVE:
            return True
        mine = [one for one in self._desk.books.open_orders() if one.request.deployment_id == self._deployment.id]
        others = [one for one in mine if not self._closes(one)]
        for one in others:
            if one.phase is not OrderState.PENDING_CANCEL:
                await self._desk.cancel(one.id, self._actor)
        if others or mode is StopMode.CANCEL_ORDERS:
            return not others
        closing = {one.request.instrument for one in mine}
        for instrument, held in shares.items():
            if instrument not in closing:
                await self._close(instrument, held)
        return not mine and not shares

    async def _close(self, instrument: str, held: Decimal) -> None:
        spec = self._deployment.spec
        sent = sum(self._closes(one) for one in self._desk.books.orders.values())
        draft = Draft(
            client_id(self._deployment.id, f"close-{sent + 1}"),
            instrument,
            closing_side(held),
            Terms(abs(held), OrderType.MARKET),
            strategy_id=spec.strategy_id,
            deployment_id=self._deployment.id,
        )
        try:
            await self._desk.place(draft, self._actor, closes=True)
        except FailedPrecondition as error:  # asked again by and by: the state or a limit may be changed
            _log.warning("not_closed", deployment=self._deployment.id, instrument=instrument, error=error.message)

    def _closes(self, order: Order) -> bool:
        return order.request.client_order_id.startswith(client_id(self._deployment.id, "close-"))
