"""What an operator may decide about the gateway simulator. Read once, in `__main__`."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scizor.adapters.sql.embedded import home_directory
from scizor.services.ibsim.broker.fill_rules import FillAt, FillRules
from scizor.services.ibsim.market import ReplayClock, SystemMarketClock
from scizor.services.ibsim.market.api import MarketClock

NOW = "now"


class IbsimSettings(BaseSettings):
    """Each field is the environment variable SCIZOR_IBSIM_<NAME>, unless it says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="SCIZOR_IBSIM_", frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    bind_host: str = Field(
        default="127.0.0.1", validation_alias="SCIZOR_BIND_HOST", description="SCIZOR_BIND_HOST: address to listen on"
    )
    log_level: str = Field(default="INFO", validation_alias="SCIZOR_LOG_LEVEL", description="SCIZOR_LOG_LEVEL")
    port: int = Field(default=4002, ge=0, le=65535, description="port of the TWS API; 0 lets the system choose one")
    control_port: int = Field(default=0, ge=0, le=65535, description="port for faults on demand; 0: none")
    scenario: Path | None = Field(default=None, description="file of faults with their times, one JSON object a line")
    home: Path | None = Field(
        default=None, description="folder of orders, positions and cash; unset: ibsim in the folder of SCIZOR_HOME"
    )
    seed: int = Field(default=1, ge=0, description="which synthetic market there is")
    clock: str = Field(default=NOW, description="now, or a replay: 2024-03-14T09:30:00-04:00@60 is 60 times as fast")
    fill_at: FillAt = Field(
        default=FillAt.QUOTE, description="what an order that takes pays: the facing quote, or the last trade's price"
    )
    max_participation: Decimal | None = Field(
        default=None, gt=0, le=1, description="share of the volume at hand that may fill; unset: orders fill whole"
    )
    history_latency_ms: float = Field(default=20.0, ge=0, le=60_000, description="how long an answer with bars takes")

    @field_validator("clock")
    @classmethod
    def _demand_clock(cls, value: str) -> str:
        if value != NOW:
            _replay(value)
        return value

    @model_validator(mode="after")
    def _demand_absolute_home(self) -> Self:
        if self.home is not None and not self.home.is_absolute():
            raise ValueError(f"SCIZOR_IBSIM_HOME must be an absolute path, not {str(self.home)!r}")
        return self

    @property
    def state_file(self) -> Path:
        """Where the broker's memory is."""
        return (self.home or home_directory(os.environ) / "ibsim") / "state.sqlite"

    @property
    def fill_rules(self) -> FillRules:
        """How much fills, and what it pays."""
        return FillRules(self.fill_at, self.max_participation)

    def market_clock(self) -> MarketClock:
        """The market's time; a replay begins when this is called."""
        if self.clock == NOW:
            return SystemMarketClock()
        start, speed = _replay(self.clock)
        return ReplayClock(start, speed)


def _replay(text: str) -> tuple[datetime, float]:
    start, _, speed = text.partition("@")
    try:
        instant, factor = datetime.fromisoformat(start), float(speed or 1)
    except ValueError:
        raise ValueError(f"must be now or an ISO time with @speed, not {text!r}") from None
    if instant.tzinfo is None:
        raise ValueError(f"{start} must bear a time zone")
    if not 0 < factor <= 1_000_000:
        raise ValueError(f"the speed must be above 0 and at most 1000000, not {factor:g}")
    return instant, factor
