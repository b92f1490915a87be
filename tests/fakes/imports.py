"""Imports and rejected rows in dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from scizor.domain.errors import DataCorrupt, Reason
from scizor.domain.quality import ImportSummary, RejectedRow, Rule, StoredRejection, Verdict
from scizor.ports.imports import RejectionCursor, RejectionFilter
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


class FakeImports:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def add(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        if (summary.import_id, summary.source) in self._tables.imports:
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._put(summary, rows)

    async def accumulate(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        known = self._tables.imports.get((summary.import_id, summary.source))
        self._put(_sum(known, summary) if known else summary, rows)

    async def summaries(self, symbol: str, import_id: str, limit: int) -> list[ImportSummary]:
        found = [
            summary
            for summary in self._tables.imports.values()
            if import_id in ("", summary.import_id) and (not symbol or symbol in summary.symbols)
        ]
        found.sort(key=lambda summary: summary.source)
        return sorted(found, key=lambda summary: summary.import_id, reverse=True)[:limit]

    async def rejections(
        self, which: RejectionFilter, after: RejectionCursor | None, limit: int
    ) -> list[StoredRejection]:
        places = sorted(self._matching(which), key=lambda place: place[1])
        places.sort(key=lambda place: place[0], reverse=True)
        if after is not None:
            places = [one for one in places if one[0] < after[0] or (one[0] == after[0] and one[1] > after[1])]
        return [self._stored(place) for place in places[:limit]]

    async def forget_rejections(self, symbols: Collection[str]) -> int:
        places = [place for place, row in self._tables.rejections.items() if row.symbol in symbols]
        for place in places:
            self._journal.remove(self._tables.rejections, place)
            self._journal.remove(self._tables.rejection_sources, place)
        return len(places)

    async def count_by_rule(self, which: RejectionFilter) -> list[tuple[Rule, int]]:
        counts = Counter(self._tables.rejections[place].rule for place in self._matching(which))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    def _put(self, summary: ImportSummary, rows: Sequence[RejectedRow]) -> None:
        places = [(summary.import_id, row.row_number) for row in rows]
        if len({*places}) < len(rows) or not self._tables.rejections.keys().isdisjoint(places):
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._journal.put(self._tables.imports, (summary.import_id, summary.source), summary)
        for place, row in zip(places, rows, strict=True):
            self._journal.put(self._tables.rejections, place, row)
            self._journal.put(self._tables.rejection_sources, place, summary.source)

    def _stored(self, place: tuple[str, int]) -> StoredRejection:
        source = self._tables.rejection_sources[place]
        create_time = self._tables.imports[place[0], source].create_time
        return StoredRejection(place[0], self._tables.rejections[place], source, create_time)

    def _matching(self, which: RejectionFilter) -> list[tuple[str, int]]:
        return [
            place
            for place, row in self._tables.rejections.items()
            if which.import_id in ("", place[0])
            and which.rule in (Rule.NONE, row.rule)
            and (not which.symbol or _may_name(row.symbol, which.symbol))
        ]


def _sum(known: ImportSummary, more: ImportSummary) -> ImportSummary:
    by_rule = Counter(dict(known.rejected_by_rule)) + Counter(dict(more.rejected_by_rule))
    rejected = known.rows_rejected + more.rows_rejected
    return replace(
        known,
        verdict=Verdict.PARTIAL if rejected else known.verdict,
        rows_read=known.rows_read + more.rows_read,
        rows_inserted=known.rows_inserted + more.rows_inserted,
        rows_updated=known.rows_updated + more.rows_updated,
        rows_unchanged=known.rows_unchanged + more.rows_unchanged,
        rows_rejected=rejected,
        rejected_by_rule=tuple(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
        symbols=tuple(sorted({*known.symbols, *more.symbols})),
    )


def _may_name(text: str, full_id: str) -> bool:
    return text in (full_id, full_id.rpartition(".")[0]) or text.startswith(f"{full_id}.")
