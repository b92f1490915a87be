"""What fake storage holds of trading."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scizor.domain.trading.limits import Rule, Scope
from scizor.ports.journal import AuditLine, Entry, Posting
from scizor.ports.leases import Lease
from scizor.ports.trading import AccountState, EquityPoint, RiskEvent, StoredDeployment, StoredLimit


@dataclass(frozen=True)
class FakeHolder:
    """Who holds a lease, or did."""

    epoch: int
    holder: str


@dataclass
class FakeTrading:
    """Everything stored, open to a test's eyes. `entries` and `postings`: by account, in their order."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    postings: dict[str, list[Posting]] = field(default_factory=dict)
    leases: dict[str, FakeHolder] = field(default_factory=dict)
    held: dict[str, Lease] = field(default_factory=dict)
    limits: dict[tuple[Rule, Scope, str], StoredLimit] = field(default_factory=dict)
    events: dict[tuple[str, int], RiskEvent] = field(default_factory=dict)  # by account and sequence
    states: dict[str, AccountState] = field(default_factory=dict)
    equity: dict[tuple[str, str, datetime], EquityPoint] = field(default_factory=dict)  # by minute
    deployments: dict[str, StoredDeployment] = field(default_factory=dict)
    moments: dict[tuple[str, int], str] = field(default_factory=dict)  # by deployment and sequence
    audit: dict[int, AuditLine] = field(default_factory=dict)
