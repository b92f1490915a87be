"""What an operator may decide about the MarketData service. Read once, in `__main__`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from scizor.services.marketdata.gathering import ImportLimits
from scizor.services.setup import ServiceSettings

_MIB = 1024 * 1024


class MarketDataSettings(ServiceSettings):
    """Each field is the environment variable SCIZOR_MARKETDATA_<NAME>, unless it says otherwise."""

    model_config = SettingsConfigDict(env_prefix="SCIZOR_MARKETDATA_")

    port: int = Field(default=50051, ge=0, le=65535, description="gRPC port; 0 lets the system choose one")
    imports_at_once: int = Field(
        default=4, ge=1, le=64, description="imports under way at a time; each may hold as much as the next three say"
    )
    import_max_mib: int = Field(default=512, ge=1, description="largest file of one import, MiB")
    import_max_rows: int = Field(default=5_000_000, ge=1, description="most rows of one import, about 100 bytes each")
    import_max_rejected_rows: int = Field(
        default=200_000, ge=0, description="most rows of one import that may be kept aside, about 1 kB each"
    )

    @property
    def import_limits(self) -> ImportLimits:
        """What one import may hold, and how many there may be."""
        return ImportLimits(
            file_bytes=self.import_max_mib * _MIB,
            rows=self.import_max_rows,
            rejected_rows=self.import_max_rejected_rows,
            at_once=self.imports_at_once,
        )
