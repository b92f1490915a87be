"""A failed collection's stored error, as the error it was: its kind decides the status that callers see."""

from __future__ import annotations

from typing import Final

from scizor.domain.collections import CollectionError
from scizor.domain.errors import (
    DataCorrupt,
    FailedPrecondition,
    InvalidInput,
    NotFound,
    Reason,
    ScizorError,
    Unavailable,
)

_KINDS: Final[dict[Reason, type[ScizorError]]] = {
    Reason.FIELD_INVALID: InvalidInput,
    Reason.DATE_RANGE_INVALID: InvalidInput,
    Reason.SYMBOL_AMBIGUOUS: InvalidInput,
    Reason.SYMBOL_NOT_FOUND: NotFound,
    Reason.BROKER_REFUSED: FailedPrecondition,
    Reason.BROKER_UNAVAILABLE: Unavailable,
    Reason.DATA_CORRUPT: DataCorrupt,
}


def as_error(collection_id: str, stored: CollectionError) -> ScizorError:
    """The error with its kind; one that a run cannot end with by itself counts as the server's own fault."""
    kind = _KINDS.get(stored.reason, ScizorError)
    return kind(stored.message, stored.reason, metadata={"collection": collection_id})
