"""What fake storage holds, open to a test's eyes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from scizor.domain.backtests import BacktestJob, EquityCurve, Trade
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import ImportSummary, RejectedRow
from scizor.ports.backtests import BacktestResults

MethodAndId = tuple[str, str]


@dataclass(frozen=True)
class FakeBar:
    """One stored bar; `prices`: open, high, low, close."""

    prices: tuple[float, float, float, float]
    volume: float
    partial: bool
    revision: int
    source: str


@dataclass(frozen=True)
class FakeJob:
    """A job with what only storage knows of it."""

    job: BacktestJob
    owner: str | None = None
    heartbeat: datetime | None = None


@dataclass(frozen=True)
class FakeOutcome:
    """What a backtest came to."""

    results: BacktestResults
    trades: tuple[Trade, ...]
    curve: EquityCurve


@dataclass(frozen=True)
class FakeAnswer:
    """A claimed request id."""

    body_hash: bytes
    answer: bytes | None = None


@dataclass
class FakeTables:
    """Everything stored, open to a test's eyes."""

    symbols: dict[int, StoredInstrument] = field(default_factory=dict)
    bars: dict[tuple[int, int], FakeBar] = field(default_factory=dict)  # by key and day
    revisions: dict[tuple[int, int, int], FakeBar] = field(default_factory=dict)  # by key, day and revision
    actions: dict[tuple[int, ActionType, date], CorporateAction] = field(default_factory=dict)
    imports: dict[str, ImportSummary] = field(default_factory=dict)
    rejections: dict[tuple[str, int], RejectedRow] = field(default_factory=dict)
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    outcomes: dict[str, FakeOutcome] = field(default_factory=dict)
    answers: dict[MethodAndId, FakeAnswer] = field(default_factory=dict)
    last_key: int = 0
