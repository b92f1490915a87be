"""What a tearsheet is made of, as one moment of the database shows it.

The benchmark's curve is not stored with a run: its bars are there. They are read anew, and where they no longer give
the correlation that the run had with them, the page says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from scizor.domain.errors import FailedPrecondition, LimitExceeded, NotFound, Reason
from scizor.ports.storage import UnitOfWork
from scizor.services.backtest.computation import benchmark_of
from scizor.services.backtest.review.comparison import correlation
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.view import View
from scizor.services.history.load import load_benchmark

MOST_TRADES: Final = 200_000
"""Trades that one file holds; more are read page by page."""

_AS_BEFORE: Final = 1e-6
_GONE: Final = "The bars of {symbol} are no longer stored: the account is shown without its benchmark."
_CHANGED: Final = (
    "The bars of {symbol} have changed since the run: its curve is of today's, the figures are of those of then."
)


async def gather(work: UnitOfWork, backtest_id: str, today: date) -> Material:
    """Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED), LimitExceeded(MESSAGE_TOO_LARGE)."""
    job, results = await work.backtests.get(backtest_id), await work.backtests.results(backtest_id)
    if results.trades > MOST_TRADES:
        rule = f"it has {results.trades:,} trades, a file holds {MOST_TRADES:,}: list them page by page"
        raise LimitExceeded(rule, Reason.MESSAGE_TOO_LARGE, metadata={"backtest": backtest_id})
    trades = await work.backtests.trades(backtest_id, 0, MOST_TRADES)
    material = Material(job, results, trades, await work.backtests.curve(backtest_id))
    return await _held_against(work, material, today) if job.spec.benchmark else material


async def _held_against(work: UnitOfWork, material: Material, today: date) -> Material:
    spec = material.job.spec
    try:
        series = await load_benchmark(work, spec, today)
    except (NotFound, FailedPrecondition):
        return replace(material, notes=(*material.notes, _GONE.format(symbol=spec.benchmark)))
    found = replace(material, benchmark=benchmark_of(series))
    if _is_as_it_was(found):
        return found
    return replace(found, notes=(*found.notes, _CHANGED.format(symbol=spec.benchmark)))


def _is_as_it_was(material: Material) -> bool:
    then, benchmark = material.value("correlation"), material.benchmark
    if then is None or benchmark is None:
        return True
    curve = View(material).curve
    ours, theirs = curve.returns, benchmark.returns_between(curve.days)[: len(curve.returns)]
    known = ~np.isnan(theirs)
    now = correlation(ours[known], theirs[known])
    return now is not None and abs(then - now) <= _AS_BEFORE
