"""Things to store, made in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.domain.backtests import (
    BacktestJob,
    BacktestSpec,
    BacktestState,
    CommissionPlan,
    CommissionTerms,
    Progress,
    SlippageKind,
    SlippageTerms,
)
from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.broker import BrokerContract, DataOrigin
from scizor.domain.collections import (
    Chunk,
    Collection,
    CollectionKind,
    CollectionProgress,
    CollectionSpec,
    CollectionState,
)
from scizor.domain.instruments import AssetType, Instrument, StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.metrics import Metric
from scizor.domain.orders import AccountType, FillCause, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.outcomes import Ambiguity, CostLines, Direction, EquityCurve, RunCounts, Trade
from scizor.domain.quality import ImportSummary, RejectedRow, Rule, Verdict
from scizor.domain.sessions import SessionRange, to_day
from scizor.domain.strategies import (
    Declared,
    ParameterSpec,
    ParameterType,
    StoredStrategy,
    StrategyKind,
    StrategyVersion,
    code_hash,
)
from scizor.ports.backtests import BacktestResults
from scizor.ports.bars import WriteCounts
from scizor.ports.storage import Storage

NOW = datetime(2024, 1, 31, 12, 0, tzinfo=UTC)
AAPL = Instrument("AAPL", "NASDAQ", "USD", name="Apple Inc.", group="us-tech", listed_date=date(1980, 12, 12))
BHP_ASX = Instrument("BHP", "ASX", "AUD", group="au")
BHP_NYSE = Instrument("BHP", "NYSE", "USD", active=False)


def bars_of(first: date, closes: Sequence[float], *, volume: float = 1_000.0) -> BarArray:
    """One bar a day from `first`, each with a range of one per cent around its close."""
    bars = empty_bars(len(closes))
    bars["day"] = to_day(first) + np.arange(len(closes))
    bars["open"] = bars["close"] = closes
    bars["high"], bars["low"] = bars["close"] * 1.01, bars["close"] * 0.99
    bars["volume"] = volume
    return bars


def minutes_of(first: datetime, closes: Sequence[float], *, volume: float = 0.0) -> BarArray:
    """One bar a minute from `first`, an instant of that date's session."""
    bars = empty_bars(len(closes), Interval.MINUTE_1)
    bars["day"] = to_day(first.date())
    bars["time_ns"] = [
        int((first + timedelta(minutes=place)).timestamp()) * 1_000_000_000 for place in range(len(bars))
    ]
    bars["open"] = bars["high"] = bars["low"] = bars["close"] = closes
    bars["volume"] = volume
    return bars


def keys_of(stored: StoredInstrument, bars: BarArray) -> npt.NDArray[np.int32]:
    """The storage key once for each bar."""
    return np.full(len(bars), stored.key, dtype=np.int32)


async def stored_symbol(storage: Storage, instrument: Instrument = AAPL) -> StoredInstrument:
    """The instrument, stored."""
    async with storage.begin() as work:
        return await work.symbols.add(instrument)


async def write(
    storage: Storage, stored: StoredInstrument, bars: BarArray, source: str = "test", scale_date: date | None = None
) -> WriteCounts:
    """Store bars in a transaction of their own."""
    async with storage.begin() as work, work.bars.writer(source, scale_date) as writer:
        await writer.add(keys_of(stored, bars), bars)
        return await writer.store()


async def write_minutes(
    storage: Storage,
    stored: StoredInstrument,
    bars: BarArray,
    interval: Interval = Interval.MINUTE_1,
    scale_date: date | None = None,
) -> WriteCounts:
    """Store intraday bars in a transaction of their own."""
    async with storage.begin() as work, work.intraday.writer("test", interval, scale_date) as writer:
        await writer.add(keys_of(stored, bars), bars)
        return await writer.store()


def contract_of(instrument: Instrument = AAPL, con_id: int = 265598) -> BrokerContract:
    """What the broker knows the instrument as."""
    return BrokerContract(
        con_id=con_id,
        symbol=instrument.symbol,
        primary_exchange=instrument.primary_exchange,
        currency=instrument.currency,
        exchange="SMART",
        name=instrument.name,
        asset_type=AssetType.STOCK,
        min_tick=Decimal("0.01"),
        time_zone="America/New_York",
        origins=(DataOrigin("broker:real", None, date(2013, 3, 1)), DataOrigin("broker:synthetic", date(2013, 3, 2))),
    )


def collection_of(collection_id: str) -> Collection:
    """A queued collection of two symbols."""
    symbols = ("AAPL.NASDAQ", "BHP.ASX.AUD")
    spec = CollectionSpec(CollectionKind.HISTORY, symbols=symbols, start=date(2024, 1, 2), end=date(2024, 1, 31))
    return Collection(collection_id, spec, CollectionProgress(1, CollectionState.QUEUED), NOW)


def chunk_of(number: int, key: int = 1) -> Chunk:
    """A chunk still to be asked."""
    return Chunk(number, key, "AAPL.NASDAQ", Interval.DAY_1, date(2024, 1, 2), date(2024, 1, 5), sessions=4)


def import_of(import_id: str, **changes: Any) -> ImportSummary:
    """A partly good import of AAPL."""
    summary = ImportSummary(
        import_id=import_id,
        verdict=Verdict.PARTIAL,
        rows_read=10,
        rows_inserted=5,
        rows_updated=1,
        rows_unchanged=1,
        rows_rejected=3,
        rejected_by_rule=((Rule.HIGH_BELOW_LOW, 2), (Rule.VOLUME_ZERO, 1)),
        source="prices.csv",
        symbols=("AAPL.NASDAQ",),
        create_time=NOW,
    )
    return replace(summary, **changes)


def rejected(row_number: int, rule: Rule = Rule.HIGH_BELOW_LOW, symbol: str = "AAPL", raw: str = "a,b") -> RejectedRow:
    return RejectedRow(row_number, rule, "high 1 is below low 2", symbol, "2024-01-02", raw)


def job_of(backtest_id: str, strategy_id: str = "sma_cross") -> BacktestJob:
    spec = BacktestSpec(
        strategy_id=strategy_id,
        parameters={"fast": 10, "slow": 30.0, "label": "x", "long_only": True},
        symbols=("AAPL.NASDAQ", "BHP.ASX"),
        sessions=SessionRange(date(2020, 1, 1), None),
        initial_capital=Decimal("100000.50"),
        currency="USD",
        interval=Interval.MINUTE_5,
        account=AccountType.MARGIN,
        fill_timing=FillTiming.NEXT_CLOSE,
        path=PathPolicy.OHLC,
        limit_fills=LimitPolicy.THROUGH,
        commission=CommissionTerms(CommissionPlan.IB_TIERED),
        slippage=SlippageTerms(SlippageKind.VOLUME_SHARE, 0.1),
        max_participation=0.025,
        cash_buffer=0.02,
        no_financing=True,
        benchmark="SPY.ARCA",
    )
    return BacktestJob(backtest_id, spec, Progress(1, BacktestState.QUEUED), NOW)


def version_of(strategy_id: str, number: int = 1, **changes: Any) -> StrategyVersion:
    """A version with a parameter of each type."""
    declared = Declared(
        id="mine",
        class_name="Mine",
        kind=StrategyKind.VECTOR,
        description="Follows the trend.",
        parameters=(
            ParameterSpec("fast", ParameterType.INT, 10, 1, 500, description="bars"),
            ParameterSpec("band", ParameterType.FLOAT, 0.5, 0.0, 2.5),
            ParameterSpec("side", ParameterType.CHOICE, "long", choices=("long", "both")),
            ParameterSpec("quick", ParameterType.BOOL, default=False),
        ),
    )
    hashed = code_hash(f"{strategy_id} {number}")
    return StrategyVersion(strategy_id, number, hashed, replace(declared, **changes), NOW)


def strategy_of(strategy_id: str, **changes: Any) -> StoredStrategy:
    """A strategy with one version."""
    made = StoredStrategy(
        strategy_id, version_of(strategy_id), "Mine", "Of my own.", ("trend",), create_time=NOW, update_time=NOW
    )
    return replace(made, **changes)


def trade_of(number: int) -> Trade:
    return Trade(
        number=number,
        symbol="AAPL.NASDAQ",
        direction=Direction.LONG,
        quantity=10.5,
        entry_session=date(2024, 1, 2),
        exit_session=date(2024, 1, 5),
        entry_price=100.25,
        exit_price=101.75,
        commission=1.5,
        gross_pnl=15.75,
        net_pnl=14.25,
        return_fraction=0.0135,
        sessions_held=3,
        closed_at_end=False,
        entry_reason=FillCause.ORDER,
        exit_reason=FillCause.STOP_LOSS,
        mae=-0.01,
        mfe=None,
        dividends=0.25,
        conversion_cost=0.125,
        entry_time=NOW,
    )


def results_of(trades: int = 3) -> BacktestResults:
    return BacktestResults(
        metrics=(
            Metric("sharpe", 1.25, "TRADING_DAY_252", 250, "ratio", 0.5, 2.0),
            Metric("profit_factor", None, "TRADING_DAY_252", 0, "ratio", undefined_reason="no trades"),
        ),
        warnings=("BHP.ASX has no bars before 2021",),
        fingerprint="0123abcd",
        engine_version="1",
        first_session="2020-01-02",
        last_session="2020-12-31",
        sessions=253,
        bars=506,
        currency="USD",
        initial_capital=100_000.5,
        final_equity=123_456.75,
        commission_paid=12.5,
        slippage_paid=0.0,
        trades=trades,
        compute_seconds=0.25,
        costs=CostLines(commission=-12.5, borrow=-1.5, credit_interest=20.25),
        ambiguity=Ambiguity(bars=2, best=10.5, worst=-3.25, touch_fills=1),
        counts=RunCounts(orders=9, fills=7, margin_calls=1),
    )


def curve_of(sessions: int = 4) -> EquityCurve:
    rising = np.linspace(1.0, 2.0, sessions)
    days = np.arange(19_000, 19_000 + sessions, dtype=np.int32)
    close_ns = (days.astype(np.int64) + 1) * 86_400_000_000_000
    return EquityCurve(days, rising, rising / 2, -rising / 10, rising / 3, close_ns)
