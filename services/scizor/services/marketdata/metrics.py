"""What an operator of market data is woken for, out of what is in memory."""

from __future__ import annotations

from scizor.domain.broker import ConnectionState
from scizor.ports.broker import BrokerConnection
from scizor.rpc.metrics import Figure, Readings
from scizor.services.marketdata.collection.runner import CollectionRunner
from scizor.services.marketdata.live.hub import LiveHub

_UP = (ConnectionState.READY, ConnectionState.DEGRADED)


def figures(connection: BrokerConnection, hub: LiveHub, runner: CollectionRunner) -> list[Figure]:
    """Of the broker's link, of live prices, and of collections that this process ran."""
    return [
        Figure(
            "scizor_marketdata_broker_up",
            "1 while the broker's connection is there, DEGRADED included.",
            lambda: {(): float(connection.status.state in _UP)},
        ),
        Figure("scizor_marketdata_live_streams", "Streams of live prices under way.", lambda: {(): hub.streams}),
        Figure("scizor_marketdata_live_feeds", "Feeds of the broker that are open.", lambda: {(): hub.feeds}),
        Figure(
            "scizor_marketdata_live_price_timestamp_seconds",
            "When the newest price of an open feed came, seconds since 1970.",
            lambda: {(): hub.heard.timestamp()} if hub.heard else {},
        ),
        Figure("scizor_marketdata_collections_running", "Collections under way.", lambda: {(): runner.running.now}),
        Figure(
            "scizor_marketdata_collection_end_timestamp_seconds",
            "When the last collection that this process ran ended so, seconds since 1970.",
            lambda: _ends(runner),
            ("state",),
        ),
    ]


def _ends(runner: CollectionRunner) -> Readings:
    return {(state.name,): time.timestamp() for state, time in runner.ends.items()}
