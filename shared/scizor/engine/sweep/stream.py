"""A sweep: every combination of a grid through the portfolio kernel, streamed in batches and bounded in memory.

What is kept of a combination is its parameters and figures. Curves, fills and trades live in scratch that each thread
uses again, so a million combinations need as much of it as one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import NamedTuple

import numba
import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.arrays import IndexArray, Records
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.engine.sweep.bench import Bench, Lane
from scizor.engine.sweep.figures import FIGURES, N_RAW, fill_figures, last_rows
from scizor.engine.sweep.grid import Grid
from scizor.engine.sweep.plans import Called, Compiled, Decider, decider

BATCH = 4_096
# Combinations of so many cells are decided at once: enough to make a call cheap, few enough to stay in the cache.
_BLOCK_CELLS = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some combinations, in the order of their numbers: a field for each parameter, then those of `figures.FIGURES`.

    `n_done`, `n_left_out`: combinations so far that were run, and that broke the strategy's rules, of `n_total`.
    """

    records: Records
    n_done: int
    n_left_out: int
    n_total: int


def sweep(
    market: Market | Panel,
    plan: Compiled | Called,
    grid: Grid,
    settings: Settings,
    *,
    seen: Panel | None = None,
    first_row: int = 0,
    batch: int = BATCH,
    threads: int | None = None,
    terms: Terms | None = None,
) -> Iterator[Batch]:
    """Run every combination that keeps the strategy's rules; each comes out as `Simulation` and `evaluate` have it.

    `seen`: the bars as strategies see them, where those are not the market's. `batch`: combinations a batch, those left
    out among them. `threads`: None for one a core. `terms`: the convention of the figures. Batches and their bytes do
    not depend on `threads`. Leaving the iterator early ends the work.
    Raises InvalidInput for a batch or threads below 1, and LEAN_CALENDAR_252, whose samples are not sessions; while it
    runs also what `Simulation` and the strategy raise.
    """
    terms = terms or Terms()
    _check(grid, batch, threads, terms)
    whole = market if isinstance(market, Market) else Market(market)
    n_threads = threads or numba.get_num_threads()
    benches: SimpleQueue[Bench] = SimpleQueue()
    if not isinstance(first_row, int | np.integer) or not 0 <= first_row < whole.panel.n_rows:
        raise InvalidInput.of_field("first_row", f"must be a whole number between 0 and {whole.panel.n_rows - 1}")
    lane = Lane(whole, settings, first_row, last_rows(whole.panel.sessions, first_row), terms.target)
    for _ in range(n_threads):
        benches.put(Bench(lane))
    work = _Work(
        grid, decider(plan, seen or whole.panel, grid, first_row, n_threads), benches, whole.panel, first_row, terms
    )
    return _stream(work, batch, n_threads)


def keep_best(batches: Iterable[Batch], n: int, by: str = "sharpe") -> Records:
    """The `n` combinations with the highest `by`, best first, of equal ones the earlier; undefined ones left out.

    Raises InvalidInput without any batch, and for a `by` that is no figure.
    """
    if by not in (names := [name for name, _ in FIGURES]):
        raise InvalidInput.of_field("by", f"must be a figure of a sweep ({', '.join(names)}), not {by!r}")
    best: Records | None = None
    for one in batches:
        found = one.records[~np.isnan(one.records[by])]
        both = found if best is None else np.concatenate([best, found])
        best = both[np.argsort(-both[by], kind="stable")[:n]]
    if best is None:
        raise InvalidInput.of_field("batches", "there are none")
    return best


def _check(grid: Grid, batch: int, threads: int | None, terms: Terms) -> None:
    for name, value in (("batch", batch), ("threads", threads)):
        if value is not None and value < 1:
            raise InvalidInput.of_field(name, "must be at least 1")
    if terms.convention is Convention.LEAN_CALENDAR_252:
        rule = f"{terms.convention} samples calendar days: a sweep has sessions only"
        raise InvalidInput.of_field("convention", rule)
    taken = sorted(grid.axes.keys() & {name for name, _ in FIGURES})
    if taken:
        raise InvalidInput.of_field(f"grid.{taken[0]}", "is the name of a figure")


class _Block(NamedTuple):
    places: Mapping[str, IndexArray]
    raw: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What all blocks share."""

    grid: Grid
    decider: Decider
    benches: SimpleQueue[Bench]
    panel: Panel
    first_row: int
    terms: Terms

    def run(self, block: _Block) -> None:
        """The decisions of a block's combinations, and what comes of each, on a bench of its own."""
        bench = self.benches.get()
        try:
            decisions = bench.room(len(block.raw))
            self.decider.decide(block.places, decisions)
            bench.run(decisions, block.raw)
        finally:
            self.benches.put(bench)


class _Asked(NamedTuple):
    """A batch under way."""

    places: Mapping[str, IndexArray]
    raw: FloatArray
    n_left_out: int
    futures: list[Future[None]]


def _stream(work: _Work, batch: int, threads: int) -> Iterator[Batch]:
    n_total, n_done, n_left_out = len(work.grid), 0, 0
    asked: deque[_Asked] = deque()
    pool = ThreadPoolExecutor(threads, "sweep")
    try:
        for first in range(0, n_total + batch, batch):
            if first < n_total:
                asked.append(_ask(work, pool, first, min(first + batch, n_total)))
            # One batch is worked on while the one before is handed out.
            if len(asked) > 1 or first >= n_total:
                one = asked.popleft()
                for future in one.futures:
                    future.result()
                n_done, n_left_out = n_done + len(one.raw), n_left_out + one.n_left_out
                yield Batch(_records(work, one), n_done, n_left_out, n_total)
    finally:
        pool.shutdown(cancel_futures=True)


def _ask(work: _Work, pool: ThreadPoolExecutor, first: int, last: int) -> _Asked:
    places = work.grid.places(first, last)
    kept = work.decider.allowed(work.grid.values(places))
    places = {name: place[kept] for name, place in places.items()}
    n = int(np.count_nonzero(kept))
    raw = np.empty((n, N_RAW))
    size = max(1, _BLOCK_CELLS // work.panel.close.size)
    parts = [slice(at, min(at + size, n)) for at in range(0, n, size)]
    blocks = [_Block({name: place[part] for name, place in places.items()}, raw[part]) for part in parts]
    return _Asked(places, raw, last - first - n, [pool.submit(work.run, block) for block in blocks])


def _records(work: _Work, asked: _Asked) -> Records:
    records = np.zeros(len(asked.raw), np.dtype([*work.grid.dtype, *FIGURES]))
    for name, column in work.grid.values(asked.places).items():
        records[name] = column
    days = int((work.panel.sessions[-1] - work.panel.sessions[work.first_row]).astype(int))
    fill_figures(asked.raw, work.panel.n_rows - work.first_row, replace(work.terms, days=days), records)
    return records
