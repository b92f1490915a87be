"""`scizor trade risk`, `exposure` and `stress`; and that what costs money at once is asked about first."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.client.scripted_trading import (
    LIMIT,
    LIMIT_ID,
    RISK_EVENT,
    VIOLATION,
    Trading,
    decimal,
    serving,
    trade,
    usd,
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    scripted = Trading()
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted


DANGEROUS = [
    ["close-all"],
    ["halt", "--reason", "drill", "--flatten"],
    ["start", "sma_cross", "--symbols", "AAPL", "--capital", "10000USD", "--live"],
]


@pytest.mark.parametrize("words", DANGEROUS, ids=" ".join)
def test_what_costs_money_at_once_is_not_done_unasked(words: list[str], trading: Trading, capsys: Capture) -> None:
    assert trade(*words) == 2
    assert "--yes" in capsys.readouterr().err
    assert trading.asked == []
    assert trade(*words, "--yes") == 0
    assert len(trading.asked) == 1


@pytest.mark.parametrize("words", DANGEROUS, ids=" ".join)
@pytest.mark.parametrize(("answer", "status", "sent"), [("y\n", 0, 1), ("n\n", 1, 0), ("", 130, 0)])
def test_on_a_terminal_a_person_is_asked(
    answer: str, status: int, sent: int, words: list[str], trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert trade(*words) == status
    assert len(trading.asked) == sent


def test_flatten_is_sent_with_the_halt(trading: Trading) -> None:
    assert trade("halt", "--reason", "drill", "--flatten", "--yes") == 0
    assert (trading.asked[0].flatten, trading.asked[0].state) == (True, risk_pb2.TRADING_STATE_HALTED)


def test_a_broken_limit_is_status_1(trading: Trading, capsys: Capture) -> None:
    trading.answers["CheckRisk"] = rpc.CheckRiskResponse(
        violations=[VIOLATION], trading_state=risk_pb2.TRADING_STATE_HALTED
    )
    assert trade("risk", "check") == 1
    said = capsys.readouterr().out
    assert "daily_loss" in said
    assert "the account is halted" in said
    trading.answers["CheckRisk"] = rpc.CheckRiskResponse(passed=True, trading_state=risk_pb2.TRADING_STATE_ACTIVE)
    assert trade("risk", "check", "--json") == 0


def test_a_limit_that_is_there_is_changed_and_a_new_one_stored(trading: Trading, capsys: Capture) -> None:
    trading.answers["SetRiskLimit"] = rpc.SetRiskLimitResponse(limit=LIMIT)
    assert trade("risk", "limit", "set", "daily_loss", "1000", "--on-breach", "halt") == 0
    assert f"daily_loss 1,000 of account DU1 is set as {LIMIT_ID}" in capsys.readouterr().out
    trading.answers["ListRiskLimits"] = rpc.ListRiskLimitsResponse(limits=[LIMIT])
    assert trade("risk", "limit", "set", "restricted", "--scope", "symbol", "--key", "aapl", "--json") == 0
    first, second = [request.limit for request in trading.asked if isinstance(request, rpc.SetRiskLimitRequest)]
    assert (first.rule, first.value, first.etag) == (risk_pb2.RISK_RULE_DAILY_LOSS, decimal("1000"), "")
    assert first.on_breach == risk_pb2.BREACH_ACTION_HALT
    assert (second.scope, second.key, second.etag) == (risk_pb2.RISK_SCOPE_SYMBOL, "AAPL", "v1")
    assert not second.HasField("value")


def test_a_limit_of_several_accounts_must_say_whose(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListRiskLimits"] = rpc.ListRiskLimitsResponse(limits=[LIMIT, LIMIT])
    assert trade("risk", "limit", "set", "daily_loss", "1000") == 2
    assert "--key" in capsys.readouterr().err


def test_limits_are_listed_and_removed(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListRiskLimits"] = rpc.ListRiskLimitsResponse(limits=[LIMIT])
    trading.answers["DeleteRiskLimit"] = rpc.DeleteRiskLimitResponse(limit=LIMIT)
    assert trade("risk", "limits", "--rule", "daily_loss", "--scope", "account") == 0
    assert trading.asked[0].rule == risk_pb2.RISK_RULE_DAILY_LOSS
    assert trade("risk", "limit", "delete", LIMIT_ID, "--etag", "v1") == 0
    assert (trading.asked[1].id, trading.asked[1].etag) == (LIMIT_ID, "v1")
    assert "is removed" in capsys.readouterr().out


def test_risk_events_are_listed_and_watched(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListRiskEvents"] = rpc.ListRiskEventsResponse(events=[RISK_EVENT])
    assert trade("risk", "events", "--kind", "breach") == 0
    assert trading.asked[0].kind == risk_pb2.RISK_EVENT_KIND_BREACH
    assert "daily loss" in capsys.readouterr().out
    assert trade("risk", "watch", "--count", "1", "--after", "6") == 0
    assert trading.asked[1].after_sequence == 6
    assert capsys.readouterr().out == "2026-11-20 15:30:00Z | DU1 | breach | daily loss | halted\n"


def test_exposure_and_shocks_are_shown(trading: Trading, capsys: Capture) -> None:
    line = risk_pb2.ExposureLine(symbol="AAPL.NASDAQ.USD", quantity=decimal("1000"), value=usd(271_500))
    exposure = risk_pb2.Exposure(gross=usd(271_500), leverage=0.27, lines=[line])
    trading.answers["GetExposure"] = rpc.GetExposureResponse(exposure=exposure)
    assert trade("exposure", "--strategy", "mine") == 0
    assert trading.asked[0].strategy_id == "mine"
    assert trade("stress", "--shock", "-0.2", "--shock", "aapl=-0.35", "--worst-days", "3") == 0
    all_down, one_down = trading.asked[1].scenarios
    assert (all_down.name, all_down.shock) == ("-20.0%", -0.2)
    assert (one_down.name, dict(one_down.symbol_shocks)) == ("AAPL -35.0%", {"AAPL": -0.35})
    assert trading.asked[1].worst_days == 3
    assert trade("stress") == 0
    assert [scenario.shock for scenario in trading.asked[2].scenarios] == [-0.05, -0.1, -0.2, 0.1]
