"""Use case: how imports were judged, and what looks wrong in what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scizor.domain.quality import ImportSummary, Rule, StoredFlag, StoredRejection
from scizor.ports.imports import RejectionCursor, RejectionFilter
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.truth.suspicions import MOST_FLAGS

_NEWEST_IMPORTS = 20


@dataclass(frozen=True, slots=True)
class Findings:
    """Totals by rule, a page of the rejected rows, the newest imports, and the newest flags of stored bars."""

    by_rule: list[tuple[Rule, int]]
    rows: list[StoredRejection]
    imports: list[ImportSummary]
    next_cursor: RejectionCursor | None
    flags: list[StoredFlag]


async def findings(work: UnitOfWork, which: RejectionFilter, after: RejectionCursor | None, limit: int) -> Findings:
    """Up to `limit` rejected rows after the cursor. `which.symbol` may be any reference. Raises NotFound."""
    stored = await work.symbols.get(which.symbol) if which.symbol else None
    if stored:
        which = replace(which, symbol=stored.instrument.id)
    found = await work.imports.rejections(which, after, limit + 1)
    rows = found[:limit]
    return Findings(
        by_rule=await work.imports.count_by_rule(which),
        rows=rows,
        imports=await work.imports.summaries(which.symbol, which.import_id, _NEWEST_IMPORTS),
        next_cursor=(rows[-1].import_id, rows[-1].row.row_number) if len(found) > limit else None,
        flags=await work.flags.newest(stored, MOST_FLAGS),
    )
