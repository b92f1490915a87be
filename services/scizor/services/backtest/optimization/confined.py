"""The programs that are run in locked processes: trials of a strategy that somebody stored.

They load its text, which then runs here with all that this process may: nothing that they say is believed.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from scizor.codec.frames import Frame
from scizor.codec.plain import from_plain
from scizor.domain.backtests import BacktestSpec
from scizor.domain.optimizations import METRICS, OptimizationSpec
from scizor.domain.search_spaces import Axis, Space
from scizor.domain.sessions import SessionRange
from scizor.engine.arrays import kernel_array
from scizor.engine.validation import Split
from scizor.ports.sandbox import Answer, OnMessage, Question
from scizor.services.backtest.optimization.divisions import divisions_of
from scizor.services.backtest.optimization.measures import figures_of
from scizor.services.backtest.optimization.study import sessions_of, study_of
from scizor.services.backtest.strategies.timetable import Timetable, timetable_of
from scizor.services.backtest.terms import settings_of
from scizor.services.history.load import History
from scizor.services.history.market import market_of
from scizor.services.research.material import given, made_up
from scizor.strategy import study as work
from scizor.strategy.builtin import RsiReversion, RsiReversionEvent
from scizor.strategy.loader import load
from scizor.strategy.study import Study

_WINDOW: Final = Space((Axis("window", (5,)),))


def ready() -> None:
    """Load what trials need, before any text is there: what is loaded now need not be in each process."""
    template = BacktestSpec("", {}, (), SessionRange(), Decimal(100_000), "USD", commission_bps=1.0)
    settings, split = settings_of(template), Split((range(100),), (range(100, 200),))
    symbols = made_up(template).symbols
    for market in (market_of(History(some), Timetable({}, {})) for some in (symbols, symbols[:1])):
        for strategy in (RsiReversion, RsiReversionEvent):
            asked = Study(market, settings, strategy.id, _WINDOW, {}, "sharpe", (split,))
            work.try_sets(asked, np.full((1, 1), 5.0))


def try_sets(question: Question, _say: OnMessage) -> Answer:
    """What comes of the sets `codes`."""
    found = work.try_sets(_study(question), kernel_array(question.arrays["codes"]))
    figures = figures_of(found.figures)
    arrays = {metric: figures[metric] for metric in METRICS} | {"scores": found.scores, "sums": found.sums}
    return Answer({"errors": {str(place): message for place, message in found.errors.items()}}, arrays)


def returns_of(question: Question, _say: OnMessage) -> Answer:
    """Their returns by session."""
    return Answer({}, {"returns": work.returns_of(_study(question), kernel_array(question.arrays["codes"]))})


def _study(question: Question) -> Study:
    document = question.document
    spec = from_plain(OptimizationSpec, document["spec"])
    history = given(spec.backtest, Frame(dict(document), question.arrays))
    market = market_of(history, timetable_of(document["timetable"], question.arrays))
    divisions = divisions_of(spec.validation, len(sessions_of(market)))
    return replace(study_of(spec, market, divisions), loaded=load(document["source"], document["file"]))
