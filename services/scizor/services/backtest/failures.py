"""A failed backtest's stored error, as the error it was: its kind decides the status that callers see."""

from __future__ import annotations

from typing import Final

from scizor.domain.backtests import JobError
from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, NotFound, Reason, ScizorError

_KINDS: Final[dict[Reason, type[ScizorError]]] = {
    Reason.FIELD_INVALID: InvalidInput,
    Reason.DATE_RANGE_INVALID: InvalidInput,
    Reason.STRATEGY_PARAMETER_INVALID: InvalidInput,
    Reason.SYMBOL_AMBIGUOUS: InvalidInput,
    Reason.STRATEGY_FAILED: InvalidInput,
    Reason.STRATEGY_NOT_FOUND: NotFound,
    Reason.SYMBOL_NOT_FOUND: NotFound,
    Reason.BARS_NOT_FOUND: FailedPrecondition,
    Reason.SANDBOX_UNAVAILABLE: FailedPrecondition,
    Reason.DATA_CORRUPT: DataCorrupt,
}


def as_error(backtest_id: str, stored: JobError) -> ScizorError:
    """The error with its kind; one that a run cannot end with by itself counts as the server's own fault."""
    kind = _KINDS.get(stored.reason, ScizorError)
    return kind(stored.message, stored.reason, metadata={"backtest": backtest_id})
