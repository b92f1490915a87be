"""A backtest as a durable job: what was asked, where it stands, what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import Adjustment
from scizor.domain.errors import Reason
from scizor.domain.sessions import DayArray, SessionRange

ParameterValue = int | float | str | bool


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


@dataclass(frozen=True, slots=True)
class BacktestSpec:
    """What was asked. `parameters` are resolved: every one of the strategy's is there. `symbols` are full ids."""

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
    """A backtest as it stands. `attempts`: how often a worker took it up, those that gave it back not counted."""

    id: str
    spec: BacktestSpec
    progress: Progress
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: JobError | None = None
    attempts: int = 0


class Direction(IntEnum):
    """The side of a trade; numbers equal the contract's."""

    LONG = 1
    SHORT = 2


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip. Prices include slippage; `quantity` is positive; amounts are in the account's currency."""

    number: int
    symbol: str
    direction: Direction
    quantity: float
    entry_session: date
    exit_session: date
    entry_price: float
    exit_price: float
    commission: float
    gross_pnl: float
    net_pnl: float
    return_fraction: float
    sessions_held: int
    closed_at_end: bool


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """Account value by session; every column shape (n,).

    `drawdown` is a fraction, 0 or less; `exposure` is gross position value over equity.
    """

    days: DayArray
    equity: FloatArray
    cash: FloatArray
    drawdown: FloatArray
    exposure: FloatArray
