"""Nothing of what is tested may teach: every scheme against its definition, session by session."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.engine.validation import Split, combinatorial_purged, parts, purged_k_fold, walk_forward

gaps = st.integers(0, 6)
few = settings(max_examples=60, deadline=None)


def may_teach(n_sessions: int, split: Split, purge: int, embargo: int) -> list[int]:
    tested = set(split.test_sessions.tolist())
    return [t for t in range(n_sessions) if not tested & set(range(t - purge - embargo, t + purge + 1))]


def assert_ranges_are_ascending_and_apart(ranges: tuple[range, ...]) -> None:
    assert ranges
    assert all(len(each) > 0 and each.step == 1 for each in ranges)
    assert all(one.stop <= following.start for one, following in pairwise(ranges))


@pytest.mark.parametrize(("n_sessions", "n_parts", "lengths"), [(10, 3, [4, 3, 3]), (6, 6, [1] * 6), (5, 1, [5])])
def test_parts_are_as_equal_as_can_be_and_the_first_are_the_longer_ones(
    n_sessions: int, n_parts: int, lengths: list[int]
) -> None:
    found = parts(n_sessions, n_parts)
    assert [len(part) for part in found] == lengths
    assert [session for part in found for session in part] == list(range(n_sessions))


def test_a_rolling_window_trains_on_as_many_sessions_each_time() -> None:
    found = walk_forward(12, train_sessions=4, test_sessions=2, purge_sessions=1)
    assert found == (
        Split((range(4),), (range(5, 7),)),
        Split((range(2, 6),), (range(7, 9),)),
        Split((range(4, 8),), (range(9, 11),)),
    )


def test_an_anchored_window_trains_on_all_sessions_so_far() -> None:
    found = walk_forward(11, train_sessions=4, test_sessions=2, purge_sessions=1, anchored=True)
    assert [split.train for split in found] == [(range(4),), (range(6),), (range(8),)]
    assert [split.test for split in found] == [(range(5, 7),), (range(7, 9),), (range(9, 11),)]


def test_what_is_left_at_the_end_is_a_shorter_test_if_wanted() -> None:
    kept = walk_forward(10, train_sessions=4, test_sessions=4, keep_rest=True)
    assert [split.test for split in kept] == [(range(4, 8),), (range(8, 10),)]
    assert walk_forward(10, train_sessions=4, test_sessions=4) == kept[:1]


@given(
    st.integers(1, 80), st.integers(1, 20), st.integers(1, 20), st.integers(1, 25), gaps, st.booleans(), st.booleans()
)
@few
def test_walking_forward_never_trains_on_what_is_tested_or_later(
    n: int, train: int, test: int, step: int, purge: int, anchored: bool, keep_rest: bool
) -> None:
    assume(n >= train + purge + (1 if keep_rest else test))
    found = walk_forward(
        n,
        train_sessions=train,
        test_sessions=test,
        step_sessions=step,
        anchored=anchored,
        purge_sessions=purge,
        keep_rest=keep_rest,
    )
    for number, split in enumerate(found):
        assert len(split.train) == len(split.test) == 1
        trained, tested = split.train[0], split.test[0]
        assert tested.start == train + purge + number * step
        assert tested.start - trained.stop == purge
        assert trained.start == 0 if anchored else len(trained) == train
        assert len(tested) == test or (keep_rest and tested.stop == n)
    following = train + purge + len(found) * step
    assert following + (1 if keep_rest else test) > n


def test_folds_are_tested_in_turn_with_gaps_around() -> None:
    found = purged_k_fold(12, 3, purge_sessions=1, embargo_sessions=1)
    assert found == (
        Split((range(6, 12),), (range(4),)),
        Split((range(3), range(10, 12)), (range(4, 8),)),
        Split((range(7),), (range(8, 12),)),
    )
    assert found[1].train_sessions.tolist() == [0, 1, 2, 10, 11]


@given(st.data(), st.integers(2, 7), gaps, gaps)
@few
def test_all_that_is_far_enough_from_the_tests_teaches_and_nothing_else(
    data: st.DataObject, groups: int, purge: int, embargo: int
) -> None:
    test_groups = data.draw(st.integers(1, groups - 1))
    n_sessions = data.draw(st.integers(groups, 90))
    most_left_out = test_groups * (2 * purge + embargo)
    assume(n_sessions - test_groups * -(-n_sessions // groups) > most_left_out)
    found = combinatorial_purged(n_sessions, groups, test_groups, purge_sessions=purge, embargo_sessions=embargo)
    for split, chosen in zip(found.splits, found.tested, strict=True):
        assert split.test == tuple(found.groups[group] for group in chosen)
        assert_ranges_are_ascending_and_apart(split.train)
        assert split.train_sessions.tolist() == may_teach(n_sessions, split, purge, embargo)
    if test_groups == 1:
        assert purged_k_fold(n_sessions, groups, purge_sessions=purge, embargo_sessions=embargo) == found.splits


@given(st.integers(2, 6), st.integers(30, 80), gaps)
@few
def test_no_outcome_trained_on_overlaps_one_tested(folds: int, n_sessions: int, held: int) -> None:
    # What session t decides is known at t + held: two such spans that share a session share what happened in it.
    assume(n_sessions // folds > 2 * held)
    for split in purged_k_fold(n_sessions, folds, purge_sessions=held):
        known = {session + wait for session in split.test_sessions.tolist() for wait in range(held + 1)}
        learnt = {session + wait for session in split.train_sessions.tolist() for wait in range(held + 1)}
        assert not known & learnt


def test_six_groups_two_tested_make_fifteen_splits_and_five_paths() -> None:
    found = combinatorial_purged(600, 6, 2)
    assert (len(found.splits), found.paths.shape) == (15, (5, 6))
    # Lopez de Prado 2018, figure 12.1: the first path is tested in splits 1, 1, 2, 3, 4 and 5, counted from one.
    assert (found.paths[0] + 1).tolist() == [1, 1, 2, 3, 4, 5]
    assert (found.paths[:, 0] + 1).tolist() == [1, 2, 3, 4, 5]
    assert (found.paths[4] + 1).tolist() == [5, 9, 12, 14, 15, 15]


@pytest.mark.parametrize(("groups", "test_groups"), [(2, 1), (5, 1), (6, 3), (7, 5)])
def test_each_path_walks_through_all_sessions_and_each_test_is_on_one_path(groups: int, test_groups: int) -> None:
    found = combinatorial_purged(50, groups, test_groups)
    assert len(found.splits) == comb(groups, test_groups)
    assert len(found.paths) == comb(groups - 1, test_groups - 1)
    on_paths = [(int(split), group) for path in found.paths for group, split in enumerate(path)]
    tests = [(split, group) for split, chosen in enumerate(found.tested) for group in chosen]
    assert sorted(on_paths) == sorted(tests)
    for path in found.paths:
        walked = [
            found.splits[split].test[found.tested[split].index(group)] for group, split in enumerate(path.tolist())
        ]
        assert np.concatenate([list(part) for part in walked]).tolist() == list(range(50))


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda: parts(3, 0), "n_parts: must be at least 1"),
        (lambda: parts(3, 4), "n_sessions: must be at least one for each of 4 parts, got 3"),
        (lambda: walk_forward(9, train_sessions=0, test_sessions=2), "train_sessions: must be at least 1"),
        (lambda: walk_forward(9, train_sessions=2, test_sessions=0), "test_sessions: must be at least 1"),
        (lambda: walk_forward(9, train_sessions=2, test_sessions=2, step_sessions=0), "step_sessions: must be"),
        (lambda: walk_forward(9, train_sessions=2, test_sessions=2, purge_sessions=-1), "purge_sessions: must not"),
        (
            lambda: walk_forward(9, train_sessions=6, test_sessions=3, purge_sessions=1),
            "n_sessions: must be at least 10",
        ),
        (lambda: walk_forward(30_000, train_sessions=1, test_sessions=1), "step_sessions: makes 29,999 splits"),
        (lambda: purged_k_fold(9, 1), "folds: must be at least 2"),
        (lambda: purged_k_fold(3, 4), "folds: must be at most the 3 sessions"),
        (lambda: purged_k_fold(9, 2, embargo_sessions=-1), "embargo_sessions: must not be negative"),
        (lambda: purged_k_fold(9, 2, purge_sessions=5), "purge_sessions: .* nothing to train on"),
        (lambda: purged_k_fold(9, 2, embargo_sessions=5), "embargo_sessions: .* nothing to train on"),
        (lambda: combinatorial_purged(9, 1, 1), "groups: must be at least 2"),
        (lambda: combinatorial_purged(9, 3, 3), "test_groups: must be at least 1 and below the 3 groups"),
        (lambda: combinatorial_purged(90, 20, 10), "groups: makes 184,756 splits; 20,000 at most"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(wrong: object, rule: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=rule):
        wrong()
