"""Findings about imports between value and message."""

from __future__ import annotations

from collections.abc import Iterable

from scizor.codec.times import from_timestamp, to_session, to_timestamp
from scizor.domain.quality import ImportSummary, Rule, StoredFlag, StoredRejection, Verdict
from scizor.marketdata.v1 import quality_pb2


def to_rule_counts(counts: Iterable[tuple[Rule, int]]) -> list[quality_pb2.RuleCount]:
    """Counts by rule, order kept."""
    return [quality_pb2.RuleCount(rule=_rule(rule), rows=rows) for rule, rows in counts]


def to_summary(summary: ImportSummary) -> quality_pb2.ImportSummary:
    """One import and its verdict."""
    return quality_pb2.ImportSummary(
        import_id=summary.import_id,
        verdict=quality_pb2.ImportVerdict.ValueType(summary.verdict),
        rows_read=summary.rows_read,
        rows_inserted=summary.rows_inserted,
        rows_updated=summary.rows_updated,
        rows_unchanged=summary.rows_unchanged,
        rows_rejected=summary.rows_rejected,
        rejected_by_rule=to_rule_counts(summary.rejected_by_rule),
        source=summary.source,
        symbols=summary.symbols,
        create_time=to_timestamp(summary.create_time),
    )


def from_summary(message: quality_pb2.ImportSummary) -> ImportSummary:
    """The value of a message this service wrote."""
    return ImportSummary(
        import_id=message.import_id,
        verdict=Verdict(message.verdict),
        rows_read=message.rows_read,
        rows_inserted=message.rows_inserted,
        rows_updated=message.rows_updated,
        rows_unchanged=message.rows_unchanged,
        rows_rejected=message.rows_rejected,
        rejected_by_rule=tuple((Rule(count.rule), count.rows) for count in message.rejected_by_rule),
        source=message.source,
        symbols=tuple(message.symbols),
        create_time=from_timestamp(message.create_time),
    )


def to_rejected_row(stored: StoredRejection) -> quality_pb2.RejectedRow:
    """A row that was kept aside."""
    row = stored.row
    return quality_pb2.RejectedRow(
        import_id=stored.import_id,
        row_number=row.row_number,
        rule=_rule(row.rule),
        detail=row.detail,
        symbol=row.symbol,
        session_date=row.session,
        raw=row.raw,
        source=stored.source,
        create_time=to_timestamp(stored.create_time),
    )


def to_flag(stored: StoredFlag) -> quality_pb2.DataFlag:
    """What looks wrong in stored bars."""
    flag = stored.flag
    return quality_pb2.DataFlag(
        symbol=stored.symbol,
        session_date=to_session(flag.session),
        kind=quality_pb2.DataFlagKind.ValueType(flag.kind),
        detail=flag.detail,
        ratio=flag.ratio,
        create_time=to_timestamp(stored.create_time),
    )


def _rule(rule: Rule) -> quality_pb2.QualityRule.ValueType:
    return quality_pb2.QualityRule.ValueType(rule)
