"""Instants, lengths of time and session dates between the wire's and the domain's form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def to_timestamp(instant: datetime) -> Timestamp:
    """An aware instant."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def from_timestamp(stamp: Timestamp) -> datetime:
    """Aware, UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def to_duration(seconds: float) -> Duration:
    """A length of time."""
    length = Duration()
    length.FromTimedelta(timedelta(seconds=seconds))
    return length


def to_session(session: date | None) -> str:
    """YYYY-MM-DD, empty for none."""
    return session.isoformat() if session else ""
