"""What a run's end means: an answer, or whose fault it was and in which words."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from scizor.adapters.sandbox.answers import from_bytes
from scizor.adapters.sandbox.bell import no_end, no_processor
from scizor.adapters.sandbox.documents import Broken
from scizor.adapters.sandbox.reading import Flood, Printed, Records
from scizor.adapters.sandbox.words import clean
from scizor.domain.errors import FieldViolation, InvalidInput, Reason, ScizorError, Unavailable
from scizor.ports.sandbox import Answer, Limits
from scizor.strategy.errors import StrategyError

# What a question's refusal may be called. None of the others is a child's to say: some of them ask for another try.
_REASONS: Final = {
    str(reason): reason
    for reason in (
        Reason.FIELD_INVALID,
        Reason.DATE_RANGE_INVALID,
        Reason.STRATEGY_PARAMETER_INVALID,
        Reason.BARS_NOT_FOUND,
        Reason.STRATEGY_FAILED,
    )
}
_SIGNALS: Final = {int(one): one.name for one in signal.Signals}
_MAX_WORDS, _MAX_PRINTED_WORDS = 2000, 1000
# An error travels in trailers, for which 8 KiB are allowed: what is about it must leave room for what it says.
_MAX_ENTRIES, _MAX_ENTRY_BYTES = 8, 160
_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}")
_LINE: Final = re.compile(r"[0-9]{1,6}")  # of a text of 256 KiB


class Killed(StrategyError):
    """It was killed, and not by its host. By whom is not known: code that did it to itself does it again."""


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended: its exit code, or less the signal's number, and who made it end."""

    code: int
    cpu_s: float
    ended_by: str
    fault: str = ""


def verdict(end: End, records: Records, printed: Printed, trouble: Exception | None, limits: Limits) -> Answer:
    """The answer. Raises StrategyError, InvalidInput, Unavailable; or `trouble`, where it is not the child's.

    Blocks: the answer may be long.
    """
    try:
        if not records.ready:
            why = end.fault or records.fault or f"its process ended with {end.code}"
            raise Unavailable(f"the run could not be begun: {why}")
        return replace(_judged(end, records, trouble, limits), printed=clean(printed.text))
    except StrategyError as error:
        if printed.text:
            error.metadata["printed"] = clean(printed.text[:_MAX_PRINTED_WORDS])
        raise


def _judged(end: End, records: Records, trouble: Exception | None, limits: Limits) -> Answer:
    if isinstance(trouble, Broken | Flood):
        raise StrategyError.at(f"broke its answer: {trouble}" if isinstance(trouble, Broken) else str(trouble))
    if trouble is not None:
        raise trouble
    if records.error is not None:
        raise _error(records.error)
    if end.code == 0 and records.answer is not None:
        try:
            return from_bytes(records.answer)
        except Broken as error:
            raise StrategyError.at(f"broke its answer: {error}") from error
    if _was_killed(end, limits):
        raise Killed.at("was killed: by itself, or by a system that ran out of memory")
    raise StrategyError.at(_how(end, limits))


def _was_killed(end: End, limits: Limits) -> bool:
    return end.code == -signal.SIGKILL and end.ended_by != "clock" and end.cpu_s < limits.cpu_s


def _how(end: End, limits: Limits) -> str:
    if end.ended_by == "clock":
        return no_end(limits)
    if end.code == -signal.SIGXCPU or (end.code == -signal.SIGKILL and end.cpu_s >= limits.cpu_s):
        return no_processor(limits)
    if end.code < 0:
        return f"crashed: {_SIGNALS.get(-end.code, f'signal {-end.code}')}"
    return f"ended its process with {end.code} in place of an answer"


def _error(told: Mapping[str, Any]) -> ScizorError:
    """An error as a child tells it, of which any part may be forged."""
    message = _words(told.get("message")) or "failed without a word"
    metadata = {_few(name): _few(value) for name, value in _pairs(_items(told.get("metadata")))}
    metadata = {name: value for name, value in metadata.items() if _NAME.fullmatch(name)}
    if not _LINE.fullmatch(metadata.get("line", "0")):
        del metadata["line"]
    violations = tuple(FieldViolation(_few(a), _few(b)) for a, b in _pairs(told.get("violations")))
    if told.get("strategy") is False:
        reason = _REASONS.get(_words(told.get("reason")), Reason.STRATEGY_FAILED)
        return InvalidInput(message, reason, metadata=metadata, violations=violations)
    return StrategyError(message, Reason.STRATEGY_FAILED, metadata=metadata, violations=violations)


def _items(told: object) -> list[Any]:
    return list(told.items()) if isinstance(told, dict) else []


def _pairs(told: object) -> list[tuple[object, object]]:
    pairs = told[:_MAX_ENTRIES] if isinstance(told, list) else []
    return [(one[0], one[1]) for one in pairs if isinstance(one, list | tuple) and len(one) == len(("a", "b"))]


def _words(told: object) -> str:
    return clean(told[:_MAX_WORDS]) if isinstance(told, str) else ""


def _few(told: object) -> str:
    return _words(told).encode()[:_MAX_ENTRY_BYTES].decode(errors="ignore")
