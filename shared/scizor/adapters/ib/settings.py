"""All that may be set of the broker's adapter. Rates and windows of the broker are in `throttle` and `pacing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from scizor.adapters.ib.pacing import PacingRules
from scizor.adapters.ib.throttle import ThrottleRules
from scizor.domain.trading.reports import ErrorCategory


@dataclass(frozen=True, slots=True)
class RestartWindow:
    """The time of day in which the gateway restarts or the broker resets; it may span midnight."""

    start: time
    end: time
    zone: str

    def holds(self, instant: datetime) -> bool:
        """Whether the instant is in it."""
        local = instant.astimezone(ZoneInfo(self.zone)).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True)
class IbSettings:
    """Times in seconds.

    `client_id`: one gateway connection each. `connect_s`: until the handshake is over. `ready_s`: how long a call waits
    for an interrupted connection. `silence_s`: without a message for so long the gateway is probed, and has `probe_s`
    to answer before it is hung up on. Reconnecting waits a random time up to `backoff_s` doubled at each failure, at
    most `backoff_most_s`; a session that lasted `steady_s` starts anew. `quote_s`: how long a new subscription may stay
    silent before it is asked again, doubled each time up to `retry_most_s`.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17
    connect_s: float = 10.0
    ready_s: float = 5.0
    contract_s: float = 15.0
    history_s: float = 60.0
    silence_s: float = 30.0
    probe_s: float = 5.0
    backoff_s: float = 0.1
    backoff_most_s: float = 30.0
    steady_s: float = 30.0
    quote_s: float = 10.0
    retry_most_s: float = 300.0
    restart_window: RestartWindow | None = None
    throttle: ThrottleRules = field(default_factory=ThrottleRules)
    pacing: PacingRules = field(default_factory=PacingRules)


@dataclass(frozen=True, slots=True)
class IbOrderSettings:
    """What is set of orders besides. Times in seconds.

    `client_id`: orders belong to the client that placed them, so it must stay what it was. `step_s`: how long each of
    the questions may take that a snapshot is made of. `reason_s`: how long an end waits for the error that explains it,
    and such an error for the end. `commission_s`: how long a snapshot waits for what its executions cost.
    `gateway_zone`: whose midnight begins the day that the gateway still tells about. `categories`: of error codes;
    they win over ours. `most_waiting`: messages that wait here before the session is given up.
    """

    client_id: int = 18
    step_s: float = 10.0
    reason_s: float = 0.3
    commission_s: float = 0.5
    gateway_zone: str = "America/New_York"
    categories: Mapping[int, ErrorCategory] = field(default_factory=dict)
    most_waiting: int = 100_000
