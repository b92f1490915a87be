"""Calls about whether an account trades, and whether our books are the broker's."""

from __future__ import annotations

from scizor.codec.trading import status as codec
from scizor.ports.storage import UnitOfWork
from scizor.services.callers import Context
from scizor.services.idempotent import once
from scizor.services.trading.calls.base import Calls, actor_of
from scizor.services.trading.calls.requests import state_of
from scizor.services.trading.desks import Desk
from scizor.trading.v1 import trading_service_pb2 as rpc


class StandingCalls(Calls):
    """The state, the gate, the comparison."""

    async def SetTradingState(
        self, request: rpc.SetTradingStateRequest, context: Context
    ) -> rpc.SetTradingStateResponse:
        """Latches the state; what it asks for has begun when this answers."""
        desk, actor = self._desk(request.account), actor_of(context)
        wish, standing = state_of(request, desk.account), await self._standing(desk)

        async def act(work: UnitOfWork) -> rpc.SetTradingStateResponse:
            state = await self._do.risk.set_state(work, wish, actor)
            return rpc.SetTradingStateResponse(status=codec.status_to_proto(state, standing))

        answer = await self._once(request, rpc.SetTradingStateResponse, act)
        await self._do.risk.committed(desk.account)
        return answer

    async def GetTradingStatus(
        self, request: rpc.GetTradingStatusRequest, context: Context
    ) -> rpc.GetTradingStatusResponse:
        """How trading stands."""
        return rpc.GetTradingStatusResponse(status=await self._status(self._desk(request.account)))

    async def Reconcile(self, request: rpc.ReconcileRequest, context: Context) -> rpc.ReconcileResponse:
        """Compares our books with the broker's now."""
        desk, actor = self._desk(request.account), actor_of(context)
        async with self._keyed.alone(request):
            earlier = await self._keyed.earlier(request, rpc.ReconcileResponse)
            if earlier is not None:
                return earlier
            found = await desk.reconcile(actor)
            answer = rpc.ReconcileResponse(
                status=await self._status(desk),
                differences=map(codec.difference_to_proto, found.differences),
                corrections=found.corrections,
            )

            async def compared() -> rpc.ReconcileResponse:
                return answer

            async with self._storage.begin() as work:
                return await once(work, request, rpc.ReconcileResponse, compared)

    async def _status(self, desk: Desk) -> rpc.TradingStatus:
        standing = await self._standing(desk)
        return codec.status_to_proto(self._do.risk.state(desk.account), standing)

    async def _standing(self, desk: Desk) -> codec.Standing:
        counts, reconciled = await self._queries.counts(desk.account), desk.reconciled
        return codec.Standing(
            paper=desk.paper,
            gate=desk.gate,
            unknown_orders=counts.unknown_orders,
            open_orders=counts.open_orders,
            deployments=counts.deployments,
            differences=reconciled.left if reconciled else 0,
            reconcile_time=reconciled.time if reconciled else None,
            accounts=self._do.desks.accounts(),
        )
