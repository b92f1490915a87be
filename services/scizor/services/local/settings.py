"""What may be chosen about the local stack. Read once, in `__main__`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scizor.adapters.sql.embedded import EmbeddedPostgres, home_directory
from scizor.domain.errors import FieldViolation, InvalidInput

BIND_HOST = "127.0.0.1"
"""The local stack has no authentication, so it is never offered to the network."""

_PREFIX = "SCIZOR_"
_UNPREFIXED = ("DATABASE_URL", "IBKR_HOST", "IBKR_PORT")


class LocalSettings(BaseSettings):
    """Ports, the home, the database and the broker of the local stack.

    Each field is the environment variable SCIZOR_<NAME>, unless it says otherwise.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(description="folder of the database, the logs and the state")
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL to use, as postgresql+asyncpg://...; unset: the embedded one",
    )
    marketdata_port: int = Field(default=50051, ge=1, le=65535, description="gRPC port of MarketData")
    backtest_port: int = Field(default=50052, ge=1, le=65535, description="gRPC port of Backtest")
    trading_port: int = Field(default=50053, ge=1, le=65535, description="gRPC port of Trading")
    edge_port: int = Field(default=8080, ge=1, le=65535, description="port of the edge: gRPC, gRPC-Web and JSON of all")
    marketdata_rest_port: int = Field(default=8000, ge=1, le=65535, description="JSON port of MarketData")
    backtest_rest_port: int = Field(default=8001, ge=1, le=65535, description="JSON port of Backtest")
    trading_rest_port: int = Field(default=8002, ge=1, le=65535, description="JSON port of Trading")
    ibkr_host: str | None = Field(
        default=None,
        validation_alias="IBKR_HOST",
        description="host of a TWS or IB Gateway; unset: the simulated gateway, which is started with the stack",
    )
    ibkr_port: int = Field(default=4002, ge=1, le=65535, validation_alias="IBKR_PORT", description="its port")
    ibsim_port: int = Field(default=4002, ge=1, le=65535, description="port of the simulated gateway")
    edge_admin_port: int = Field(default=9901, ge=1, le=65535, description="Envoy's own pages and readiness")
    cluster_workers: int = Field(
        default=0,
        ge=0,
        le=64,
        description="workers of a Dask cluster started with the stack, whatever SCIZOR_COMPUTE says; 0: no cluster",
    )
    cluster_port: int = Field(default=8786, ge=1, le=65535, description="port of the cluster's scheduler")
    cluster_http_port: int = Field(default=8787, ge=1, le=65535, description="port of the scheduler's JSON pages")

    @model_validator(mode="after")
    def _demand_different_ports(self) -> Self:
        seen: dict[int, str] = {}
        for variable, port in self.ports().items():
            if port in seen:
                raise ValueError(f"{variable} and {seen[port]} are both {port}")
            seen[port] = variable
        return self

    def ports(self) -> dict[str, int]:
        """Every port that must be free, by the environment variable that changes it."""
        others = {"ibkr_port"} if self.simulates_broker else {"ibkr_port", "ibsim_port"}
        if not self.cluster_workers:
            others |= {"cluster_port", "cluster_http_port"}
        names = [name for name in type(self).model_fields if name.endswith("_port") and name not in others]
        return {f"{_PREFIX}{name.upper()}": getattr(self, name) for name in names}

    @property
    def simulates_broker(self) -> bool:
        """Whether the simulated gateway is the broker, because no other was named."""
        return self.ibkr_host is None

    @property
    def scheduler(self) -> str:
        """Where the cluster's scheduler is."""
        return f"tcp://{BIND_HOST}:{self.cluster_port}"

    def embedded(self) -> EmbeddedPostgres | None:
        """The database of the home, unless another one was chosen."""
        return None if self.database_url else EmbeddedPostgres(self.home)

    def environment(self) -> dict[str, str]:
        """These settings as every child must see them, whatever it would choose by itself."""
        return {
            **{variable: str(port) for variable, port in self.ports().items()},
            f"{_PREFIX}HOME": str(self.home),
            f"{_PREFIX}BIND_HOST": BIND_HOST,
            "DATABASE_URL": self.database_url or EmbeddedPostgres(self.home).dsn,
            f"{_PREFIX}TRADING_MARKETDATA": f"{BIND_HOST}:{self.marketdata_port}",
            "IBKR_HOST": self.ibkr_host or BIND_HOST,
            "IBKR_PORT": str(self.ibsim_port if self.simulates_broker else self.ibkr_port),
            **({"SCIZOR_COMPUTE": self.scheduler} if self.cluster_workers else {}),
        }


def load_settings(**chosen: Any) -> LocalSettings:
    """Read the environment, below what is chosen. Raises InvalidInput naming each variable that breaks a rule."""
    home = home_directory(os.environ)
    try:
        return LocalSettings(home=home, **chosen)
    except ValidationError as error:
        violations = [
            FieldViolation(_variable(item["loc"]), item["msg"].removeprefix("Value error, ")) for item in error.errors()
        ]
        message = "; ".join(f"{one.field}: {one.description}" for one in violations)
        raise InvalidInput(message, violations=violations) from error


def _variable(location: tuple[int | str, ...]) -> str:
    name = ".".join(map(str, location)) or "*_PORT"  # a rule about several fields has no location
    return name if name in _UNPREFIXED else _PREFIX + name.upper()
