"""What looks wrong in a strategy's file: names, a short run, and a view of the future."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import ScizorError
from scizor.services.backtest.load import History
from scizor.services.research.names import unknown_names
from scizor.services.research.work import computation_of
from scizor.strategy.base import Strategy
from scizor.strategy.errors import StrategyError
from scizor.strategy.lookahead import check_lookahead


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake. `line`: 0 where none is known."""

    kind: str
    line: int
    message: str


def of_names(source: str) -> list[Finding]:
    """Uses of names that are not there."""
    return [Finding("name", line, message) for line, message in unknown_names(source)]


def of_error(error: ScizorError) -> Finding:
    """A strategy that cannot be loaded, made or run."""
    if not isinstance(error, StrategyError):
        return Finding("error", 0, error.message)
    # Each finding is told with its file and line: the message need not begin with them.
    place = f"{Path(error.file).name}:{error.line}" if error.line else Path(error.file).name
    return Finding("error", error.line, error.message.removeprefix(place).removeprefix(":").strip())


def of_a_run(spec: BacktestSpec, strategy: Strategy, history: History) -> Iterator[Finding]:
    """What a run shows: its error, else that it never trades or sees the future."""
    computation = computation_of(spec, strategy, history)
    try:
        outcome = computation.run()
        seen = check_lookahead(strategy, computation.market, computation.settings)
    except ScizorError as error:
        yield of_error(error)
        return
    if seen is not None:
        yield Finding("lookahead", 0, seen.message)
    if not outcome.results.counts.fills:
        yield Finding("idle", 0, f"trades nothing in {outcome.results.sessions} sessions of {_names(history)}")


def _names(history: History) -> str:
    names = [one.series.symbol for one in history.symbols]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
