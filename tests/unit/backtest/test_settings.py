"""What the environment may say to the service."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from scizor.services.backtest.settings import BacktestSettings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SCIZOR_BIND_HOST", "SCIZOR_BACKTEST_PORT", "SCIZOR_BACKTEST_MAX_JOBS"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_the_service_is_local_and_on_its_own_port() -> None:
    settings = BacktestSettings()
    assert (settings.bind_host, settings.port, settings.database_url) == ("127.0.0.1", 50052, None)
    assert 1 <= settings.max_jobs <= 8


def test_each_field_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_BACKTEST_PORT", "6000")
    monkeypatch.setenv("SCIZOR_BACKTEST_MAX_JOBS", "3")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/db")
    settings = BacktestSettings()
    assert (settings.port, settings.max_jobs, settings.database_url) == (6000, 3, "postgresql://somewhere/db")


def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIZOR_BACKTEST_MAX_JOBS", "0")
    with pytest.raises(ValidationError, match="max_jobs"):
        BacktestSettings()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in BacktestSettings.model_fields.values())
