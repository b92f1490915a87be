"""What looks wrong in a strategy's file: names, imports, a short run, and a view of the future."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from scizor.domain.errors import ScizorError
from scizor.domain.strategies import Finding, FindingKind, Severity
from scizor.services.backtest.computation import Computation
from scizor.services.research.names import refused_imports, unknown_names
from scizor.services.research.places import Place, column_of, suspect
from scizor.services.research.quiet import unheard
from scizor.strategy.base import Strategy
from scizor.strategy.errors import StrategyError
from scizor.strategy.lookahead import Finding as Seen
from scizor.strategy.lookahead import check_lookahead


def of_names(source: str) -> list[Finding]:
    """Uses of names that are not there."""
    return [Finding(Severity.ERROR, FindingKind.API, text, *place) for place, text in unknown_names(source)]


def of_imports(source: str) -> list[Finding]:
    """Imports that are of no use where the service runs it."""
    return [Finding(Severity.WARNING, FindingKind.IMPORT, text, *place) for place, text in refused_imports(source)]


def of_error(error: ScizorError, kind: FindingKind = FindingKind.LOAD) -> Finding:
    """A strategy that cannot be loaded, made or, as `kind` says, run."""
    if not isinstance(error, StrategyError):
        return Finding(Severity.ERROR, kind, error.message)
    # Each finding is told with its file and line: the message need not begin with them.
    place = f"{Path(error.file).name}:{error.line}" if error.line else Path(error.file).name
    message = error.message.removeprefix(place).removeprefix(":").strip()
    kind = FindingKind.SYNTAX if isinstance(error.__cause__, SyntaxError) else kind
    return Finding(Severity.ERROR, kind, message, error.line, column_of(error))


def of_a_run(
    source: str,
    strategy: Strategy,
    computation: Computation,
    quietly: Callable[[], AbstractContextManager[None]] = unheard,
) -> Iterator[Finding]:
    """What a run shows: its error, else that it never trades or sees the future. `quietly`: how it is run again."""
    try:
        outcome = computation.run()
        with quietly():
            seen = check_lookahead(strategy, computation.market, computation.settings)
    except ScizorError as error:
        yield of_error(error, FindingKind.RUN)
        return
    if seen is not None:
        yield _of_the_future(seen, source, type(strategy).__name__)
    if not outcome.results.counts.fills:
        names = _names(computation.market.panel.symbols)
        message = f"trades nothing in {outcome.results.sessions} sessions of {names}"
        yield Finding(Severity.WARNING, FindingKind.IDLE, message)


def as_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        "severity": finding.severity.name.lower(),
        "kind": finding.kind.name.lower(),
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }


def _of_the_future(seen: Seen, source: str, class_name: str) -> Finding:
    if not seen.repeatable:
        return Finding(Severity.ERROR, FindingKind.UNREPEATABLE, seen.message)
    place, text = suspect(source, class_name) or (Place(0, 0), "")
    message = f"{seen.message}: see `{text}`" if text else seen.message
    return Finding(Severity.ERROR, FindingKind.LOOKAHEAD, message, *place)


def _names(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")
