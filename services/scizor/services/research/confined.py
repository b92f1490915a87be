"""The programs that the service has run in locked processes, each on a text that nobody vouches for.

`describe`, `check` and `run` take a question and give an answer as `services.backtest.strategies.hosting` has them.
They load the text, which then runs here with all that this process may: so nothing is kept here, and nothing that they
say is believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Final

from scizor.codec.frames import Frame
from scizor.codec.plain import from_plain, to_plain
from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import ScizorError
from scizor.domain.sessions import SessionRange
from scizor.domain.strategies import Declared, Finding
from scizor.ports.sandbox import Answer, OnMessage, Question
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.strategies.answers import findings_parts, outcome_parts
from scizor.services.backtest.strategies.timetable import Timetable, timetable_of
from scizor.services.code.declared import declared_of
from scizor.services.research.findings import of_a_run, of_error, of_imports, of_names
from scizor.services.research.material import given, made_up
from scizor.strategy.base import Strategy
from scizor.strategy.loader import load
from scizor.strategy.registry import all_strategies

_BETWEEN_REPORTS_S: Final = 0.05
_NO_CALENDAR: Final = Timetable({}, {})


def ready() -> None:
    """Load what runs need, before any text is there: what is loaded now need not be in each process."""
    for strategy in all_strategies():
        spec = BacktestSpec(strategy.id, {}, (), SessionRange(), Decimal(100_000), "USD", commission_bps=1.0)
        made = strategy()
        list(of_a_run("", made, Computation(spec, made, made_up(spec), _NO_CALENDAR), nullcontext))


def describe(question: Question, _say: OnMessage) -> Answer:
    """What the text declares. Raises StrategyError where it cannot be loaded or made."""
    found = _loaded(question)
    found()
    return Answer({"declared": to_plain(declared_of(found))})


def check(question: Question, _say: OnMessage) -> Answer:
    """What is wrong with the text."""
    source, spec = question.document["source"], from_plain(BacktestSpec, question.document["spec"])
    declared: Declared | None = None
    findings: list[Finding] = []
    try:
        found = _loaded(question)
        declared = declared_of(found)
        findings += [*of_names(source), *of_imports(source)]
        strategy = found(**spec.parameters)
    except ScizorError as error:
        findings.append(of_error(error))
    else:
        # Nobody hears what is printed here.
        findings += of_a_run(source, strategy, _computation(question, spec, strategy), nullcontext)
    return Answer(findings_parts(sorted(findings, key=lambda one: (one.line, one.column)), declared))


def run(question: Question, say: OnMessage) -> Answer:
    """Run the strategy. Raises StrategyError, InvalidInput."""
    spec = from_plain(BacktestSpec, question.document["spec"])
    strategy = _loaded(question)(**spec.parameters)
    outcome = _computation(question, spec, strategy).run(_throttled(say))
    return Answer(*outcome_parts(outcome))


def _loaded(question: Question) -> type[Strategy]:
    return load(question.document["source"], question.document["file"])


def _computation(question: Question, spec: BacktestSpec, strategy: Strategy) -> Computation:
    """On the bars that came with the question, or else on bars made up for it."""
    document, arrays = dict(question.document), question.arrays
    if "symbols" not in document:
        return Computation(spec, strategy, made_up(spec), _NO_CALENDAR)
    return Computation(
        spec, strategy, given(spec, Frame(document, arrays)), timetable_of(document["timetable"], arrays)
    )


def _throttled(say: OnMessage) -> Callable[[int], None]:
    """Says how many bars are done, some times a second."""
    last = 0.0

    def on_bars(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _BETWEEN_REPORTS_S:
            last = now
            say({"bars": done})

    return on_bars
