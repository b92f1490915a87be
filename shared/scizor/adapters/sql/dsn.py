"""Database addresses as people write them, and the one way to connect to what they name."""

from __future__ import annotations

from urllib.parse import urlsplit

import asyncpg

from scizor.domain.errors import FailedPrecondition, InvalidInput, Reason

MINIMUM_MAJOR_VERSION = 15
_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")


def driver_dsn(url: str) -> str:
    """The URL as asyncpg takes it, which reads every parameter libpq knows. Raises InvalidInput(DATABASE_URL)."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        names = ", ".join(f"{name}://" for name in _SCHEMES)
        raise InvalidInput.of_field("DATABASE_URL", f"must begin with one of {names}")
    dsn = f"postgresql://{rest}"
    try:
        _ = urlsplit(dsn).port
    except ValueError:
        raise InvalidInput.of_field("DATABASE_URL", "must be a URL with a number as its port") from None
    return dsn


async def connect(dsn: str, *, timeout_s: float, settings: dict[str, str] | None = None) -> asyncpg.Connection:
    """A new connection to a server of a version this code speaks to.

    `dsn` as `driver_dsn` gives it; `settings`: server parameters by name. Raises FailedPrecondition for a server that
    is too old, and what the driver raises.
    """
    connection = await asyncpg.connect(
        dsn, timeout=timeout_s, server_settings={"application_name": "scizor", "timezone": "UTC"} | (settings or {})
    )
    version = connection.get_server_version()
    if version.major < MINIMUM_MAJOR_VERSION:
        await connection.close(timeout=timeout_s)
        raise FailedPrecondition(
            f"PostgreSQL {MINIMUM_MAJOR_VERSION} or later is needed, the server is {version.major}.{version.minor}",
            Reason.STORAGE_UNAVAILABLE,
            metadata={"server_version": f"{version.major}.{version.minor}"},
        )
    return connection
