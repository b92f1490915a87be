"""Strategies deployed on a replayed month trade as their backtests over it do: the same fills, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import httpx
import pytest

from tests.e2e.replayed import closes, replay, trades_until_before_the_close
from tests.e2e.stack import until

pytestmark = pytest.mark.timeout(400)

SYMBOLS = ("AAPL", "MSFT")
SESSIONS = [one for place in range(12) if (one := date(2012, 11, 26) + timedelta(days=place)).weekday() < 5]
CAPITAL = {"currencyCode": "USD", "units": "100000"}
DIPS = '''
from scizor.strategy import Context, EventStrategy


class Dips(EventStrategy):
    """Bids below the close, with a stop below and a target above."""

    def on_bar(self, ctx: Context) -> None:
        for symbol in ctx.symbols:
            if ctx.position(symbol) or ctx.orders(symbol):
                continue
            price = round(0.995 * ctx.close(symbol), 2)
            shares = int(20_000 / price)
            stop, target = round(0.97 * price, 2), round(1.02 * price, 2)
            ctx.bracket(symbol, shares, limit=price, stop_loss=stop, take_profit=target)
'''
TREND = '''
from scizor.strategy import Context, EventStrategy, indicators as ta


class Trend(EventStrategy):
    """Holds what is above its mean."""

    mean = ta.sma(window=5)

    def on_bar(self, ctx: Context) -> None:
        for symbol in ctx.symbols:
            above, held = ctx.close(symbol) > self.mean[symbol], ctx.position(symbol) != 0
            if above != held:
                ctx.target(symbol, 0.45 if above else 0.0)
'''
BUILT_IN = "sma_cross"
STRATEGIES = {"dips": DIPS, "trend": TREND}
BEGINS = {"dips": "2012-11-26", "trend": "2012-11-19"}
"""So that the first session with a decision is the first that the deployments are shown."""
_CENT = Decimal("0.01")
Fill = tuple[str, str, str, Decimal, Decimal]
"""Symbol, session, side, shares and price."""


@pytest.fixture(scope="module")
def traded() -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """The replay at its end, and the deployments by strategy."""
    with replay(SYMBOLS) as (stack, rest):
        for name, source in STRATEGIES.items():
            until(partial(_stored, rest, name, source), f"{name} is stored", 180.0)
        deployments = {name: _deployed(rest, name) for name in (*STRATEGIES, BUILT_IN)}
        for session, following in zip(SESSIONS, [*SESSIONS[1:], None], strict=True):
            closes(rest, stack, session, list(deployments.values()))
            if following:
                trades_until_before_the_close(rest, stack, following)
        yield rest, deployments


def _stored(rest: httpx.Client, name: str, source: str) -> bool:
    """In a fresh clone what looks at a text is compiled first, and the answer may come too late for its deadline."""
    return rest.post("/api/strategies", json={"id": name, "source": source}).status_code in {200, 409}


def _deployed(rest: httpx.Client, strategy: str) -> str:
    parameters = {"fast": 2, "slow": 5} if strategy == BUILT_IN else {}
    body = {"symbols": list(SYMBOLS), "capital": CAPITAL, "parameters": parameters}
    answer = rest.post(f"/api/strategies/{strategy}/start", json=body)
    assert answer.status_code == 200, answer.text
    deployment = str(answer.json()["deployment"]["id"])

    def running() -> bool:
        found = rest.get(f"/api/deployments/{deployment}").json()["deployment"]
        assert found["state"] != "DEPLOYMENT_STATE_ERROR", found
        return bool(found["state"] == "DEPLOYMENT_STATE_RUNNING")

    until(running, f"{strategy} is at work", 120.0)
    return deployment


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_its_fills_are_those_of_its_backtest(traded: tuple[httpx.Client, dict[str, str]], strategy: str) -> None:
    rest, _ = traded
    live, paid = _live(rest, strategy)
    backtested, commission = _backtested(rest, strategy)
    assert live == backtested
    assert paid.quantize(_CENT) == commission.quantize(_CENT)
    assert len(live) > 3


@pytest.mark.parametrize("strategy", [*sorted(STRATEGIES), BUILT_IN])
def test_the_parity_report_finds_no_difference(traded: tuple[httpx.Client, dict[str, str]], strategy: str) -> None:
    rest, deployments = traded
    asked: dict[str, str | int] = {"deployment_id": deployments[strategy], "parity_sessions": 30}
    answer = rest.get("/api/performance/live", params=asked)
    assert answer.status_code == 200, answer.text
    reports = answer.json()["performance"]["parity"]
    assert [difference for report in reports for difference in report["differences"]] == []
    counts = [sum(int(report[f"{one}Fills"]) for report in reports) for one in ("live", "backtest", "equal")]
    assert len(set(counts)) == 1
    assert counts[0] > 3
    assert [report["session"] for report in reports] == [one.isoformat() for one in SESSIONS[:0:-1]]


def _live(rest: httpx.Client, strategy: str) -> tuple[list[Fill], Decimal]:
    """What was traded, and what it cost."""
    found = rest.get("/api/trades", params={"strategy_id": strategy, "page_size": 1000}).json()["trades"]
    fills = [
        (
            one["symbol"].split(".")[0],
            one["time"][:10],
            one["side"].removeprefix("ORDER_SIDE_"),
            Decimal(one["quantity"]["value"]),
            Decimal(one["price"]["value"]).quantize(_CENT),
        )
        for one in found
    ]
    costs = [one["commission"] for one in found]
    return sorted(fills, key=_place), sum(
        (Decimal(one["units"]) + Decimal(one["nanos"]) / 10**9 for one in costs), Decimal(0)
    )


def _backtested(rest: httpx.Client, strategy: str) -> tuple[list[Fill], Decimal]:
    """The same. Trades of positions that are open at the end are told only where they are closed, at a cost."""
    trades = rest.get(f"{_run(rest, strategy, keep_open=False)}/trades", params={"page_size": 1000}).json()["trades"]
    fills: list[Fill] = []
    for one in trades:
        symbol, shares = one["symbol"].split(".")[0], Decimal(str(one["quantity"]))
        fills.append((symbol, one["entrySession"], "BUY", shares, _price(one["entryPrice"])))
        if not one["closedAtEnd"]:
            fills.append((symbol, one["exitSession"], "SELL", shares, _price(one["exitPrice"])))
    results = rest.get(f"{_run(rest, strategy, keep_open=True)}/results").json()["results"]
    return sorted(fills, key=_place), Decimal(str(results["commissionPaid"]))


def _run(rest: httpx.Client, strategy: str, *, keep_open: bool) -> str:
    body = {
        "strategyId": strategy,
        "symbols": list(SYMBOLS),
        "initialCapital": CAPITAL,
        "start": BEGINS[strategy],
        "end": SESSIONS[-1].isoformat(),
        "adjustment": "ADJUSTMENT_RAW",
        "account": "ACCOUNT_TYPE_MARGIN",
        "commission": {"plan": "COMMISSION_PLAN_IB_FIXED"},
        "limitFills": "LIMIT_POLICY_THROUGH",
        "noFinancing": True,
        "keepOpenAtEnd": keep_open,
    }
    answer = rest.post("/api/backtests", json=body)
    assert answer.status_code == 200, answer.text
    run = f"/api/backtests/{answer.json()['backtest']['id']}"
    until(lambda: rest.get(run).json()["backtest"]["state"] == "BACKTEST_STATE_SUCCEEDED", lambda: rest.get(run).text)
    return run


def _price(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_CENT)


def _place(fill: Fill) -> tuple[str, str, str]:
    return fill[1], fill[0], fill[2]
