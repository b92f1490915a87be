"""What the driver raises, in the words of the domain. The database's own texts stay in the cause, for the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import InterfaceError, InternalClientError, PostgresError

from scizor.domain.errors import DataCorrupt, InvalidInput, NotFound, Reason, ScizorError, Unavailable

# The driver takes a connection that ends as it is used for a fault of its own.
_DRIVER_ERRORS = (PostgresError, InterfaceError, InternalClientError, OSError, TimeoutError, UnicodeEncodeError)

# By SQLSTATE, or its first two characters, which are its class.
_BY_STATE: dict[str, tuple[type[ScizorError], Reason, str]] = {
    "08": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the connection to the database broke"),
    "22": (InvalidInput, Reason.FIELD_INVALID, "a value cannot be stored: a text holds NUL, or a number is too large"),
    "23": (DataCorrupt, Reason.DATA_CORRUPT, "a row breaks a rule of the table it is for"),
    "23505": (DataCorrupt, Reason.DATA_CORRUPT, "a row that must be the only one of its key exists already"),
    "25": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database does not take this now"),
    "28": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database refuses this user"),
    "3D000": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the server has no such database"),
    "40": (Unavailable, Reason.STORAGE_UNAVAILABLE, "another transaction was in the way"),
    "42501": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database does not permit this to its user"),
    "42P01": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database has not been migrated"),
    "53": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database is out of a resource"),
    "55P03": (Unavailable, Reason.STORAGE_UNAVAILABLE, "another transaction was in the way"),
    "58": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database cannot read or write its files"),
    "57014": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database took too long"),
    "57": (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database is shutting down or starting"),
    "XX001": (DataCorrupt, Reason.DATA_CORRUPT, "the database found one of its files damaged"),
    "XX002": (DataCorrupt, Reason.DATA_CORRUPT, "the database found one of its indexes damaged"),
}
_LATE = _BY_STATE["57014"]
_AWAY = (Unavailable, Reason.STORAGE_UNAVAILABLE, "the database is not available")
_DEFECT = (ScizorError, Reason.INTERNAL, "the database did not understand a statement")

# Foreign keys whose break has a meaning of its own.
_NO_SYMBOL = (NotFound, Reason.SYMBOL_NOT_FOUND, "an instrument of these rows is no longer stored")
_NO_BACKTEST = (NotFound, Reason.BACKTEST_NOT_FOUND, "the backtest of these rows is no longer stored")
_NO_COLLECTION = (NotFound, Reason.COLLECTION_NOT_FOUND, "the collection of these rows is no longer stored")
_OF_SYMBOLS = ("daily_prices", "bars", "corporate_actions", "broker_contracts", "session_gaps", "bar_flags")
_BY_CONSTRAINT = {
    **{f"fk_{table}_symbol_id_symbols": _NO_SYMBOL for table in _OF_SYMBOLS},
    "fk_collection_chunks_collection_id_collections": _NO_COLLECTION,
    "fk_backtest_results_backtest_id_backtest_jobs": _NO_BACKTEST,
}


@contextmanager
def driver_errors_mapped(*wrappers: type[Exception]) -> Iterator[None]:
    """Every error of the driver that leaves the block leaves as one of the domain.

    `wrappers`: what a library between raises in place of the driver's; named by those who use it, so that who only asks
    for the schema's version need not load SQLAlchemy.
    """
    mapped: tuple[type[Exception], ...] = (*_DRIVER_ERRORS, *wrappers)
    try:
        yield
    except mapped as error:
        raise domain_error(error) from error


def domain_error(error: Exception) -> ScizorError:
    """The error of the domain that says the same."""
    cause = _driver_error(error)
    if isinstance(cause, PostgresError):
        kind, reason, message = _meaning(cause)
    elif isinstance(cause, UnicodeEncodeError):
        kind, reason, message = _BY_STATE["22"]
    else:
        kind, reason, message = _LATE if isinstance(error, TimeoutError) else _AWAY
    return kind(message, reason)


def _meaning(error: PostgresError) -> tuple[type[ScizorError], Reason, str]:
    constraint, state = getattr(error, "constraint_name", None) or "", error.sqlstate or ""
    return _BY_CONSTRAINT.get(constraint) or _BY_STATE.get(state) or _BY_STATE.get(state[:2]) or _DEFECT


def _driver_error(error: BaseException) -> BaseException:
    """The driver's own error, which SQLAlchemy wraps twice."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, PostgresError | UnicodeEncodeError):
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return seen or error
