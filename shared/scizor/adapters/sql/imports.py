"""Imports and rejected rows in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.tables import imports, rejected_rows, sources
from scizor.domain.quality import ImportSummary, RejectedRow, Rule, StoredRejection, Verdict
from scizor.ports.imports import RejectionCursor, RejectionFilter

_IMPORTS = select(imports, sources.c.name.label("source")).join(sources)
_REJECTIONS = (
    select(rejected_rows, sources.c.name.label("source"), imports.c.create_time)
    .join(imports, imports.c.id == rejected_rows.c.import_id)
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
        values = {
            "id": summary.import_id,
            "verdict": int(summary.verdict),
            **{name: getattr(summary, name) for name in _COUNTS},
            "rejected_by_rule": [[int(rule), count] for rule, count in summary.rejected_by_rule],
            "source_id": await self._sources.id_of(summary.source),
            "symbols": list(summary.symbols),
            "create_time": summary.create_time,
        }
        await self._session.execute(insert(imports).values(values))
        await self._session.copy_records(
            "rejected_rows",
            ("import_id", "row_number", "rule", "detail", "symbol", "session", "raw"),
            [
                (
                    summary.import_id,
                    row.row_number,
                    int(row.rule),
                    *map(_storable, (row.detail, row.symbol, row.session, row.raw)),
                )
                for row in rows
            ],
        )

    async def summaries(self, symbol: str, import_id: str, limit: int) -> list[ImportSummary]:
        """The newest imports that touched the symbol and have the id; empty means any."""
        query = _IMPORTS.order_by(imports.c.id.desc()).limit(limit)
        if symbol:
            query = query.where(imports.c.symbols.contains([symbol]))
        if import_id:
            query = query.where(imports.c.id == import_id)
        return [
            ImportSummary(
                import_id=row.id,
                verdict=Verdict(row.verdict),
                **{name: getattr(row, name) for name in _COUNTS},
                rejected_by_rule=tuple((Rule(rule), count) for rule, count in row.rejected_by_rule),
                source=row.source,
                symbols=tuple(row.symbols),
                create_time=row.create_time,
            )
            for row in await self._session.all(query)
        ]

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
