"""A backtest as a durable job: what was asked, and where it stands. What it came to: `scizor.domain.outcomes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from scizor.domain.bars import Adjustment
from scizor.domain.errors import Reason
from scizor.domain.intervals import Interval
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.sessions import SessionRange

ParameterValue = int | float | str | bool
MIDDLE_PRIORITY = 5


class BacktestState(IntEnum):
    """Numbers equal the contract's."""

    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self >= BacktestState.SUCCEEDED


class BacktestStage(IntEnum):
    """What a running backtest is at; numbers equal the contract's."""

    NONE = 0
    LOADING = 1
    SIMULATING = 2
    SAVING = 3


class Sizing(IntEnum):
    """When the quantity of a decision is fixed; numbers equal the contract's.

    In both, the quantity is the most whole lots whose value, costs included, fits in |weight| x equity.
    """

    AT_DECISION = 1  # equity and close of the deciding session; what a trader can send before the open
    AT_FILL = 2  # equity and open of the filling session; a cash-value order


class CommissionPlan(IntEnum):
    """A broker's published schedule; numbers equal the contract's."""

    CUSTOM = 0
    IB_FIXED = 1
    IB_TIERED = 2


@dataclass(frozen=True, slots=True)
class CommissionTerms:
    """A plan, or one's own figures: quote currency a share, of the value, at least and at most an order.

    `maximum_bps`: of the order's value, 0 for no bound.
    """

    plan: CommissionPlan = CommissionPlan.CUSTOM
    per_share: float = 0.0
    value_bps: float = 0.0
    minimum: float = 0.0
    maximum_bps: float = 0.0


class SlippageKind(IntEnum):
    """How slippage is reckoned; numbers equal the contract's."""

    NONE = 0
    BPS = 1
    HALF_SPREAD = 2
    VOLUME_SHARE = 3


@dataclass(frozen=True, slots=True)
class SlippageTerms:
    """`amount`: bps of the price, quote currency a share, or the impact, as the model says."""

    model: SlippageKind = SlippageKind.NONE
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class BacktestSpec:
    """What was asked. `parameters` are resolved: every one of the strategy's is there. `symbols` are full ids.

    `commission` and `slippage` say what `commission_bps` and `slippage_bps` cannot; at most one of each pair is there.
    `max_participation`: a fraction of a bar's volume, 0 for no bound. `benchmark`: a full id, empty for none.
    `strategy_version`, `code_hash`: of a stored strategy; 0 and empty for one that came with the system.
    """

    strategy_id: str
    parameters: Mapping[str, ParameterValue]
    symbols: tuple[str, ...]
    sessions: SessionRange
    initial_capital: Decimal
    currency: str
    commission_bps: float = 0.0
    slippage_bps: float = 0.0
    sizing: Sizing = Sizing.AT_DECISION
    adjustment: Adjustment = Adjustment.SPLIT
    title: str = ""
    keep_open_at_end: bool = False
    interval: Interval = Interval.DAY_1
    account: AccountType = AccountType.UNLEVERED
    fill_timing: FillTiming = FillTiming.NEXT_OPEN
    path: PathPolicy = PathPolicy.WORST_CASE
    limit_fills: LimitPolicy = LimitPolicy.TOUCH
    commission: CommissionTerms | None = None
    slippage: SlippageTerms | None = None
    max_participation: float = 0.0
    cash_buffer: float = 0.0
    no_financing: bool = False
    benchmark: str = ""
    strategy_version: int = 0
    code_hash: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backtest is. `sequence` counts every change in the job's life; `remaining_s` is None until known."""

    sequence: int
    state: BacktestState
    stage: BacktestStage = BacktestStage.NONE
    bars_done: int = 0
    bars_total: int = 0
    bars_per_second: float = 0.0
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a backtest failed, as its owner may read it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class BacktestJob:
    """A backtest as it stands. `attempts`: how often a worker took it up, those that gave it back not counted.

    `priority`: 0 to 9, higher ones are begun first. `caller`: who asked for it, as far as is known.
    """

    id: str
    spec: BacktestSpec
    progress: Progress
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: JobError | None = None
    attempts: int = 0
    priority: int = MIDDLE_PRIORITY
    caller: str = ""
