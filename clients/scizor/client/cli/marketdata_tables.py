"""Symbols, bars and corporate actions, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from scizor.client.cli.parse import length_word
from scizor.client.cli.tables import facts, instant, table, word
from scizor.client.values import Bars
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import corporate_action_pb2, symbol_pb2
from scizor.marketdata.v1.market_data_service_pb2 import (
    PopulateProgress,
    ValidateProgress,
    ValidationAction,
    ValidationOutcome,
)
from scizor.type.v1 import bars_pb2

_FEW_ROWS = 20


def symbols_table(symbols: Sequence[symbol_pb2.Symbol]) -> Table:
    """Symbols, one a line."""
    return table(
        f"{len(symbols):,} symbols",
        ("id", "currency", "~name", "type", "~sector", "group", "active", "broker"),
        (
            (
                one.id,
                one.currency,
                one.name,
                word(symbol_pb2.AssetType, one.asset_type),
                one.sector,
                one.group,
                _yes(one.active),
                word(symbol_pb2.Verification, one.verified_result),
            )
            for one in symbols
        ),
    )


def symbol_facts(symbol: symbol_pb2.Symbol) -> Table:
    """All that is known of one symbol."""
    return facts(
        symbol.id,
        [
            ("name", symbol.name),
            ("currency", symbol.currency),
            ("exchange", symbol.exchange),
            ("type", word(symbol_pb2.AssetType, symbol.asset_type)),
            ("sector", symbol.sector),
            ("group", symbol.group),
            ("active", _yes(symbol.active)),
            ("listed", symbol.listed_date),
            ("delisted", symbol.delisted_date),
            ("broker says", word(symbol_pb2.Verification, symbol.verified_result)),
            ("because", symbol.verified_reason),
            ("asked", instant(symbol.last_verified)),
            ("deactivated", instant(symbol.deactivate_time)),
            ("contract", str(symbol.contract_id or "")),
            ("etag", symbol.etag),
        ],
    )


def populated_line(last: PopulateProgress) -> str:
    """What populating came to."""
    stored = f"{last.created:,} of {last.total:,} symbols stored, {last.existing:,} were there already"
    checked = last.valid + last.invalid + last.ambiguous
    if not checked:
        return stored
    doubtful = f"; the broker knows {last.valid:,} of the new ones"
    if last.invalid or last.ambiguous:
        doubtful += f", not {last.invalid:,}, and {last.ambiguous:,} several times; those are stored inactive"
    return stored + doubtful


def validated_line(last: ValidateProgress) -> str:
    """What validating came to."""
    asked = last.done - last.skipped
    return (
        f"{asked:,} of {last.total:,} symbols asked about, {last.skipped:,} verified lately; "
        f"{last.valid:,} valid, {last.invalid:,} invalid, {last.ambiguous:,} ambiguous, {last.failed:,} not answered"
    )


def outcomes_table(outcomes: Sequence[ValidationOutcome]) -> Table:
    """Symbols whose standing changed, or that were not answered, one a line."""
    return table(
        "What changed, and what was not answered",
        ("symbol", "broker", "done", "~why"),
        (
            (
                one.symbol,
                word(symbol_pb2.Verification, one.result),
                word(ValidationAction, one.action),
                "; ".join(filter(None, _reasons(one))),
            )
            for one in outcomes
        ),
    )


def bars_table(bars: Bars) -> Table:
    """Bars, one a line; the first and the last when there are many."""
    begins = bars.times.astype(str) if bars.interval.intraday else bars.dates.astype(str)
    few = len(bars) <= _FEW_ROWS
    rows = range(len(bars)) if few else [*range(_FEW_ROWS // 2), *range(len(bars) - _FEW_ROWS // 2, len(bars))]
    adjustment = word(bars_pb2.Adjustment, bars.adjustment)
    length = "daily" if bars.interval is Interval.DAY_1 else length_word(bars.interval)
    made = table(
        f"{bars.symbol}: {len(bars):,} {length} bars in {bars.currency}, {adjustment}",
        ("begins, UTC" if bars.interval.intraday else "session", ">open", ">high", ">low", ">close", ">volume"),
        (
            (
                begins[i].replace("T", " "),
                *(f"{column[i]:,.4f}" for column in (bars.open, bars.high, bars.low, bars.close)),
                f"{bars.volume[i]:,.0f}",
            )
            for i in rows
        ),
    )
    if not few:
        made.caption = f"the first and the last {_FEW_ROWS // 2}; --csv writes all"
    return made


def actions_table(actions: Sequence[corporate_action_pb2.CorporateAction]) -> Table:
    """Splits and dividends, one a line."""
    return table(
        f"{len(actions):,} corporate actions",
        ("symbol", "type", "ex-date", ">value", "~source"),
        (
            (
                one.symbol,
                word(corporate_action_pb2.CorporateActionType, one.type),
                one.ex_date,
                one.ratio.value or one.amount.value,
                one.source,
            )
            for one in actions
        ),
    )


def _reasons(outcome: ValidationOutcome) -> tuple[str, ...]:
    candidates = f"could be {', '.join(outcome.candidates)}" if outcome.candidates else ""
    return outcome.reason, candidates, f"archive {outcome.archive_id}" if outcome.archive_id else ""


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
