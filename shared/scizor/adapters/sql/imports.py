"""Imports and rejected rows in PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.tables import imports, rejected_rows, sources
from scizor.domain.quality import ImportSummary, RejectedRow, Rule, StoredRejection, Verdict
from scizor.ports.imports import RejectionCursor, RejectionFilter

_IMPORTS = select(imports, sources.c.name.label("source")).join(sources)
_REJECTIONS = (
    select(rejected_rows, sources.c.name.label("source"), imports.c.create_time)
    .select_from(rejected_rows)
    .join(imports)
    .join(sources, sources.c.id == imports.c.source_id)
)
_COUNTS = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")


class SqlImports:
    """`ports.imports.ImportRepository`."""

    def __init__(self, session: Session, sources_of: Sources) -> None:
        self._session = session
        self._sources = sources_of

    async def add(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        """Store an import with its rejected rows, whose numbers must differ."""
        source_id = await self._sources.id_of(summary.source)
        await self._session.execute(insert(imports).values(_values(summary, source_id)))
        await self._reject(summary.import_id, source_id, rows)

    async def accumulate(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        """Add its counts, symbols and rows to the import of the same id and source, or store it when there is none.

        The verdict becomes PARTIAL once a row was rejected. Row numbers must be new to the import.
        """
        source_id = await self._sources.id_of(summary.source)
        new = insert(imports).values(_values(summary, source_id)).on_conflict_do_nothing().returning(imports.c.id)
        if await self._session.first(new) is None:
            this = and_(imports.c.id == summary.import_id, imports.c.source_id == source_id)
            known = (await self._session.execute(_IMPORTS.where(this).with_for_update(of=imports))).one()
            total = _values(_sum(_summary(known), summary), source_id)
            await self._session.execute(update(imports).where(this).values(total))
        await self._reject(summary.import_id, source_id, rows)

    async def summaries(self, symbol: str, import_id: str, limit: int) -> list[ImportSummary]:
        """The newest imports that touched the symbol and have the id; empty means any."""
        query = _IMPORTS.order_by(imports.c.id.desc(), sources.c.name).limit(limit)
        if symbol:
            query = query.where(imports.c.symbols.contains([symbol]))
        if import_id:
            query = query.where(imports.c.id == import_id)
        return [_summary(row) for row in await self._session.all(query)]

    async def rejections(
        self, which: RejectionFilter, after: RejectionCursor | None, limit: int
    ) -> list[StoredRejection]:
        """Rejected rows, newest import first, then by row number."""
        import_id, row_number = rejected_rows.c.import_id, rejected_rows.c.row_number
        query = _REJECTIONS.where(*_conditions(which)).order_by(import_id.desc(), row_number).limit(limit)
        if after is not None:
            query = query.where(or_(import_id < after[0], and_(import_id == after[0], row_number > after[1])))
        return [
            StoredRejection(
                row.import_id,
                RejectedRow(row.row_number, Rule(row.rule), row.detail, row.symbol, row.session, row.raw),
                row.source,
                row.create_time,
            )
            for row in await self._session.all(query)
        ]

    async def forget_rejections(self, symbols: Collection[str]) -> int:
        """Remove the rejected rows whose symbol is one of these texts; how many. The imports' records stay."""
        which = rejected_rows.c.symbol.in_(symbols)
        return (await self._session.execute(delete(rejected_rows).where(which))).rowcount

    async def count_by_rule(self, which: RejectionFilter) -> list[tuple[Rule, int]]:
        """How many rows match, by rule, most first."""
        rule, rows = rejected_rows.c.rule, func.count().label("rows")
        query = select(rule, rows).where(*_conditions(which)).group_by(rule).order_by(rows.desc(), rule)
        return [(Rule(row.rule), row.rows) for row in await self._session.all(query)]

    async def _reject(self, import_id: str, source_id: int, rows: Sequence[RejectedRow]) -> None:
        await self._session.copy_records(
            "rejected_rows",
            ("import_id", "source_id", "row_number", "rule", "detail", "symbol", "session", "raw"),
            [
                (
                    import_id,
                    source_id,
                    row.row_number,
                    int(row.rule),
                    *map(_storable, (row.detail, row.symbol, row.session, row.raw)),
                )
                for row in rows
            ],
        )


def _values(summary: ImportSummary, source_id: int) -> dict[str, Any]:
    return {
        "id": summary.import_id,
        "verdict": int(summary.verdict),
        **{name: getattr(summary, name) for name in _COUNTS},
        "rejected_by_rule": [[int(rule), count] for rule, count in summary.rejected_by_rule],
        "source_id": source_id,
        "symbols": list(summary.symbols),
        "create_time": summary.create_time,
    }


def _summary(row: Row[Any]) -> ImportSummary:
    return ImportSummary(
        import_id=row.id,
        verdict=Verdict(row.verdict),
        **{name: getattr(row, name) for name in _COUNTS},
        rejected_by_rule=tuple((Rule(rule), count) for rule, count in row.rejected_by_rule),
        source=row.source,
        symbols=tuple(row.symbols),
        create_time=row.create_time,
    )


def _sum(known: ImportSummary, more: ImportSummary) -> ImportSummary:
    counts = {name: getattr(known, name) + getattr(more, name) for name in _COUNTS}
    by_rule = Counter(dict(known.rejected_by_rule)) + Counter(dict(more.rejected_by_rule))
    return replace(
        known,
        **counts,
        verdict=Verdict.PARTIAL if counts["rows_rejected"] else known.verdict,
        rejected_by_rule=tuple(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
        symbols=tuple(sorted({*known.symbols, *more.symbols})),
    )


def _conditions(which: RejectionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.import_id:
        conditions.append(rejected_rows.c.import_id == which.import_id)
    if which.rule is not Rule.NONE:
        conditions.append(rejected_rows.c.rule == int(which.rule))
    if which.symbol:
        conditions.append(_may_name(which.symbol))
    return conditions


def _may_name(full_id: str) -> ColumnElement[bool]:
    """Rows keep the symbol's text as it came: the full id, the ticker alone, or the full id and a currency."""
    text = rejected_rows.c.symbol
    return or_(text.in_([full_id, full_id.rpartition(".")[0]]), text.startswith(f"{full_id}.", autoescape=True))


def _storable(text: str) -> str:
    """A bad row may hold what no text column can: NUL and halves of surrogate pairs are shown as U+FFFD."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
