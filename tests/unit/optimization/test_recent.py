"""Trials at hand for those who watch, and what is known of where there are none."""

from __future__ import annotations

import numpy as np

from scizor.ports.optimizations import TrialColumns
from scizor.services.backtest.optimization.execution import Execution
from scizor.services.backtest.optimization.recent import Recent, RecentTrials
from scizor.services.backtest.optimization.watch import Ended, Moved, OptimizationWatch, Tried, WatchEvent
from scizor.services.backtest.watch import WatchSettings
from tests.unit.optimization.running import lab_with_bars


def some(n: int) -> TrialColumns:
    flags = np.zeros(n, np.bool_)
    return TrialColumns(np.arange(1, n + 1), np.zeros((n, 1)), {}, flags, flags, np.arange(n))


def test_a_batch_is_found_from_wherever_nothing_else_was_stored_ahead_of_it() -> None:
    recent = RecentTrials()
    first, second = Recent("a", 3, 5, some(2)), Recent("a", 5, 9, some(2))
    recent.add(first)
    recent.add(second)
    assert recent.next("a", 2) is None, "others may have stored some before"
    assert recent.next("a", 3) is first
    assert recent.next("a", 4) is first
    assert recent.next("a", 5) is second
    assert recent.next("a", 9) is None
    assert recent.next("b", 3) is None


def test_that_nothing_came_since_is_known_as_far_as_it_was_told() -> None:
    recent = RecentTrials()
    newest = Recent("a", 0, 5, some(2))
    recent.add(newest)
    assert recent.none_between("a", 5, 5)
    assert not recent.none_between("a", 5, 6)
    assert not recent.none_between("a", 4, 5)
    newest.until = 8
    assert recent.none_between("a", 6, 8)
    assert not recent.none_between("b", 6, 8)


def test_only_the_newest_are_kept() -> None:
    recent = RecentTrials()
    for number in range(1, 101):
        recent.add(Recent("a", number - 1, number, some(1)))
    assert recent.next("a", 35) is None
    assert recent.next("a", 36) is not None
    recent.add(Recent("a", 100, 101, some(30_000)))
    recent.add(Recent("a", 101, 102, some(30_000)))
    assert recent.next("a", 100) is None
    assert recent.next("a", 101) is not None


async def test_a_watcher_is_told_the_same_from_memory_and_from_storage() -> None:
    lab = await lab_with_bars()
    made = await lab.create()
    means = lab.means
    await Execution(await lab.claim(), "one", means).run()
    told: list[list[WatchEvent]] = []
    for recent in (means.recent, RecentTrials()):
        watch = OptimizationWatch(lab.storage, lab.bus, lab.clock, WatchSettings(), recent)
        told.append([event async for event in watch.events(made.id, 0)])
    ours, stored = told
    assert [type(event) for event in ours] == [type(event) for event in stored]
    assert isinstance(ours[-1], Ended)
    assert sum(isinstance(event, Moved) for event in ours) == 1
    pairs = [(one, other) for one, other in zip(ours, stored, strict=True) if isinstance(one, Tried)]
    assert sum(len(one.trials) for one, _ in pairs) == 190
    for one, other in pairs:
        assert isinstance(other, Tried)
        assert one.sequence == other.sequence
        assert np.array_equal(one.trials.numbers, other.trials.numbers)
        assert np.array_equal(one.trials.codes, other.trials.codes)
        for name, column in one.trials.figures.items():
            assert np.array_equal(column, other.trials.figures[name], equal_nan=True), name
    last = max(one.sequence for one, _ in pairs)
    assert means.recent.none_between(made.id, last, ours[-1].optimization.progress.sequence)
