"""What the use cases found, as answers."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from scizor.codec.quality import to_flag, to_rejected_row, to_rule_counts, to_summary
from scizor.codec.times import to_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import symbol_pb2
from scizor.services.marketdata.symbols.populating import Populated
from scizor.services.marketdata.symbols.validating import Outcome, Validated
from scizor.services.marketdata.truth.coverage import Coverage
from scizor.services.marketdata.truth.market_hours import MarketHours, MarketSession
from scizor.services.marketdata.truth.quality import Findings
from scizor.services.marketdata.truth.states import StateCount, StateRun

_MOST_RUNS: Final = 10_000


def coverage_answer(found: Coverage) -> pb.GetCoverageResponse:
    """What is there and what is missing."""
    start, end = found.range or (None, None)
    first, last = found.extent or (None, None)
    return pb.GetCoverageResponse(
        symbol=found.symbol,
        calendar=found.calendar,
        start=to_session(start),
        end=to_session(end),
        sessions_expected=found.expected,
        sessions_present=found.present,
        fraction=found.present / found.expected if found.expected else 1.0,
        missing=[
            pb.MissingSessions(first=to_session(run.first), last=to_session(run.last), sessions=run.sessions)
            for run in found.missing
        ],
        first_bar=to_session(first),
        last_bar=to_session(last),
        runs=map(_run, found.runs[:_MOST_RUNS]),
        counts=map(_count, found.counts),
        partial=map(to_session, found.partial),
    )


def findings_answer(found: Findings, next_page_token: str) -> pb.GetDataQualityResponse:
    """How imports were judged, and what looks wrong in stored bars."""
    return pb.GetDataQualityResponse(
        rejected_by_rule=to_rule_counts(found.by_rule),
        rows_rejected=sum(rows for _, rows in found.by_rule),
        rows=map(to_rejected_row, found.rows),
        imports=map(to_summary, found.imports),
        next_page_token=next_page_token,
        flags=map(to_flag, found.flags),
    )


def hours_answer(found: MarketHours) -> pb.GetMarketHoursResponse:
    """An exchange's sessions around a date."""
    return pb.GetMarketHoursResponse(
        calendar=found.calendar,
        time_zone=found.time_zone,
        open=found.is_open,
        session=_session(found.session),
        previous=_session(found.previous),
        next=_session(found.next),
    )


def populated(sequence: int, step: Populated) -> pb.PopulateSymbolsResponse:
    """How far the populating is."""
    progress = pb.PopulateProgress(
        done=step.done,
        total=step.total,
        created=step.created,
        existing=step.existing,
        valid=step.valid,
        invalid=step.invalid,
        ambiguous=step.ambiguous,
        unchecked=step.unchecked,
    )
    return pb.PopulateSymbolsResponse(sequence=sequence, progress=progress)


def validated(sequence: int, step: Validated) -> pb.ValidateSymbolsResponse:
    """How far the validation is."""
    progress = pb.ValidateProgress(
        done=step.done,
        total=step.total,
        skipped=step.skipped,
        valid=step.valid,
        invalid=step.invalid,
        ambiguous=step.ambiguous,
        failed=step.failed,
        outcomes=map(_outcome, step.outcomes),
    )
    return pb.ValidateSymbolsResponse(sequence=sequence, progress=progress)


def _outcome(outcome: Outcome) -> pb.ValidationOutcome:
    return pb.ValidationOutcome(
        symbol=outcome.symbol,
        result=symbol_pb2.Verification.ValueType(outcome.result),
        reason=outcome.reason,
        candidates=outcome.candidates,
        action=pb.ValidationAction.ValueType(outcome.action),
        archive_id=outcome.archive_id,
    )


def _session(session: MarketSession | None) -> pb.MarketSession | None:
    if session is None:
        return None
    return pb.MarketSession(
        date=to_session(session.day), open_time=_instant(session.open_ns), close_time=_instant(session.close_ns)
    )


def _instant(time_ns: int) -> Timestamp:
    stamp = Timestamp()
    stamp.FromNanoseconds(time_ns)
    return stamp


def _run(run: StateRun) -> pb.SessionRun:
    return pb.SessionRun(
        state=pb.SessionState.ValueType(run.state),
        first=to_session(run.first),
        last=to_session(run.last),
        sessions=run.sessions,
        reason=run.reason,
    )


def _count(count: StateCount) -> pb.SessionCount:
    return pb.SessionCount(state=pb.SessionState.ValueType(count.state), sessions=count.sessions)
