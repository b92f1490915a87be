"""What can be decided about collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scizor.domain.broker import FailureCategory


def _backoffs() -> dict[FailureCategory, float]:
    return {
        FailureCategory.PACING: 15.0,
        FailureCategory.TIMEOUT: 2.0,
        FailureCategory.DISCONNECTED: 1.0,
        FailureCategory.SOURCE_FAULT: 5.0,
    }


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """All times in seconds. What may be asked:

    `queue_limit`: collections queued or running at a time. `ready_wait_s`: how long one that is created waits for the
    broker. `close_delay_s`: how long after its close a session is settled, `close_delays_s` by exchange.

    What is planned: `daily_days` that a daily collection looks back, and `failed_days` for sessions whose asking
    failed; `history_years` when no start is given; `anchor_sessions` that are asked again beside new ones.

    How it is run: `max_collections` at a time; a lease of `lease_s`, renewed each `heartbeat_s`. `batch_chunks` and
    `batch_s` bound what one transaction stores, `unsaved_chunks` what waits for it. A passing failure is tried again
    after `backoff_s` of its kind, doubled each time up to `backoff_most_s`, until it was asked `max_attempts` times.
    """

    queue_limit: int = 100
    ready_wait_s: float = 5.0
    close_delay_s: float = 1800.0
    close_delays_s: Mapping[str, float] = field(default_factory=dict)
    daily_days: int = 30
    failed_days: int = 365
    history_years: int = 3
    anchor_sessions: int = 3
    max_collections: int = 4
    lease_s: float = 10.0
    poll_s: float = 1.0
    heartbeat_s: float = 0.8
    batch_chunks: int = 32
    batch_s: float = 0.1
    unsaved_chunks: int = 128
    storage_retry_s: float = 0.5
    max_attempts: int = 8
    backoff_s: Mapping[FailureCategory, float] = field(default_factory=_backoffs)
    backoff_most_s: float = 300.0
    watch_heartbeat_s: float = 5.0
    watch_reread_s: float = 1.0
    daily_schedule: bool = False
    schedule_retry_s: float = 30.0
    schedule_longest_sleep_s: float = 3600.0
