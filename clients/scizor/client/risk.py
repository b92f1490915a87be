"""Every call about risk as a value."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from scizor.client.calls import WATCH_DEADLINE_S, Call, Pages, Stream
from scizor.client.exact import Exact, Instant, exact_if_any, member, stamp
from scizor.client.orders import new_order
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.stress import Scenario
from scizor.ports.trading import BreachAction, RiskEventKind
from scizor.trading.v1 import risk_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

_LARGEST_PAGE = 1_000


def check_risk(*, account: str = "") -> Call[rpc.CheckRiskResponse, rpc.CheckRiskResponse]:
    """Which limits are broken as things stand, no order asked."""
    return Call(rpc.CheckRiskRequest(account=account), rpc.CheckRiskResponse, lambda answer: answer)


def check_order(
    symbol: str,
    side: Side,
    quantity: Exact,
    *,
    type: OrderType | None = None,  # noqa: A002 - the contract's word
    limit_price: Exact | None = None,
    stop_price: Exact | None = None,
    trail_amount: Exact | None = None,
    trail_fraction: Exact | None = None,
    time_in_force: TimeInForce | None = None,
    good_till_time: Instant = None,
    outside_regular_hours: bool = False,
    account: str = "",
) -> Call[rpc.CheckOrderResponse, rpc.CheckOrderResponse]:
    """All that would speak against an order, what it would come to and cost; nothing is sent."""
    order = new_order(
        symbol,
        side,
        quantity,
        type=type,
        limit_price=limit_price,
        stop_price=stop_price,
        trail_amount=trail_amount,
        trail_fraction=trail_fraction,
        time_in_force=time_in_force,
        good_till_time=good_till_time,
        outside_regular_hours=outside_regular_hours,
        account=account,
    )
    return Call(rpc.CheckOrderRequest(order=order), rpc.CheckOrderResponse, lambda answer: answer)


def list_limits(
    *, rule: Rule | None = None, scope: Scope | None = None, key: str = "", limit: int | None = None
) -> Pages[rpc.ListRiskLimitsResponse, list[pb.RiskLimit]]:
    """Limits by scope, key and rule, over all pages. `key`: the account, strategy or symbol, as `scope` has it."""
    request = rpc.ListRiskLimitsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        rule=pb.RiskRule.ValueType(member(rule, Rule, "rule")),
        scope=pb.RiskScope.ValueType(member(scope, Scope, "scope")),
        key=key,
    )
    return Pages(
        request,
        rpc.ListRiskLimitsResponse,
        count=lambda page: len(page.limits),
        decode=lambda pages: [one for page in pages for one in page.limits][:limit],
        limit=limit,
    )


def get_limit(limit_id: str) -> Call[rpc.GetRiskLimitResponse, pb.RiskLimit]:
    """A limit as it stands."""
    return Call(rpc.GetRiskLimitRequest(id=limit_id), rpc.GetRiskLimitResponse, lambda answer: answer.limit)


def set_limit(
    rule: Rule,
    value: Exact | None = None,
    *,
    scope: Scope = Scope.ACCOUNT,
    key: str = "",
    on_breach: BreachAction = BreachAction.TELL,
    etag: str = "",
    request_id: str = "",
) -> Call[rpc.SetRiskLimitResponse, pb.RiskLimit]:
    """Store a limit; where one of this rule, scope and key is there, its `etag` says which it takes the place of.

    `value`: counted as the rule says, none for RESTRICTED and MARKET_HOURS. `key`: the account, strategy or symbol, as
    `scope` has it; it may be left out for an account where there is one alone.
    """
    limit = pb.RiskLimit(
        rule=pb.RiskRule.ValueType(member(rule, Rule, "rule")),
        scope=pb.RiskScope.ValueType(member(scope, Scope, "scope")),
        key=key,
        value=exact_if_any(value, "value"),
        on_breach=pb.BreachAction.ValueType(member(on_breach, BreachAction, "on_breach")),
        etag=etag,
    )
    request = rpc.SetRiskLimitRequest(limit=limit, request_id=request_id or str(uuid4()))
    return Call(request, rpc.SetRiskLimitResponse, lambda answer: answer.limit)


def delete_limit(
    limit_id: str, *, etag: str = "", request_id: str = ""
) -> Call[rpc.DeleteRiskLimitResponse, pb.RiskLimit]:
    """Remove a limit; returns it as it was."""
    request = rpc.DeleteRiskLimitRequest(id=limit_id, etag=etag, request_id=request_id or str(uuid4()))
    return Call(request, rpc.DeleteRiskLimitResponse, lambda answer: answer.limit)


def list_events(
    *,
    strategy_id: str = "",
    kind: RiskEventKind | None = None,
    start_time: Instant = None,
    account: str = "",
    limit: int | None = None,
) -> Pages[rpc.ListRiskEventsResponse, list[pb.RiskEvent]]:
    """What happened about risk, newest first, over all pages, from `start_time` on."""
    request = rpc.ListRiskEventsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        account=account,
        strategy_id=strategy_id,
        kind=pb.RiskEventKind.ValueType(member(kind, RiskEventKind, "kind")),
        start_time=stamp(start_time, "start_time"),
    )
    return Pages(
        request,
        rpc.ListRiskEventsResponse,
        count=lambda page: len(page.events),
        decode=lambda pages: [event for page in pages for event in page.events][:limit],
        limit=limit,
    )


def watch_events(
    *, account: str = "", after_sequence: int = 0
) -> Stream[rpc.WatchRiskEventsResponse, rpc.WatchRiskEventsResponse]:
    """What happens about risk, each `risk_event` once and in order, across lost connections.

    Keep `sequence` to go on from there later; 0 begins with what comes next. Ends when the server stops.
    """

    def go_on(request: rpc.WatchRiskEventsRequest, last: rpc.WatchRiskEventsResponse) -> None:
        request.after_sequence = max(request.after_sequence, last.sequence)

    return Stream(
        rpc.WatchRiskEventsRequest(account=account, after_sequence=after_sequence),
        rpc.WatchRiskEventsResponse,
        ("risk_event",),
        lambda message: message,
        resume=go_on,
        deadline_s=WATCH_DEADLINE_S,
        whole=True,
    )


def get_exposure(*, strategy_id: str = "", account: str = "") -> Call[rpc.GetExposureResponse, pb.Exposure]:
    """How much is at risk, at the prices that are known."""
    request = rpc.GetExposureRequest(account=account, strategy_id=strategy_id)
    return Call(request, rpc.GetExposureResponse, lambda answer: answer.exposure)


def run_stress_test(
    scenarios: Iterable[Scenario] = (), *, worst_days: int = 0, account: str = ""
) -> Call[rpc.RunStressTestResponse, list[pb.StressResult]]:
    """What price shocks would do, in the order given, then the worst days that history has for what is held."""
    asked = [
        pb.StressScenario(
            name=one.name,
            shock=float(one.shock),
            symbol_shocks={symbol: float(shock) for symbol, shock in one.by_instrument.items()},
        )
        for one in scenarios
    ]
    request = rpc.RunStressTestRequest(account=account, scenarios=asked, worst_days=worst_days)
    return Call(request, rpc.RunStressTestResponse, lambda answer: list(answer.results), deadline_s=120.0)
