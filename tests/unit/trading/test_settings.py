"""What the environment may say to the service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from scizor.services.trading.settings import TradingSettings

NAMES = ("PORT", "CLIENT_ID", "MARKETDATA", "RECONCILE_EVERY_S", "RESTART_WINDOW", "HEARTBEAT_S")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "IBKR_HOST", "IBKR_PORT", "SCIZOR_BIND_HOST", *(f"SCIZOR_TRADING_{n}" for n in NAMES)):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_the_service_is_local_and_its_broker_is_simulated() -> None:
    settings = TradingSettings()
    assert (settings.bind_host, settings.port, settings.marketdata) == ("127.0.0.1", 50053, "127.0.0.1:50051")
    assert (settings.broker.host, settings.broker.port, settings.orders.client_id) == ("127.0.0.1", 4002, 18)
    assert settings.broker.restart_window is None


def test_each_field_is_a_variable_and_the_gateways_are_those_of_market_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_HOST", "gateway")
    monkeypatch.setenv("IBKR_PORT", "4001")
    monkeypatch.setenv("SCIZOR_TRADING_CLIENT_ID", "7")
    settings = TradingSettings()
    assert (settings.broker.host, settings.broker.port, settings.orders.client_id) == ("gateway", 4001, 7)


def test_the_brokers_restart_is_a_time_of_day_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_TRADING_RESTART_WINDOW", "23:45-00:45 America/New_York")
    window = TradingSettings().broker.restart_window
    assert window is not None
    assert window.holds(datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
    assert not window.holds(datetime(2026, 11, 20, 6, 0, tzinfo=UTC))


@pytest.mark.parametrize("text", ["at night", "23:45-24:45 UTC", "23:45-00:45 Nowhere/City", "23:45-00:45"])
def test_a_window_that_is_none_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SCIZOR_TRADING_RESTART_WINDOW", text)
    with pytest.raises(ValidationError, match="must be like 23:45-00:45 America/New_York"):
        TradingSettings()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in TradingSettings.model_fields.values())
