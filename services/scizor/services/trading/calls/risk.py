"""Calls about risk."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from scizor.codec import pages
from scizor.codec.trading import risk as codec
from scizor.codec.trading.exact import instant_from_proto, money_to_proto_if_any
from scizor.codec.trading.spelling import spelled
from scizor.codec.trading.status import state_to_proto
from scizor.domain.errors import Unavailable
from scizor.domain.trading.limits import Scope
from scizor.domain.trading.stress import Scenario
from scizor.ports.storage import UnitOfWork
from scizor.ports.trading import RiskEvent
from scizor.services.callers import Context
from scizor.services.trading.calls.base import Calls, actor_of
from scizor.services.trading.calls.requests import draft_of, limit_of
from scizor.services.trading.queries import limit_key
from scizor.services.trading.use_cases import EventFilter, LimitFilter
from scizor.trading.v1 import trading_service_pb2 as rpc

_DEFAULT_PAGE: Final = 100
_MOST: Final = 1_000


class RiskCalls(Calls):
    """Checks, limits, events, exposure."""

    async def CheckRisk(self, request: rpc.CheckRiskRequest, context: Context) -> rpc.CheckRiskResponse:
        """Which limits are broken as things stand."""
        found = await self._do.risk.check(self._desk(request.account).account)
        return rpc.CheckRiskResponse(
            passed=not found.violations,
            violations=map(codec.violation_to_proto, found.violations),
            trading_state=state_to_proto(found.state),
        )

    async def CheckOrder(self, request: rpc.CheckOrderRequest, context: Context) -> rpc.CheckOrderResponse:
        """All checks of an order, and nothing sent."""
        desk = self._desk(request.order.account, "order.account")
        with spelled("order"):
            checked = await desk.check(draft_of(request.order))
        base = await self._base_currency(desk.account)
        return rpc.CheckOrderResponse(
            passed=not (checked.violations or checked.restricted),
            violations=map(codec.violation_to_proto, checked.violations),
            value=money_to_proto_if_any(checked.value, base) if base else None,
            commission=money_to_proto_if_any(checked.commission, base) if base else None,
        )

    async def ListRiskLimits(self, request: rpc.ListRiskLimitsRequest, context: Context) -> rpc.ListRiskLimitsResponse:
        """A page of limits, by scope, key and rule."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        which = LimitFilter(
            codec.rule_from_proto(request.rule),
            codec.scope_from_proto(request.scope),
            await self._filtered_key(request),
        )
        cursor = pages.decode(request.page_token, request) if request.page_token else None
        after = (int(cursor[0]), str(cursor[1]), int(cursor[2])) if cursor else None
        found = await self._do.risk.limits(which, after, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1].limit
            token = pages.encode((int(last.scope), last.key, int(last.rule)), request)
        return rpc.ListRiskLimitsResponse(limits=map(codec.limit_to_proto, found[:size]), next_page_token=token)

    async def GetRiskLimit(self, request: rpc.GetRiskLimitRequest, context: Context) -> rpc.GetRiskLimitResponse:
        """A limit."""
        return rpc.GetRiskLimitResponse(limit=codec.limit_to_proto(await self._do.risk.limit(request.id)))

    async def SetRiskLimit(self, request: rpc.SetRiskLimitRequest, context: Context) -> rpc.SetRiskLimitResponse:
        """Stores a limit, or changes one; it binds when this answers."""
        wanted, actor = request.limit, actor_of(context)
        scope, key = Scope(wanted.scope), wanted.key
        if scope is Scope.ACCOUNT:
            key = self._desk(key, "limit.key").account

        async def act(work: UnitOfWork) -> rpc.SetRiskLimitResponse:
            wish = limit_of(wanted, await limit_key(work, scope, key))
            stored = await self._do.risk.set_limit(work, wish, actor)
            return rpc.SetRiskLimitResponse(limit=codec.limit_to_proto(stored))

        answer = await self._once(request, rpc.SetRiskLimitResponse, act)
        await self._do.risk.committed()
        return answer

    async def DeleteRiskLimit(
        self, request: rpc.DeleteRiskLimitRequest, context: Context
    ) -> rpc.DeleteRiskLimitResponse:
        """Removes a limit; it binds no more when this answers."""
        actor = actor_of(context)

        async def act(work: UnitOfWork) -> rpc.DeleteRiskLimitResponse:
            gone = await self._do.risk.delete_limit(work, request.id, request.etag, actor)
            return rpc.DeleteRiskLimitResponse(limit=codec.limit_to_proto(gone))

        answer = await self._once(request, rpc.DeleteRiskLimitResponse, act)
        await self._do.risk.committed()
        return answer

    async def ListRiskEvents(self, request: rpc.ListRiskEventsRequest, context: Context) -> rpc.ListRiskEventsResponse:
        """A page of risk events, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        which = EventFilter(
            account=self._desk(request.account).account,
            strategy_id=request.strategy_id,
            kind=codec.kind_from_proto(request.kind),
            start=instant_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None,
        )
        before = int(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._do.risk.events(which, before, size + 1)
        token = pages.encode((found[size - 1].sequence,), request) if len(found) > size else ""
        return rpc.ListRiskEventsResponse(events=map(codec.event_to_proto, found[:size]), next_page_token=token)

    async def WatchRiskEvents(self, request: rpc.WatchRiskEventsRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Risk events as they come."""
        account, after = self._desk(request.account).account, request.after_sequence
        if not after:
            newest = await self._do.risk.events(EventFilter(account), None, 1)
            after = newest[0].sequence if newest else 0
        steps = self._do.risk.watch_events(account, after)
        messages = self._streams.told(rpc.WatchRiskEventsResponse, steps, _told, after)
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def GetExposure(self, request: rpc.GetExposureRequest, context: Context) -> rpc.GetExposureResponse:
        """How much is at risk."""
        view = await self._do.risk.exposure(self._desk(request.account).account, request.strategy_id)
        return rpc.GetExposureResponse(exposure=codec.exposure_to_proto(view))

    async def RunStressTest(self, request: rpc.RunStressTestRequest, context: Context) -> rpc.RunStressTestResponse:
        """What shocks, or the worst days of history, would do."""
        account = self._desk(request.account).account
        scenarios = [await self._scenario(number, request) for number in range(len(request.scenarios))]
        views = await self._do.risk.stress(account, scenarios, request.worst_days)
        return rpc.RunStressTestResponse(results=map(codec.stress_to_proto, views))

    async def _scenario(self, number: int, request: rpc.RunStressTestRequest) -> Scenario:
        asked = codec.scenario_from_proto(request.scenarios[number], f"scenarios[{number}]")
        references = await self._queries.instruments(list(asked.by_instrument))
        return Scenario(asked.name, asked.shock, dict(zip(references, asked.by_instrument.values(), strict=True)))

    async def _filtered_key(self, request: rpc.ListRiskLimitsRequest) -> str:
        """An instrument's reference where it is a symbol's limits that are asked for; else the key as it is."""
        is_symbol = codec.scope_from_proto(request.scope) is Scope.SYMBOL
        return await self._queries.instrument(request.key) if is_symbol else request.key

    async def _base_currency(self, account: str) -> str:
        """Empty while nobody has told it: what an order comes to is then left out."""
        try:
            return (await self._do.values.account(account)).base_currency
        except Unavailable:
            return ""


def _told(event: RiskEvent) -> tuple[int, dict[str, Any]]:
    return event.sequence, {"risk_event": codec.event_to_proto(event)}
