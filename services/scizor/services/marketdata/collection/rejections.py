"""What a batch tells of as an import: how many bars came from each source, and which of them broke a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scizor.domain.bars import BarArray
from scizor.domain.quality import ImportSummary, RejectedRow, Verdict
from scizor.ports.bars import WriteCounts
from scizor.services.marketdata.collection.digest import Digest


@dataclass(frozen=True, slots=True)
class Taken:
    """Bars of one instrument; `key`: storage's number of it."""

    key: int
    bars: BarArray


def summaries(
    collection_id: str, digests: Sequence[Digest], written: Mapping[str, WriteCounts], now: datetime
) -> Iterator[tuple[ImportSummary, list[RejectedRow]]]:
    """One import a source, whose id is the collection's, with the rows to keep aside."""
    read: Counter[str] = Counter()
    for digest in digests:
        read.update(digest.read)
    for source in sorted(read):
        rows = [row for digest in digests for origin, row in digest.rejected if origin == source]
        counts = written.get(source, WriteCounts(0, 0, 0))
        by_rule = Counter(row.rule for row in rows)
        yield (
            ImportSummary(
                import_id=collection_id,
                verdict=Verdict.PARTIAL if rows else Verdict.CLEAN,
                rows_read=read[source],
                rows_inserted=counts.inserted,
                rows_updated=counts.updated,
                rows_unchanged=read[source] - len(rows) - counts.inserted - counts.updated,
                rows_rejected=len(rows),
                rejected_by_rule=tuple(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
                source=source,
                symbols=tuple(sorted({digest.chunk.symbol for digest in digests if source in digest.read})),
                create_time=now,
            ),
            rows,
        )
