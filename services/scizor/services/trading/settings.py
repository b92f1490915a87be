"""What an operator may decide about the Trading service. Read once, in `__main__`."""

from __future__ import annotations

import re
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from scizor.adapters.ib import IbOrderSettings, IbSettings, RestartWindow
from scizor.services.setup import ServiceSettings

_WINDOW: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d) (\S+)")
_WINDOW_RULE: Final = "must be like 23:45-00:45 America/New_York"


class TradingSettings(ServiceSettings):
    """Each field is the environment variable SCIZOR_TRADING_<NAME>, unless it says otherwise."""

    model_config = SettingsConfigDict(env_prefix="SCIZOR_TRADING_")

    port: int = Field(default=50053, ge=0, le=65535, description="gRPC port; 0 lets the system choose one")
    ibkr_host: str = Field(
        default="127.0.0.1", validation_alias="IBKR_HOST", description="IBKR_HOST: where the TWS or IB Gateway is"
    )
    ibkr_port: int = Field(
        default=4002, ge=1, le=65535, validation_alias="IBKR_PORT", description="IBKR_PORT: its API port"
    )
    client_id: int = Field(
        default=18, ge=1, description="API client id: orders are its own, so it stays the same for ever"
    )
    marketdata: str = Field(default="127.0.0.1:50051", description="where MarketData is, host:port: live prices")
    reconcile_every_s: float = Field(
        default=300.0, ge=1.0, description="how often books are compared with the broker's at least, seconds"
    )
    restart_window: str = Field(
        default="",
        description="when the broker restarts and takes no orders, such as 23:45-00:45 America/New_York; unset: never",
    )
    allow_weaker_sandbox: bool = Field(
        default=False, description="run strategies even where this machine lacks locks that keep their code in"
    )
    heartbeat_s: float = Field(default=5.0, gt=0, description="silence after which a watcher gets a heartbeat, seconds")

    @field_validator("restart_window")
    @classmethod
    def _demand_window(cls, text: str) -> str:
        _window(text)
        return text

    @property
    def broker(self) -> IbSettings:
        """Where the broker is, and when it is away."""
        return IbSettings(host=self.ibkr_host, port=self.ibkr_port, restart_window=_window(self.restart_window))

    @property
    def orders(self) -> IbOrderSettings:
        """Whose the orders are."""
        return IbOrderSettings(client_id=self.client_id)


def _window(text: str) -> RestartWindow | None:
    if not text:
        return None
    if not (parts := _WINDOW.fullmatch(text)):
        raise ValueError(_WINDOW_RULE)
    start, end, zone = parts.groups()
    try:
        return RestartWindow(time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone).key)
    except (ValueError, LookupError, OSError):
        raise ValueError(_WINDOW_RULE) from None
