"""What an operator's environment decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from scizor.services.marketdata.assembly import Choices
from scizor.services.marketdata.imports.gathering import ImportLimits
from scizor.services.marketdata.settings import MarketDataSettings


def test_what_is_not_said_is_as_the_use_cases_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SCIZOR_HOME", "SCIZOR_BIND_HOST"):
        monkeypatch.delenv(name, raising=False)
    settings = MarketDataSettings()
    assert settings.choices == Choices()
    assert (settings.port, settings.bind_host, settings.home, settings.database_url) == (50051, "127.0.0.1", None, None)


def test_every_bound_of_imports_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"IMPORTS_AT_ONCE": "2", "IMPORT_MAX_MIB": "1", "IMPORT_MAX_ROWS": "3", "IMPORT_MAX_REJECTED_ROWS": "0"}
    for name, value in values.items():
        monkeypatch.setenv(f"SCIZOR_MARKETDATA_{name}", value)
    assert MarketDataSettings().choices.imports == ImportLimits(1 << 20, 3, 0, 2)


def test_how_long_the_brokers_word_holds_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"VERIFIED_DAYS": "30", "FAILED_DAYS": "1", "GRACE_DAYS": "0"}.items():
        monkeypatch.setenv(f"SCIZOR_MARKETDATA_{name}", value)
    chosen = MarketDataSettings().choices.verification
    assert (chosen.valid_for.days, chosen.failed_for.days, chosen.grace.days) == (30, 1, 0)


def test_what_services_share_is_read_under_the_names_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/x")
    monkeypatch.setenv("SCIZOR_HOME", "/somewhere")
    monkeypatch.setenv("SCIZOR_MARKETDATA_DATABASE_CONNECTIONS", "3")
    settings = MarketDataSettings()
    assert (settings.database_url, settings.home) == ("postgresql://somewhere/x", Path("/somewhere"))
    assert settings.database_connections == 3


@pytest.mark.parametrize("value", ["0", "65", "many"])
def test_a_bound_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SCIZOR_MARKETDATA_IMPORTS_AT_ONCE", value)
    with pytest.raises(ValidationError, match=r"(?i)imports_at_once"):
        MarketDataSettings()
