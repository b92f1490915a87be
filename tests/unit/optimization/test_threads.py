"""A search in threads of the service comes to what workers come to, whatever the number of threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scizor.domain.optimizations import METRICS, OptimizationState
from scizor.services.backtest.optimization.workshop import ThreadWorkshop
from scizor.strategy.study import Found, returns_of, together, try_sets
from tests.fakes.compute import ThreadCompute
from tests.unit.optimization.build import study
from tests.unit.optimization.running import lab_with_bars


def equal(one: Found, other: Found) -> bool:
    figures = all(np.array_equal(one.figures[name], other.figures[name], equal_nan=True) for name in METRICS)
    return figures and np.array_equal(one.sums, other.sums) and one.errors == other.errors


async def test_threads_come_to_what_one_call_comes_to() -> None:
    searched = study()
    codes = np.array([(fast, slow) for fast in range(2, 9) for slow in range(10, 30)], np.float64)
    expected = try_sets(searched, codes)
    for threads in (1, 2, 3, 200):
        workshop = ThreadWorkshop(searched, threads)
        assert equal(await workshop.try_sets(codes), expected)
        assert np.array_equal(await workshop.returns_of(codes[:3]), returns_of(searched, codes[:3]))
        workshop.close()


def test_errors_of_several_calls_keep_their_places() -> None:
    searched = study()
    codes = np.array([(3.0, 12.0), (4.0, 12.0)])
    one = try_sets(searched, codes)
    failed = replace(one, errors={1: "no"})
    assert together([one, failed, failed]).errors == {3: "no", 5: "no"}


async def test_a_search_that_is_small_enough_asks_no_worker_and_comes_to_the_same() -> None:
    found = []
    for cells, asked in ((0, True), (190 * 300, True), (200 * 300, False)):
        lab = await lab_with_bars(workers := ThreadCompute())
        lab.cells_for_threads = cells
        made = await lab.create()
        done = await lab.run()
        assert done.progress.state is OptimizationState.SUCCEEDED, done.error
        assert (workers.submitted > 0) == asked, "the grid has 200 sets, those that break a rule among them"
        found.append((await lab.trials(made.id), done.verdict))
    for trials, verdict in found[1:]:
        assert verdict == found[0][1]
        assert trials.numbers.tolist() == found[0][0].numbers.tolist()
        for name in METRICS:
            assert np.array_equal(trials.figures[name], found[0][0].figures[name], equal_nan=True), name
