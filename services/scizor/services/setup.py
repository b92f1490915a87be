"""What all services have in common on their way from an operator's environment to serving."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from scizor.adapters.sql.embedded import EmbeddedPostgres, home_directory
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import PoolSettings, SqlStorage
from scizor.domain.errors import ScizorError
from scizor.rpc import logs
from scizor.rpc.server import run
from scizor.rpc.settings import ServerSettings


class ServiceSettings(BaseSettings):
    """What an operator may decide about any service; each adds its port and its prefix to the variables' names."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True)

    bind_host: str = Field(
        default="127.0.0.1", validation_alias="SCIZOR_BIND_HOST", description="SCIZOR_BIND_HOST: address to listen on"
    )
    log_level: str = Field(default="INFO", validation_alias="SCIZOR_LOG_LEVEL", description="SCIZOR_LOG_LEVEL")
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
    metrics_port: int = Field(default=0, ge=0, le=65535, description="port for GET /metrics; 0: none")

    def server(self, port: int) -> ServerSettings:
        """How its server listens."""
        name = f"{self.model_config.get('env_prefix', '')}METRICS_PORT"
        return ServerSettings(port, self.bind_host, metrics_port=self.metrics_port, metrics_setting=name)


_Settings = TypeVar("_Settings", bound=ServiceSettings)


async def database(settings: ServiceSettings) -> str:
    """The DSN of the database that was chosen, else of the home's own, with this code's schema.

    The home's server is started unless it runs; all services of the home share it, so it outlives each. Raises
    ScizorError, OSError.
    """
    dsn = settings.database_url
    if dsn is None:
        dsn = await asyncio.to_thread(EmbeddedPostgres(settings.home or home_directory(os.environ)).start)
    await migrate(dsn)
    return dsn


async def open_storage(settings: ServiceSettings) -> SqlStorage:
    """Storage on `database`; whoever opens it closes it."""
    return SqlStorage(await database(settings), PoolSettings(size=settings.database_connections))


def start(settings_type: type[_Settings], main: Callable[[_Settings], Coroutine[Any, Any, None]]) -> None:
    """Run a service with what the environment says; what an operator can put right ends it with a line, not a trace."""
    try:
        chosen = settings_type()
        logs.configure(chosen.log_level)
        run(main(chosen))
    except (ScizorError, OSError, ValidationError) as error:
        sys.exit(str(error))
