"""What an operator may decide about a server; a service's own settings fill this in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How one server listens, what it bears and how it stops. Port 0 lets the system choose one."""

    port: int
    host: str = "127.0.0.1"
    max_message_bytes: int = 16 * 1024 * 1024
    max_concurrent_calls: int = 1000
    # A unary call whose caller set no deadline ends after this long; streams may last as long as their caller stays.
    unary_deadline_s: float = 30.0
    # Between NOT_SERVING and the first refused call: the time a load balancer needs to look again.
    drain_delay_s: float = 0.0
    # What calls under way get to finish, and then each `on_stop` callback.
    grace_s: float = 5.0
    # Where GET /metrics is answered, on the same host; 0: nowhere, and nothing is counted.
    metrics_port: int = 0
    # What an operator knows that port by.
    metrics_setting: str = "metrics_port"
