"""What fake storage holds, open to a test's eyes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from scizor.domain.backtests import BacktestJob
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.broker import BrokerContract
from scizor.domain.collections import Chunk, Collection, SessionGap
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.outcomes import EquityCurve, Trade
from scizor.domain.quality import FlagKind, ImportSummary, RejectedRow, StoredFlag
from scizor.domain.strategies import StoredStrategy, StrategyVersion
from scizor.ports.backtests import BacktestResults
from tests.fakes.trading_tables import FakeTrading

if TYPE_CHECKING:
    from tests.fakes.optimizations import FakeOptimization

MethodAndId = tuple[str, str]


@dataclass(frozen=True)
class FakeBar:
    """One stored bar; `prices`: open, high, low, close; `day`: its session."""

    day: int
    prices: tuple[float, float, float, float]
    volume: float
    partial: bool
    revision: int
    source: str
    scale_date: date | None = None


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


@dataclass(frozen=True)
class FakeCollection:
    """A collection with what only storage knows of it."""

    collection: Collection
    owner: str | None = None
    heartbeat: datetime | None = None
    planned: bool = False


@dataclass(frozen=True)
class FakeArchive:
    """What was archived of an instrument; `revisions`: of daily bars."""

    stored: StoredInstrument
    reason: str
    archive_time: datetime
    bars: tuple[FakeBar, ...]
    revisions: tuple[FakeBar, ...]
    intraday: tuple[FakeBar, ...]
    actions: tuple[CorporateAction, ...]


@dataclass
class FakeTables:
    """Everything stored, open to a test's eyes."""

    symbols: dict[int, StoredInstrument] = field(default_factory=dict)
    bars: dict[tuple[int, int], FakeBar] = field(default_factory=dict)  # by key and day
    revisions: dict[tuple[int, int, int], FakeBar] = field(default_factory=dict)  # by key, day and revision
    intraday: dict[tuple[int, Interval, int], FakeBar] = field(default_factory=dict)  # by key, interval and time_ns
    actions: dict[tuple[int, ActionType, date], CorporateAction] = field(default_factory=dict)
    contracts: dict[int, BrokerContract] = field(default_factory=dict)
    archives: dict[str, FakeArchive] = field(default_factory=dict)
    imports: dict[tuple[str, str], ImportSummary] = field(default_factory=dict)  # by id and source
    rejections: dict[tuple[str, int], RejectedRow] = field(default_factory=dict)
    rejection_sources: dict[tuple[str, int], str] = field(default_factory=dict)
    flags: dict[tuple[int, FlagKind, date], StoredFlag] = field(default_factory=dict)
    collections: dict[str, FakeCollection] = field(default_factory=dict)
    chunks: dict[tuple[str, int], Chunk] = field(default_factory=dict)
    gaps: dict[tuple[int, Interval, date], SessionGap] = field(default_factory=dict)
    strategies: dict[str, StoredStrategy] = field(default_factory=dict)
    versions: dict[tuple[str, int], tuple[StrategyVersion, str]] = field(default_factory=dict)  # with the text
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    outcomes: dict[str, FakeOutcome] = field(default_factory=dict)
    optimizations: dict[str, FakeOptimization] = field(default_factory=dict)
    answers: dict[MethodAndId, FakeAnswer] = field(default_factory=dict)
    trading: FakeTrading = field(default_factory=FakeTrading)
    last_key: int = 0
