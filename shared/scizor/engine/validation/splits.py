"""Which sessions a choice is made on, and which it is then held against.

A session is its index, 0 for the first; a `range` of sessions is half-open, as ranges are. Two gaps keep what is tested
out of what is trained on (Lopez de Prado 2018, chapter 7). *Purge*: what a session decided is known only when the
position is closed, so no session within one holding period of a tested one is trained on, on either side. *Embargo*:
the sessions that follow still echo the tested ones, so some more are left out after a test, never before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray

MOST_SPLITS = 20_000


@dataclass(frozen=True, slots=True)
class Split:
    """Sessions to train on and to test on: ranges in ascending order, none empty, none touching another's sessions."""

    train: tuple[range, ...]
    test: tuple[range, ...]

    @property
    def train_sessions(self) -> IndexArray:
        """All sessions trained on, ascending."""
        return _sessions(self.train)

    @property
    def test_sessions(self) -> IndexArray:
        """All sessions tested on, ascending."""
        return _sessions(self.test)


@dataclass(frozen=True, slots=True, eq=False)
class Combinatorial:
    """Every choice of groups to test, and the histories that the tests make together.

    `tested[s]`: the groups that `splits[s]` tests, ascending; its `test` has one range for each of them. `paths[p, g]`:
    the split whose test of group g is on path p, shape (n_paths, n_groups): each path walks through all sessions once,
    and each test of each split is on one path.
    """

    groups: tuple[range, ...]
    tested: tuple[tuple[int, ...], ...]
    splits: tuple[Split, ...]
    paths: IndexArray


def parts(n_sessions: int, n_parts: int) -> tuple[range, ...]:
    """All sessions in `n_parts` parts in order, the first of them one session longer where it does not come out even.

    Raises InvalidInput for fewer sessions than parts.
    """
    if n_parts < 1:
        raise InvalidInput.of_field("n_parts", "must be at least 1")
    if n_sessions < n_parts:
        raise InvalidInput.of_field("n_sessions", f"must be at least one for each of {n_parts} parts, got {n_sessions}")
    size, longer = divmod(n_sessions, n_parts)
    starts = [part * size + min(part, longer) for part in range(n_parts + 1)]
    return tuple(map(range, starts, starts[1:]))


def walk_forward(
    n_sessions: int,
    *,
    train_sessions: int,
    test_sessions: int,
    step_sessions: int | None = None,
    anchored: bool = False,
    purge_sessions: int = 0,
    keep_rest: bool = False,
) -> tuple[Split, ...]:
    """Train, leave `purge_sessions` out, test on what comes next, step on. Pardo 2008, chapter 11.

    A window trains on exactly `train_sessions`, an `anchored` one on all sessions from the first on, the first time on
    that many. `step_sessions`: from one test's begin to the next one's, `test_sessions` unless given. `keep_rest`: a
    last test may be shorter. There is no embargo, for nothing trained on follows what is tested.

    Raises InvalidInput for sizes below 1, a purge below 0, or too few sessions for one split.
    """
    step = test_sessions if step_sessions is None else step_sessions
    sizes = {"train_sessions": train_sessions, "test_sessions": test_sessions, "step_sessions": step}
    for name, size in sizes.items():
        if size < 1:
            raise InvalidInput.of_field(name, "must be at least 1")
    _demand_gaps(purge_sessions, 0)
    first = train_sessions + purge_sessions
    least = first + (1 if keep_rest else test_sessions)
    if n_sessions < least:
        raise InvalidInput.of_field("n_sessions", f"must be at least {least} for one split, got {n_sessions}")
    last = n_sessions - (1 if keep_rest else test_sessions)
    _demand_few("step_sessions", (last - first) // step + 1)
    return tuple(
        Split(
            (range(0 if anchored else start - first, start - purge_sessions),),
            (range(start, min(start + test_sessions, n_sessions)),),
        )
        for start in range(first, last + 1, step)
    )


def purged_k_fold(
    n_sessions: int, folds: int, *, purge_sessions: int = 0, embargo_sessions: int = 0
) -> tuple[Split, ...]:
    """Test each fold in turn on what all others teach. Lopez de Prado 2018, section 7.4.

    `purge_sessions` before and after a test are not trained on, and the `embargo_sessions` that follow neither.

    Raises InvalidInput for less than two folds, fewer sessions than folds, gaps below 0, or gaps that leave nothing to
    train on.
    """
    return _combinatorial("folds", n_sessions, folds, 1, purge_sessions, embargo_sessions).splits


def combinatorial_purged(
    n_sessions: int, groups: int, test_groups: int, *, purge_sessions: int = 0, embargo_sessions: int = 0
) -> Combinatorial:
    """Test every choice of `test_groups` out of `groups` on what the others teach. Lopez de Prado 2018, section 12.4.

    Gives C(groups, test_groups) splits, tested groups in lexicographic order, and C(groups - 1, test_groups - 1) paths.
    Gaps are those of `purged_k_fold`, around each tested group.

    Raises InvalidInput as `purged_k_fold` does, and for test_groups not within 1..groups - 1.
    """
    return _combinatorial("groups", n_sessions, groups, test_groups, purge_sessions, embargo_sessions)


def _combinatorial(
    field: str, n_sessions: int, groups: int, test_groups: int, purge: int, embargo: int
) -> Combinatorial:
    """`field`: what its caller calls `groups`."""
    if groups < 2:
        raise InvalidInput.of_field(field, "must be at least 2")
    if n_sessions < groups:
        raise InvalidInput.of_field(field, f"must be at most the {n_sessions} sessions there are")
    if not 1 <= test_groups < groups:
        raise InvalidInput.of_field("test_groups", f"must be at least 1 and below the {groups} groups")
    _demand_gaps(purge, embargo)
    _demand_few(field, comb(groups, test_groups))
    spans = parts(n_sessions, groups)
    tested = tuple(combinations(range(groups), test_groups))
    splits = tuple(_apart(n_sessions, [spans[group] for group in chosen], purge, embargo) for chosen in tested)
    is_tested = np.zeros((len(tested), groups), np.bool_)
    is_tested[np.arange(len(tested))[:, np.newaxis], np.array(tested)] = True
    paths = np.column_stack([np.flatnonzero(is_tested[:, group]) for group in range(groups)])
    return Combinatorial(spans, tested, splits, paths.astype(np.int64))


def _apart(n_sessions: int, tests: Sequence[range], purge: int, embargo: int) -> Split:
    train, start = [], 0
    for test in tests:
        train.append(range(start, test.start - purge))
        start = test.stop + purge + embargo
    train.append(range(start, n_sessions))
    kept = tuple(each for each in train if each)
    if not kept:
        field = "purge_sessions" if purge else "embargo_sessions"
        raise InvalidInput.of_field(field, "the gaps around what is tested leave nothing to train on")
    return Split(kept, tuple(tests))


def _demand_gaps(purge: int, embargo: int) -> None:
    for name, gap in (("purge_sessions", purge), ("embargo_sessions", embargo)):
        if gap < 0:
            raise InvalidInput.of_field(name, "must not be negative")


def _demand_few(field: str, n_splits: int) -> None:
    if n_splits > MOST_SPLITS:
        raise InvalidInput.of_field(field, f"makes {n_splits:,} splits; {MOST_SPLITS:,} at most")


def _sessions(ranges: Sequence[range]) -> IndexArray:
    return np.concatenate([np.arange(each.start, each.stop, dtype=np.int64) for each in ranges])
