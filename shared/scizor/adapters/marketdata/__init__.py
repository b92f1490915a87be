"""The MarketData service as this process's source of live prices: services meet over the wire only."""

from __future__ import annotations

from scizor.adapters.marketdata.prices import MarketDataPrices

__all__ = ["MarketDataPrices"]
