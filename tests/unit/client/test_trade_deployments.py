"""`scizor trade start` and what becomes of a strategy at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scizor.trading.v1 import deployment_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.type.v1 import bars_pb2
from tests.unit.client.scripted_trading import DEPLOYMENT, DEPLOYMENT_ID, Trading, serving, trade

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    scripted = Trading()
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted


def test_a_strategy_is_put_to_work(trading: Trading, capsys: Capture) -> None:
    trading.answers["StartStrategy"] = rpc.StartStrategyResponse(deployment=DEPLOYMENT)
    words = ["--symbols", "aapl,MSFT", "--capital", "10,000.50 usd", "--set", "fast=20", "--parameters", "slow=1.5"]
    assert trade("start", "sma_cross@2", *words, "--interval", "5m", "--catch-up") == 0
    asked = trading.asked[0].deployment
    assert (asked.strategy_id, asked.strategy_version, list(asked.symbols)) == ("sma_cross", 2, ["AAPL", "MSFT"])
    assert (asked.capital.units, asked.capital.nanos, asked.capital.currency_code) == (10_000, 500_000_000, "USD")
    assert dict(asked.parameters) == {"fast": 20, "slow": 1.5}
    assert (asked.interval, asked.live) == (bars_pb2.BAR_INTERVAL_5M, False)
    assert asked.catch_up == deployment_pb2.CATCH_UP_ACT_ON_NEWEST
    assert f"is running as {DEPLOYMENT_ID}" in capsys.readouterr().out


def test_a_deployment_is_named_by_its_strategy_or_by_itself(trading: Trading) -> None:
    assert trade("stop", "sma_cross", "--mode", "flatten") == 0
    assert trade("pause", DEPLOYMENT_ID) == 0
    assert trade("resume", "sma_cross") == 0
    stop, pause, resume = trading.asked
    assert (stop.strategy_id, stop.mode) == ("sma_cross", deployment_pb2.STOP_MODE_FLATTEN)
    assert (pause.strategy_id, pause.deployment_id) == ("", DEPLOYMENT_ID)
    assert resume.strategy_id == "sma_cross"


def test_deployments_and_their_performance_are_shown(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListDeployments"] = rpc.ListDeploymentsResponse(deployments=[DEPLOYMENT])
    trading.answers["GetDeployment"] = rpc.GetDeploymentResponse(deployment=DEPLOYMENT)
    assert trade("deployments", "--state", "running") == 0
    assert trading.asked[-1].state == deployment_pb2.DEPLOYMENT_STATE_RUNNING
    assert trade("deployment", "sma_cross") == 0
    assert trading.asked[-1].id == DEPLOYMENT_ID
    assert "10,000.00 USD" in capsys.readouterr().out
    assert trade("performance", DEPLOYMENT_ID, "--parity", "10") == 0
    assert (trading.asked[-1].deployment_id, trading.asked[-1].parity_sessions) == (DEPLOYMENT_ID, 10)
    assert trade("performance", "--json") == 0
    assert (trading.asked[-1].deployment_id, trading.asked[-1].parity_sessions) == ("", 0)


def test_a_strategy_that_never_worked_has_no_deployment(trading: Trading, capsys: Capture) -> None:
    assert trade("deployment", "sma_cross") == 2
    assert "scizor trade start" in capsys.readouterr().err
