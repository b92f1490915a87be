"""Imports and their verdicts, rejected rows, flags and coverage, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from scizor.client.cli.tables import table, word
from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import quality_pb2
from scizor.marketdata.v1.market_data_service_pb2 import (
    SESSION_STATE_HOLIDAY,
    SESSION_STATE_PRESENT,
    GetCoverageResponse,
    SessionRun,
    SessionState,
)


def import_table(summaries: Sequence[quality_pb2.ImportSummary]) -> Table:
    """Verdicts of imports, one a line."""
    return table(
        "Imports",
        ("verdict", ">read", ">new", ">changed", ">unchanged", ">rejected", "~by rule", "~source"),
        (
            (
                word(quality_pb2.ImportVerdict, one.verdict),
                *(f"{n:,}" for n in (one.rows_read, one.rows_inserted, one.rows_updated, one.rows_unchanged)),
                f"{one.rows_rejected:,}",
                rules(one.rejected_by_rule),
                one.source,
            )
            for one in summaries
        ),
    )


def rules(counts: Iterable[quality_pb2.RuleCount]) -> str:
    """How many rows broke each rule, in one line."""
    return ", ".join(f"{word(quality_pb2.QualityRule, one.rule)} {one.rows:,}" for one in counts)


def rejected_table(rows: Sequence[quality_pb2.RejectedRow]) -> Table:
    """Rows kept aside, one a line."""
    return table(
        "Rows kept aside",
        ("symbol", "session", ">row", "rule", "~detail"),
        (
            (one.symbol, one.session_date, str(one.row_number), word(quality_pb2.QualityRule, one.rule), one.detail)
            for one in rows
        ),
    )


def flags_table(flags: Sequence[quality_pb2.DataFlag]) -> Table:
    """What looks wrong in stored bars, one finding a line."""
    return table(
        "Looks wrong, left as it is",
        ("symbol", "session", "what", ">ratio", "~detail"),
        (
            (
                one.symbol,
                one.session_date,
                word(quality_pb2.DataFlagKind, one.kind),
                f"{one.ratio:g}" if one.ratio else "",
                one.detail,
            )
            for one in flags
        ),
    )


def coverage_table(answers: Sequence[GetCoverageResponse]) -> Table:
    """What is there and what is missing, one symbol a line."""
    return table(
        "Coverage",
        ("symbol", "calendar", "from", "to", ">sessions", ">with bar", ">share", ">gaps", ">longest"),
        (
            (
                one.symbol,
                one.calendar,
                one.start,
                one.end,
                f"{one.sessions_expected:,}",
                f"{one.sessions_present:,}",
                f"{one.fraction:.2%}",
                f"{len(one.missing):,}",
                _longest(one),
            )
            for one in answers
        ),
    )


def states_table(answers: Sequence[GetCoverageResponse]) -> Table:
    """How many sessions are in each state, one symbol a line."""
    states = [state for state in SessionState.values() if state]
    counts = [{count.state: count.sessions for count in one.counts} for one in answers]
    return table(
        "Sessions by what is known of them",
        ("symbol", *(f">{word(SessionState, state).replace('_', ' ')}" for state in states), "~partial"),
        (
            (one.symbol, *(f"{count.get(state, 0):,}" for state in states), ", ".join(one.partial))
            for one, count in zip(answers, counts, strict=True)
        ),
    )


def lacking_table(answer: GetCoverageResponse) -> Table | None:
    """Every run of sessions that are neither present nor holidays, one a line; None when there is none."""
    if answer.runs:
        rows = [
            (run.first, run.last, f"{run.sessions:,}", word(SessionState, run.state).replace("_", " "), run.reason)
            for run in _across_holidays(answer.runs)
            if run.state != SESSION_STATE_PRESENT
        ]
        title, columns = "sessions without a bar, and why", ("first", "last", ">sessions", "state", "~reason")
        return table(f"{answer.symbol}: {title}", columns, rows) if rows else None
    return gaps_table(answer) if answer.missing else None


def gaps_table(answer: GetCoverageResponse) -> Table:
    """Every run of sessions without a bar, one a line."""
    rows = ((gap.first, gap.last, f"{gap.sessions:,}") for gap in answer.missing)
    return table(f"{answer.symbol}: sessions without a bar", ("first", "last", ">sessions"), rows)


def rule_of(text: str) -> quality_pb2.QualityRule.ValueType:
    """A quality rule by its word, such as `off_calendar`; every rule for an empty one."""
    words = {word(quality_pb2.QualityRule, value): value for value in quality_pb2.QualityRule.values()}
    if text.lower() not in words:
        raise InvalidInput.of_field("rule", f"must be one of {', '.join(filter(None, words))}, not {text!r}")
    return words[text.lower()]


def _across_holidays(runs: Iterable[SessionRun]) -> list[SessionRun]:
    """The runs without holidays: what only a holiday parts is one run, or years would be a page of them."""
    joined: list[SessionRun] = []
    for run in runs:
        if run.state == SESSION_STATE_HOLIDAY:
            continue
        before = joined[-1] if joined else SessionRun()
        if (before.state, before.reason) == (run.state, run.reason):
            before.last = run.last
            before.sessions += run.sessions
        else:
            joined.append(SessionRun())
            joined[-1].CopyFrom(run)
    return joined


def _longest(answer: GetCoverageResponse) -> str:
    return f"{max(gap.sessions for gap in answer.missing):,}" if answer.missing else ""
