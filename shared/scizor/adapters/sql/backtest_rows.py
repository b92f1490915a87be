"""Rows of backtests, as the domain has them and as the table does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scizor.adapters.sql.prepared import Columns
from scizor.domain.backtests import (
    BacktestJob,
    BacktestSpec,
    BacktestStage,
    BacktestState,
    CommissionPlan,
    CommissionTerms,
    JobError,
    Progress,
    Sizing,
    SlippageKind,
    SlippageTerms,
)
from scizor.domain.bars import Adjustment
from scizor.domain.errors import Reason
from scizor.domain.intervals import Interval
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.sessions import SessionRange


def values_of(job: BacktestJob) -> dict[str, Any]:
    """Every column of a new job's row."""
    spec = job.spec
    return {
        "id": job.id,
        "strategy_id": spec.strategy_id,
        "parameters": dict(spec.parameters),
        "symbols": list(spec.symbols),
        "start_date": spec.sessions.start,
        "end_date": spec.sessions.end,
        "initial_capital": spec.initial_capital,
        "currency": spec.currency,
        "commission_bps": spec.commission_bps,
        "slippage_bps": spec.slippage_bps,
        "sizing": int(spec.sizing),
        "adjustment": int(spec.adjustment),
        "title": spec.title,
        "keep_open_at_end": spec.keep_open_at_end,
        "bar_interval": int(spec.interval),
        "account": int(spec.account),
        "fill_timing": int(spec.fill_timing),
        "path": int(spec.path),
        "limit_fills": int(spec.limit_fills),
        "commission": asdict(spec.commission) if spec.commission else None,
        "slippage": asdict(spec.slippage) if spec.slippage else None,
        "max_participation": spec.max_participation,
        "cash_buffer": spec.cash_buffer,
        "no_financing": spec.no_financing,
        "benchmark": spec.benchmark,
        "strategy_version": spec.strategy_version or None,
        "code_hash": spec.code_hash,
        **asdict(job.progress),
        "create_time": job.create_time,
        "start_time": job.start_time,
        "end_time": job.end_time,
        **error_values(job.error),
        "attempts": job.attempts,
        "priority": job.priority,
        "caller": job.caller,
    }


def error_values(error: JobError | None) -> dict[str, str | None]:
    """The columns of why a job failed."""
    return {"error_reason": error.reason if error else None, "error_message": error.message if error else None}


def _spec(row: Columns) -> BacktestSpec:
    return BacktestSpec(
        strategy_id=row["strategy_id"],
        parameters=row["parameters"],
        symbols=tuple(row["symbols"]),
        sessions=SessionRange(row["start_date"], row["end_date"]),
        initial_capital=row["initial_capital"],
        currency=row["currency"],
        commission_bps=row["commission_bps"],
        slippage_bps=row["slippage_bps"],
        sizing=Sizing(row["sizing"]),
        adjustment=Adjustment(row["adjustment"]),
        title=row["title"],
        keep_open_at_end=row["keep_open_at_end"],
        interval=Interval(row["bar_interval"]),
        account=AccountType(row["account"]),
        fill_timing=FillTiming(row["fill_timing"]),
        path=PathPolicy(row["path"]),
        limit_fills=LimitPolicy(row["limit_fills"]),
        commission=_commission(row["commission"]) if row["commission"] else None,
        slippage=_slippage(row["slippage"]) if row["slippage"] else None,
        max_participation=row["max_participation"],
        cash_buffer=row["cash_buffer"],
        no_financing=row["no_financing"],
        benchmark=row["benchmark"],
        strategy_version=row["strategy_version"] or 0,
        code_hash=row["code_hash"],
    )


def _commission(stored: dict[str, Any]) -> CommissionTerms:
    return CommissionTerms(**stored | {"plan": CommissionPlan(stored["plan"])})


def _slippage(stored: dict[str, Any]) -> SlippageTerms:
    return SlippageTerms(**stored | {"model": SlippageKind(stored["model"])})


def job_of(row: Columns) -> BacktestJob:
    """A job from its row."""
    progress = Progress(
        sequence=row["sequence"],
        state=BacktestState(row["state"]),
        stage=BacktestStage(row["stage"]),
        bars_done=row["bars_done"],
        bars_total=row["bars_total"],
        bars_per_second=row["bars_per_second"],
        remaining_s=row["remaining_s"],
    )
    error = JobError(Reason(row["error_reason"]), row["error_message"]) if row["error_reason"] else None
    return BacktestJob(
        id=row["id"],
        spec=_spec(row),
        progress=progress,
        create_time=row["create_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        error=error,
        attempts=row["attempts"],
        priority=row["priority"],
        caller=row["caller"],
    )
