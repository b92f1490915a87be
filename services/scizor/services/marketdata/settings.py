"""What an operator may decide about the MarketData service. Read once, in `__main__`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from scizor.services.marketdata.gathering import ImportLimits

_MIB = 1024 * 1024


class MarketDataSettings(BaseSettings):
    """Each field is the environment variable SCIZOR_MARKETDATA_<NAME>, unless it says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="SCIZOR_MARKETDATA_", frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    port: int = Field(default=50051, ge=0, le=65535, description="gRPC port; 0 lets the system choose one")
    bind_host: str = Field(
        default="127.0.0.1", validation_alias="SCIZOR_BIND_HOST", description="SCIZOR_BIND_HOST: address to listen on"
    )
    home: Path | None = Field(
        default=None,
        validation_alias="SCIZOR_HOME",
        description="SCIZOR_HOME: folder of the embedded database; unset: /var/lib/scizor or the XDG data folder",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="DATABASE_URL: PostgreSQL as postgresql+asyncpg://...; unset: the embedded one of the home",
    )
    database_connections: int = Field(default=10, ge=2, le=100, description="most connections to the database")
    log_level: str = Field(default="INFO", validation_alias="SCIZOR_LOG_LEVEL", description="SCIZOR_LOG_LEVEL")
    import_max_mib: int = Field(default=512, ge=1, description="largest file of one import, MiB")
    import_max_rows: int = Field(default=5_000_000, ge=1, description="most rows of one import, about 100 bytes each")
    import_max_rejected_rows: int = Field(
        default=200_000, ge=0, description="most rows of one import that may be kept aside, about 1 kB each"
    )

    @property
    def import_limits(self) -> ImportLimits:
        """What one import may hold."""
        return ImportLimits(self.import_max_mib * _MIB, self.import_max_rows, self.import_max_rejected_rows)
