"""What an operator may decide about the MarketData service. Read once, in `__main__`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from scizor.adapters.ib import IbSettings
from scizor.services.marketdata.assembly import Choices
from scizor.services.marketdata.collection.settings import CollectionSettings
from scizor.services.marketdata.imports.gathering import ImportLimits
from scizor.services.marketdata.live.settings import LiveSettings
from scizor.services.marketdata.symbols.standing import VerificationSettings
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

    ibkr_host: str = Field(
        default="127.0.0.1", validation_alias="IBKR_HOST", description="IBKR_HOST: where the TWS or IB Gateway is"
    )
    ibkr_port: int = Field(
        default=4002, ge=1, le=65535, validation_alias="IBKR_PORT", description="IBKR_PORT: its API port"
    )
    ibkr_client_id: int = Field(
        default=17, ge=0, validation_alias="IBKR_CLIENT_ID", description="IBKR_CLIENT_ID: nobody else may use it there"
    )
    verified_days: int = Field(default=90, ge=0, description="days for which the broker's word on a symbol holds")
    failed_days: int = Field(default=7, ge=0, description="the same for a word that was not VALID")
    grace_days: int = Field(default=30, ge=0, description="days an unknown symbol is kept before it is archived")
    collect_daily: bool = Field(default=False, description="collect by itself once an exchange's close has settled")
    settle_minutes: int = Field(default=30, ge=0, le=1440, description="minutes from a close until it has settled")
    collections_at_once: int = Field(default=4, ge=1, le=64, description="collections under way at a time")
    quote_lines: int = Field(default=100, ge=1, description="symbols the broker gives live prices of at a time")

    @property
    def broker(self) -> IbSettings:
        """Where the broker is."""
        return IbSettings(host=self.ibkr_host, port=self.ibkr_port, client_id=self.ibkr_client_id)

    @property
    def choices(self) -> Choices:
        """What the service does with it."""
        return Choices(
            imports=ImportLimits(
                file_bytes=self.import_max_mib * _MIB,
                rows=self.import_max_rows,
                rejected_rows=self.import_max_rejected_rows,
                at_once=self.imports_at_once,
            ),
            verification=VerificationSettings(
                valid_for=timedelta(days=self.verified_days),
                failed_for=timedelta(days=self.failed_days),
                grace=timedelta(days=self.grace_days),
            ),
            collections=CollectionSettings(
                close_delay_s=60.0 * self.settle_minutes,
                max_collections=self.collections_at_once,
                daily_schedule=self.collect_daily,
            ),
            live=LiveSettings(max_feeds=self.quote_lines),
            stream_reads=self.database_connections // 2,
        )
