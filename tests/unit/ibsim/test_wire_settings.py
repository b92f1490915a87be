"""What an operator may say about the gateway simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from scizor.services.ibsim.market import SystemMarketClock
from scizor.services.ibsim.settings import IbsimSettings


def test_by_default_it_is_now_on_the_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_HOME", "/somewhere")
    settings = IbsimSettings()
    assert (settings.port, settings.bind_host) == (4002, "127.0.0.1")
    assert settings.state_file == Path("/somewhere/ibsim/state.sqlite")
    assert isinstance(settings.market_clock(), SystemMarketClock)


def test_a_replay_begins_at_its_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_IBSIM_CLOCK", "2024-03-14T09:30:00-04:00@60")
    monkeypatch.setenv("SCIZOR_IBSIM_HOME", "/elsewhere")
    settings = IbsimSettings()
    assert settings.state_file == Path("/elsewhere/state.sqlite")
    begun = settings.market_clock().now() - datetime(2024, 3, 14, 13, 30, tzinfo=UTC)
    assert 0 <= begun.total_seconds() < 60


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("CLOCK", "yesterday", "must be now or an ISO time"),
        ("CLOCK", "2024-03-14T09:30:00", "must bear a time zone"),
        ("CLOCK", "2024-03-14T09:30:00Z@0", "the speed must be above 0"),
        ("CLOCK", "2024-03-14T09:30:00Z@fast", "must be now or an ISO time"),
        ("HOME", "here", "SCIZOR_IBSIM_HOME must be an absolute path"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("FILL_AT", "midpoint", "should be 'quote' or 'last'"),
        ("MAX_PARTICIPATION", "0", "greater than 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_rule(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(f"SCIZOR_IBSIM_{variable}", value)
    with pytest.raises(ValidationError, match=rule):
        IbsimSettings()
