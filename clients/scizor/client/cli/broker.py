"""The connection to the broker in words."""

from __future__ import annotations

from scizor.client.cli.tables import instant, word
from scizor.marketdata.v1.market_data_service_pb2 import BrokerHealth, ConnectionState


def broker_line(broker: BrokerHealth) -> str:
    """Its state, where it is, whether it is a simulator, and what it said last."""
    if not broker.state:
        return "none is configured"
    kind = "simulator" if broker.simulated else "gateway"
    told = f"; it says: {broker.message}" if broker.message else ""
    since = f" since {instant(broker.since)}" if broker.since.seconds else ""
    return f"{word(ConnectionState, broker.state)}{since}, {kind} at {broker.address}{told}"
