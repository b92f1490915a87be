"""What is asked of the locked process and what it answers, as documents and arrays.

The answer comes from where a stranger's code has run, so each part of it is held against what it is declared as, and
refused as the strategy's fault where it does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final, TypeVar

from scizor.codec.plain import from_plain, to_plain
from scizor.domain.bars import CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.strategies import Declared, Finding
from scizor.ports.backtests import BacktestResults
from scizor.ports.calendar import SessionCalendar
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.strategies.columns import (
    Array,
    bar_columns,
    curve_columns,
    read_curve,
    read_trades,
    trade_columns,
)
from scizor.services.backtest.strategies.timetable import timetable_parts
from scizor.services.code.declared import resolved
from scizor.services.history.load import History, SymbolHistory
from scizor.strategy.errors import StrategyError

T = TypeVar("T")
_MOST_PARAMETERS: Final = 100
_MOST_CHARS: Final = 5_000
_MOST_FINDINGS: Final = 200
_MOST_TEXTS: Final = 10_000
_MOST_LINES: Final = 1_000_000
_LONGEST_S: Final = 1e9
_MOST_EXACT: Final = 2.0**53  # whole numbers beyond it are not what a double says
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class _Names:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Findings:
    findings: tuple[Finding, ...]
    declared: Declared | None


def history_parts(history: History, calendar: SessionCalendar) -> tuple[dict[str, Any], dict[str, Array]]:
    """What is said of each symbol, the benchmark last, their bars by `<place>.<column>`, and the hours they keep.

    Blocks; raises as `market_of`.
    """
    benchmark = [SymbolHistory(history.benchmark)] if history.benchmark is not None else []
    told = [*history.symbols, *benchmark]
    arrays = {f"{place}.{name}": column for place, one in enumerate(told) for name, column in bar_columns(one.series)}
    timetable, hours = timetable_parts(history, calendar)
    return {"symbols": [_described(one) for one in told], "timetable": timetable}, arrays | hours


def outcome_parts(outcome: Outcome) -> tuple[dict[str, Any], dict[str, Array]]:
    """What a run came to."""
    symbols = sorted({one.symbol for one in outcome.trades})
    columns = trade_columns(outcome.trades, symbols) | curve_columns(outcome.curve)
    return {"results": to_plain(outcome.results), "symbols": symbols}, columns


def outcome_of(document: Mapping[str, Any], arrays: Mapping[str, Array]) -> Outcome:
    """The run's outcome. Raises StrategyError."""

    def read() -> Outcome:
        results = _modest(from_plain(BacktestResults, document["results"], "results"))
        symbols = from_plain(_Names, {"names": document["symbols"]}).names
        _demand_short(symbols)
        trades = read_trades(arrays, symbols)
        if results.trades != len(trades):
            raise InvalidInput.of_field("results.trades", "is not how many trades there are")
        return Outcome(results, trades, read_curve(arrays))

    return _demanded(read)


def declared_from(document: Mapping[str, Any]) -> Declared:
    """What a class declares. Blocks, as all that reads an answer. Raises StrategyError."""
    return _demanded(lambda: _sound(from_plain(Declared, document["declared"], "declared")))


def findings_parts(findings: list[Finding], declared: Declared | None) -> dict[str, Any]:
    """What a check found."""
    return to_plain(_Findings(tuple(findings[:_MOST_FINDINGS]), declared))  # type: ignore[no-any-return] # a dataclass


def findings_of(document: Mapping[str, Any]) -> tuple[list[Finding], Declared | None]:
    """What a check found. Raises StrategyError."""

    def read() -> tuple[list[Finding], Declared | None]:
        _demand_few(document["findings"], _MOST_FINDINGS)
        read = from_plain(_Findings, document, "findings")
        found = list(read.findings)
        _demand_short([one.message for one in found])
        if not all(0 <= number <= _MOST_LINES for one in found for number in (one.line, one.column)):
            raise InvalidInput.of_field("findings", "have a line that no text has")
        return found, _sound(read.declared) if read.declared else None

    return _demanded(read)


def _sound(declared: Declared) -> Declared:
    """What a class may declare. Raises InvalidInput, TypeError."""
    parameters = declared.parameters
    names = [declared.id, declared.class_name, *(one.name for one in parameters)]
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong or len(parameters) > _MOST_PARAMETERS or len(set(names[2:])) < len(parameters):
        rule = f"has at most {_MOST_PARAMETERS} parameters, and names of letters, digits and _; not {wrong}"
        raise InvalidInput.of_field("declared", rule)
    bounds = [abs(bound) for one in parameters for bound in (one.minimum, one.maximum) if bound is not None]
    if not all(bound <= _MOST_EXACT for bound in bounds):
        raise InvalidInput.of_field("declared", "has a bound beyond 2^53")
    texts = [
        declared.description,
        *(one.description for one in parameters),
        *(w for p in parameters for w in p.choices),
    ]
    if any(len(text) > _MOST_CHARS for text in texts):
        raise InvalidInput.of_field("declared", f"has a text of more than {_MOST_CHARS} characters")
    resolved(declared, {}, "")
    return declared


def _modest(results: BacktestResults) -> BacktestResults:
    """Figures that can be told. Raises InvalidInput."""
    metrics, plain = results.metrics, (results.fingerprint, results.engine_version, results.currency)
    _demand_short(
        [text for one in metrics for text in (one.name, one.convention, one.unit, one.undefined_reason or "")]
    )
    _demand_short([*plain, results.first_session, results.last_session, *results.warnings])
    if not 0.0 <= results.compute_seconds <= _LONGEST_S:
        raise InvalidInput.of_field("results.compute_seconds", "is no time that a run takes")
    counted = (results.sessions, results.bars, results.ambiguity.bars, results.ambiguity.touch_fills)
    if min(*counted, *astuple(results.counts)) < 0:
        raise InvalidInput.of_field("results", "has a number of things below 0")
    return results


def _demand_few(things: object, most: int) -> None:
    """What is refused for its number is not read first."""
    if isinstance(things, list) and len(things) > most:
        raise InvalidInput.of_field("answer", f"has a list of more than {most} things")


def _demand_short(texts: Sequence[str]) -> None:
    if len(texts) > _MOST_TEXTS or any(len(text) > _MOST_CHARS for text in texts):
        raise InvalidInput.of_field("answer", "has more or longer texts than any would have")


def _demanded(read: Callable[[], T]) -> T:
    """What `read` makes of an answer. Raises StrategyError where it cannot make anything of it."""
    try:
        return read()
    except (InvalidInput, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        said = error.message if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
        raise StrategyError.at(f"what its process answered is no answer: {said[:200]}") from error


def _described(one: SymbolHistory) -> dict[str, Any]:
    series = one.series
    return {
        "symbol": series.symbol,
        "currency": series.currency,
        "interval": int(series.interval),
        "delisted": str(one.delisted or ""),
        "synthetic": series.synthetic,
        "actions": [_action(action) for action in one.actions],
    }


def _action(action: CorporateAction) -> dict[str, Any]:
    pay_date = str(action.pay_date or "")
    return {"type": int(action.type), "exDate": str(action.ex_date), "payDate": pay_date, "value": str(action.value)}
