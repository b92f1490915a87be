"""What an operator may decide about the Backtest service. Read once, in `__main__`."""

from __future__ import annotations

import os

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from scizor.services.setup import ServiceSettings

# Threads above this gain nothing: what a job does besides computing is done by one event loop.
_MOST_JOBS = 8


class BacktestSettings(ServiceSettings):
    """Each field is the environment variable SCIZOR_BACKTEST_<NAME>, unless it says otherwise."""

    model_config = SettingsConfigDict(env_prefix="SCIZOR_BACKTEST_")

    port: int = Field(default=50052, ge=0, le=65535, description="gRPC port; 0 lets the system choose one")
    max_jobs: int = Field(
        default=min(os.cpu_count() or 1, _MOST_JOBS), ge=1, le=64, description="backtests computed at a time"
    )
    queue_limit: int = Field(default=1000, ge=1, description="backtests that may be queued or running at a time")
    lease_s: float = Field(
        default=10.0,
        ge=3.0,
        description="silence after which a running job counts as abandoned and is run anew, seconds",
    )
    heartbeat_s: float = Field(default=5.0, gt=0, description="silence after which a watcher gets a heartbeat, seconds")
