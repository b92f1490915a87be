"""The connection to the broker between value and message."""

from __future__ import annotations

from scizor.codec.times import to_timestamp
from scizor.domain.broker import ConnectionStatus
from scizor.marketdata.v1 import market_data_service_pb2 as pb


def to_broker_health(status: ConnectionStatus) -> pb.BrokerHealth:
    """The connection as it stands."""
    return pb.BrokerHealth(
        state=pb.ConnectionState.ValueType(status.state),
        address=status.address,
        server_version=status.server_version,
        simulated=status.simulated,
        since=to_timestamp(status.since),
        message=status.message,
    )
