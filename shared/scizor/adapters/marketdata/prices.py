"""`ports.live_prices.LivePrices` over the MarketData service's streams."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Self

import grpc.aio

from scizor.adapters.marketdata.bars import MarketDataBars
from scizor.adapters.marketdata.following import Following, Pauses
from scizor.adapters.marketdata.parts import parted
from scizor.adapters.marketdata.quotes import MarketDataQuotes
from scizor.client.aio import AsyncClient
from scizor.client.channel import channel_options
from scizor.domain.live import LiveInterval
from scizor.ports.live_prices import BarListener, QuoteListener

_RECONNECT_MS = 200
_RECONNECT_MOST_MS = 2_000


class MarketDataPrices:
    """Live prices as the service tells them. Close it, or its streams stay open."""

    def __init__(self, client: AsyncClient, pauses: Pauses | None = None) -> None:
        self._client, self._pauses = client, pauses or Pauses()
        self._streams: set[Following] = set()

    @classmethod
    def at(cls, address: str) -> Self:
        """Those of the service at an address. Unlike a person's client it looks for one that is away every 2 s."""
        options = [
            *channel_options(),
            ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MS),
            ("grpc.max_reconnect_backoff_ms", _RECONNECT_MOST_MS),
        ]
        return cls(AsyncClient(channel=grpc.aio.insecure_channel(address, options=options)))

    def open_quotes(self, listener: QuoteListener) -> MarketDataQuotes:
        """Quotes of nothing yet."""
        return MarketDataQuotes(self._client.live.quotes, listener, self._pauses, self._opened)

    def open_bars(self, instruments: Collection[str], interval: LiveInterval, listener: BarListener) -> MarketDataBars:
        """Bars that are over."""
        stream = partial(self._client.live.bars, interval=interval)
        parts = parted(sorted(set(instruments)))
        return MarketDataBars(parts, interval, stream, listener, self._pauses, self._opened)

    async def close(self) -> None:
        """End all streams and the connection."""
        streams = list(self._streams)
        for stream in streams:
            stream.close()
        await asyncio.gather(*(stream.closed() for stream in streams))
        await self._client.close()

    def _opened(self, stream: Following) -> None:
        self._streams = {one for one in self._streams if not one.done} | {stream}
