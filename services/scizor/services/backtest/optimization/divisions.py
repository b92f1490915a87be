"""A validation scheme as divisions of the sessions there are."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import Scheme, Validation
from scizor.engine.arrays import IndexArray
from scizor.engine.validation import Split, combinatorial_purged, purged_k_fold, walk_forward


@dataclass(frozen=True, slots=True, eq=False)
class Divisions:
    """`splits`: what is trained on and what is tested. `paths`, `groups`: see `engine.validation.Combinatorial`."""

    splits: tuple[Split, ...] = ()
    paths: IndexArray | None = None
    groups: tuple[range, ...] = ()


def divisions_of(validation: Validation, n_sessions: int) -> Divisions:
    """Raises InvalidInput where there are too few sessions, named as a caller who creates an optimisation spells it."""
    try:
        return _divisions(validation, n_sessions)
    except InvalidInput as error:
        raise error.within("optimization.validation") from None


def _divisions(asked: Validation, n_sessions: int) -> Divisions:
    purge, embargo = asked.purge_sessions, asked.embargo_sessions
    if asked.scheme.walks_forward:
        test = asked.test_sessions or n_sessions // (asked.folds + 1)
        train = asked.train_sessions or n_sessions - asked.folds * test - purge
        splits = walk_forward(
            n_sessions,
            train_sessions=max(train, 0),
            test_sessions=test,
            anchored=asked.scheme is Scheme.ANCHORED,
            purge_sessions=purge,
        )
        return Divisions(splits)
    if asked.scheme is Scheme.PURGED_K_FOLD:
        return Divisions(purged_k_fold(n_sessions, asked.folds, purge_sessions=purge, embargo_sessions=embargo))
    if asked.scheme is Scheme.COMBINATORIAL_PURGED:
        found = combinatorial_purged(
            n_sessions, asked.folds, asked.test_folds, purge_sessions=purge, embargo_sessions=embargo
        )
        return Divisions(found.splits, found.paths, found.groups)
    return Divisions()
