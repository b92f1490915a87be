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
    caller_limit: int = Field(
        default=500, ge=1, description="backtests of one caller that may be queued or running at a time"
    )
    strategy_deadline_s: float = Field(
        default=600.0, gt=0, le=86_400, description="time after which a run of uploaded code is ended, seconds"
    )
    strategy_memory_mib: int = Field(
        default=2_048, ge=64, description="memory that a run of uploaded code may take, MiB"
    )
    allow_weaker_sandbox: bool = Field(
        default=False, description="run uploaded code even where this machine lacks locks that keep it in"
    )
    optimizations: int = Field(default=2, ge=1, le=64, description="optimizations under way at a time")
    workers: int = Field(
        default=min(os.cpu_count() or 1, _MOST_JOBS), ge=1, le=256, description="processes that run trials"
    )
    compute: str = Field(
        default="",
        validation_alias="SCIZOR_COMPUTE",
        description="SCIZOR_COMPUTE: Dask scheduler that runs trials, tcp://host:8786; unset: processes of the machine",
    )
    lease_s: float = Field(
        default=10.0,
        ge=3.0,
        description="silence after which a running job counts as abandoned and is run anew, seconds",
    )
    heartbeat_s: float = Field(default=5.0, gt=0, description="silence after which a watcher gets a heartbeat, seconds")
