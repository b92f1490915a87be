"""SCIZOR's Python client.

    from scizor.client import Client

    with Client() as client:
        bars = client.bars.get("AAPL", "2010-01-01", "2010-12-31")
        print(bars.dates[-1], bars.close[-1])

`AsyncClient` has the same methods, to be awaited, and streams for `async for`. A failed call raises `CallError`.

Names are loaded when first used, so that `scizor --help` need not wait for grpc.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scizor.client.aio import AsyncClient
    from scizor.client.channel import DEFAULT_ADDRESS, address_from_environment
    from scizor.client.errors import CallError, StreamBroken
    from scizor.client.sync import Client
    from scizor.client.values import Bars, Equity, Rows

__all__ = [
    "DEFAULT_ADDRESS",
    "AsyncClient",
    "Bars",
    "CallError",
    "Client",
    "Equity",
    "Rows",
    "StreamBroken",
    "address_from_environment",
]

_HOMES = {
    "AsyncClient": "aio",
    "Client": "sync",
    "DEFAULT_ADDRESS": "channel",
    "address_from_environment": "channel",
    "CallError": "errors",
    "StreamBroken": "errors",
    "Bars": "values",
    "Equity": "values",
    "Rows": "values",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
