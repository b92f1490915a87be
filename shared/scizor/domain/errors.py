"""Everything that can go wrong, in one tree.

ScizorError
├── InvalidInput          the caller sent something no state of the system would accept
├── NotFound              the named thing does not exist
├── AlreadyExists         the thing, or the request id with another body, exists
├── Conflict              the caller's view is stale: read again, then retry
├── FailedPrecondition    the system's state refuses it until something else changes
├── LimitExceeded         a size, rate or quota bound was met
├── Unavailable           a dependency is away: the same call may succeed later
└── DataCorrupt           stored data contradicts itself

An error carries a `Reason` (the machine's word), a message (the human's), metadata (every dynamic value), and, for
`InvalidInput`, the fields that broke a rule. Which gRPC status each becomes is one table in `scizor.rpc.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The machine-readable cause; names equal `scizor.errors.v1.ErrorReason` without its prefix."""

    FIELD_INVALID = "FIELD_INVALID"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"  # noqa: S105 - a reason, not a secret
    DATE_RANGE_INVALID = "DATE_RANGE_INVALID"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    STRATEGY_PARAMETER_INVALID = "STRATEGY_PARAMETER_INVALID"
    SYMBOL_NOT_FOUND = "SYMBOL_NOT_FOUND"
    SYMBOL_AMBIGUOUS = "SYMBOL_AMBIGUOUS"
    SYMBOL_EXISTS = "SYMBOL_EXISTS"
    SYMBOL_HAS_BARS = "SYMBOL_HAS_BARS"
    BARS_NOT_FOUND = "BARS_NOT_FOUND"
    STRATEGY_NOT_FOUND = "STRATEGY_NOT_FOUND"
    BACKTEST_NOT_FOUND = "BACKTEST_NOT_FOUND"
    BACKTEST_NOT_FINISHED = "BACKTEST_NOT_FINISHED"
    BACKTEST_FINISHED = "BACKTEST_FINISHED"
    CORPORATE_ACTION_EXISTS = "CORPORATE_ACTION_EXISTS"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ETAG_STALE = "ETAG_STALE"
    IMPORT_TOO_LARGE = "IMPORT_TOO_LARGE"
    IMPORT_REFUSED = "IMPORT_REFUSED"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    QUEUE_FULL = "QUEUE_FULL"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    DATA_CORRUPT = "DATA_CORRUPT"
    INTERNAL = "INTERNAL"
    BROKER_UNAVAILABLE = "BROKER_UNAVAILABLE"
    SYMBOL_UNKNOWN_TO_BROKER = "SYMBOL_UNKNOWN_TO_BROKER"
    BROKER_REFUSED = "BROKER_REFUSED"
    COLLECTION_NOT_FOUND = "COLLECTION_NOT_FOUND"
    COLLECTION_FINISHED = "COLLECTION_FINISHED"
    STRATEGY_FAILED = "STRATEGY_FAILED"
    STRATEGY_EXISTS = "STRATEGY_EXISTS"
    STRATEGY_BUILTIN = "STRATEGY_BUILTIN"
    SANDBOX_UNAVAILABLE = "SANDBOX_UNAVAILABLE"
    OPTIMIZATION_NOT_FOUND = "OPTIMIZATION_NOT_FOUND"
    OPTIMIZATION_FINISHED = "OPTIMIZATION_FINISHED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_EXISTS = "ORDER_EXISTS"
    ORDER_ENDED = "ORDER_ENDED"
    ORDER_EXTERNAL = "ORDER_EXTERNAL"
    ORDER_BUSY = "ORDER_BUSY"
    RISK_REFUSED = "RISK_REFUSED"
    RISK_LIMIT_NOT_FOUND = "RISK_LIMIT_NOT_FOUND"
    RISK_LIMIT_EXISTS = "RISK_LIMIT_EXISTS"
    TRADING_RESTRICTED = "TRADING_RESTRICTED"
    TRADING_NOT_READY = "TRADING_NOT_READY"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    POSITION_NOT_FOUND = "POSITION_NOT_FOUND"
    DEPLOYMENT_NOT_FOUND = "DEPLOYMENT_NOT_FOUND"
    DEPLOYMENT_STATE = "DEPLOYMENT_STATE"
    DEPLOYMENT_EXISTS = "DEPLOYMENT_EXISTS"
    EXCHANGE_RATE_UNKNOWN = "EXCHANGE_RATE_UNKNOWN"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One broken rule: the field's path as the caller spells it, and the rule in words."""

    field: str
    description: str


class ScizorError(Exception):
    """Base of the tree. Raise a subclass."""

    def __init__(
        self,
        message: str,
        reason: Reason = Reason.INTERNAL,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)


class InvalidInput(ScizorError):
    """The caller sent something no state of the system would accept."""

    @classmethod
    def of_field(cls, field: str, rule: str, reason: Reason = Reason.FIELD_INVALID) -> InvalidInput:
        """One field broke one rule; the message names both."""
        return cls(f"{field}: {rule}", reason, metadata={"field": field}, violations=(FieldViolation(field, rule),))

    def within(self, parent: str) -> InvalidInput:
        """The same error as the caller spells it whose message has these fields below its field `parent`."""
        broken = [FieldViolation(f"{parent}.{each.field}", each.description) for each in self.violations]
        message = "; ".join(f"{each.field}: {each.description}" for each in broken) or self.message
        field = {"field": broken[0].field} if "field" in self.metadata and broken else {}
        return InvalidInput(message, self.reason, metadata=self.metadata | field, violations=broken)


class NotFound(ScizorError):
    """The named thing does not exist."""


class AlreadyExists(ScizorError):
    """The thing, or the request id with another body, exists."""


class Conflict(ScizorError):
    """The caller's view is stale: read again, then retry."""


class FailedPrecondition(ScizorError):
    """The system's state refuses it until something else changes."""


class LimitExceeded(ScizorError):
    """A size, rate or quota bound was met."""


class Unavailable(ScizorError):
    """A dependency is away: the same call may succeed later."""


class DataCorrupt(ScizorError):
    """Stored data contradicts itself."""
