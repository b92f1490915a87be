"""What MarketData answers, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from scizor.client.cli.tables import facts, table, word
from scizor.client.values import Bars
from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import corporate_action_pb2, quality_pb2, symbol_pb2
from scizor.marketdata.v1.market_data_service_pb2 import GetCoverageResponse
from scizor.type.v1 import bars_pb2

_FEW_ROWS = 20


def symbols_table(symbols: Sequence[symbol_pb2.Symbol]) -> Table:
    """Symbols, one a line."""
    return table(
        f"{len(symbols):,} symbols",
        ("id", "currency", "~name", "type", "~sector", "group", "active"),
        (
            (
                one.id,
                one.currency,
                one.name,
                word(symbol_pb2.AssetType, one.asset_type),
                one.sector,
                one.group,
                _yes(one.active),
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
            ("verified", word(symbol_pb2.Verification, symbol.verified_result)),
            ("etag", symbol.etag),
        ],
    )


def bars_table(bars: Bars) -> Table:
    """Bars, one a line; the first and the last when there are many."""
    dates = bars.dates.astype(str)
    few = len(bars) <= _FEW_ROWS
    rows = range(len(bars)) if few else [*range(_FEW_ROWS // 2), *range(len(bars) - _FEW_ROWS // 2, len(bars))]
    adjustment = word(bars_pb2.Adjustment, bars.adjustment)
    made = table(
        f"{bars.symbol}: {len(bars):,} daily bars in {bars.currency}, {adjustment}",
        ("session", ">open", ">high", ">low", ">close", ">volume"),
        (
            (
                dates[i],
                *(f"{column[i]:,.4f}" for column in (bars.open, bars.high, bars.low, bars.close)),
                f"{bars.volume[i]:,.0f}",
            )
            for i in rows
        ),
    )
    if not few:
        made.caption = f"the first and the last {_FEW_ROWS // 2}; --csv writes all"
    return made


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


def coverage_table(answers: Sequence[GetCoverageResponse]) -> Table:
    """What is there and what is missing, one symbol a line."""
    return table(
        "Coverage",
        ("symbol", "calendar", "from", "to", ">sessions", ">with bar", ">share", ">gaps", "~longest"),
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


def _longest(answer: GetCoverageResponse) -> str:
    if not answer.missing:
        return ""
    gap = max(answer.missing, key=lambda one: one.sessions)
    return f"{gap.sessions:,} from {gap.first}"


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
