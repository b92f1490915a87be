"""What the use cases found, as answers."""

from __future__ import annotations

from scizor.codec.quality import to_rejected_row, to_rule_counts, to_summary
from scizor.codec.times import to_session
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.services.marketdata.coverage import Coverage
from scizor.services.marketdata.quality import Findings
from scizor.services.marketdata.symbols import Populated


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
    )


def findings_answer(found: Findings, next_page_token: str) -> pb.GetDataQualityResponse:
    """How imports were judged."""
    return pb.GetDataQualityResponse(
        rejected_by_rule=to_rule_counts(found.by_rule),
        rows_rejected=sum(rows for _, rows in found.by_rule),
        rows=map(to_rejected_row, found.rows),
        imports=map(to_summary, found.imports),
        next_page_token=next_page_token,
    )


def progress_of(step: Populated) -> pb.PopulateProgress:
    """How far the populating is."""
    return pb.PopulateProgress(
        done=step.done, total=step.total, created=step.created, existing=step.done - step.created
    )
