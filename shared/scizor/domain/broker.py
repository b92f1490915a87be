"""What a broker is to market data: contracts it knows, a connection that comes and goes, and ways to fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from scizor.domain.errors import Reason, Unavailable
from scizor.domain.instruments import AssetType


class ConnectionState(IntEnum):
    """Numbers equal the contract's."""

    DOWN = 1
    CONNECTING = 2
    SYNCING = 3
    READY = 4
    DEGRADED = 5
    DRAINING = 6


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The connection as it stands. `server_version` is 0 while not connected.

    `clock_skew`: the broker's clock less ours, as far as it is more than a minute: that of a replay, or a wrong one.
    """

    state: ConnectionState
    address: str
    since: datetime
    server_version: int = 0
    simulated: bool = False
    message: str = ""
    clock_skew: timedelta = timedelta()


class FailureCategory(IntEnum):
    """Why the broker gave no answer; numbers equal the contract's."""

    NO_DATA = 1
    UNKNOWN_CONTRACT = 2
    AMBIGUOUS_CONTRACT = 3
    NOT_PERMITTED = 4
    PACING = 5
    REFUSED = 6
    TIMEOUT = 7
    DISCONNECTED = 8
    SOURCE_FAULT = 9

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed later, unchanged."""
        return self >= FailureCategory.PACING and self is not FailureCategory.REFUSED


class SourceFailure(Unavailable):
    """The broker did not give what was asked. `code`: its own number for it, 0 where it has none."""

    def __init__(self, category: FailureCategory, message: str, code: int = 0) -> None:
        reason = Reason.BROKER_UNAVAILABLE if category.passes else Reason.BROKER_REFUSED
        super().__init__(message, reason, metadata={"code": str(code), "category": category.name})
        self.category = category
        self.code = code


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """Whose data a contract's sessions from `first` to `last` are, such as `ibsim:synthetic`; None is open."""

    name: str
    first: date | None = None
    last: date | None = None

    def holds(self, session: date) -> bool:
        """Whether the session is one of them."""
        return (self.first is None or self.first <= session) and (self.last is None or session <= self.last)


@dataclass(frozen=True, slots=True)
class BrokerContract:
    """A contract as the broker knows it. `con_id` never changes and is never used again.

    `min_tick`: smallest price step, contract's currency. `time_zone`: IANA. `origins`: the first that holds a session
    is where its data come from; the last of them holds every session.
    """

    con_id: int
    symbol: str
    primary_exchange: str
    currency: str
    exchange: str
    name: str
    asset_type: AssetType
    min_tick: Decimal
    time_zone: str
    origins: tuple[DataOrigin, ...]

    @property
    def label(self) -> str:
        """How it is told from its namesakes: full id, currency and name."""
        return f"{self.symbol}.{self.primary_exchange}.{self.currency} ({self.name})"

    def source_of(self, session: date) -> str:
        """Where a session's data come from."""
        return next(origin.name for origin in self.origins if origin.holds(session))
