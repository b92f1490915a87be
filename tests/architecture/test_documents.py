"""What the documents say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from scizor.services.backtest.settings import BacktestSettings
from scizor.services.ibsim.settings import IbsimSettings
from scizor.services.local.settings import LocalSettings
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.trading.settings import TradingSettings

ROOT = Path(__file__).parents[2]
OF_CLIENTS = {"SCIZOR_ADDRESS"}
SETTINGS: tuple[type[BaseSettings], ...] = (
    LocalSettings,
    MarketDataSettings,
    BacktestSettings,
    TradingSettings,
    IbsimSettings,
)


def variables(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {str(field.validation_alias or f"{prefix}{name.upper()}") for name, field in settings.model_fields.items()}


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    example = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    known = set.union(*map(variables, SETTINGS))
    assert example == known | OF_CLIENTS


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md"])
def test_every_file_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text()
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [name for name in linked if not (ROOT / name).exists()] == []
