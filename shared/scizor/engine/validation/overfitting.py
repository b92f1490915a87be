"""How likely the best of many trials is best by luck: combinatorially symmetric cross-validation (CSCV).

Bailey, Borwein, Lopez de Prado & Zhu 2015, "The probability of backtest overfitting". The sessions are cut into an even
number S of blocks. For each of the C(S, S/2) choices of half of them the trial with the highest Sharpe ratio there is
chosen, and ranked among all N trials on the other half: rank 1 is the worst, equal trials share the mean of their
ranks. With the relative rank w = rank / (N + 1) the logit is ln(w / (1 - w)). The probability of backtest overfitting
is the share of logits at or below 0: how often the chosen trial is no better than the median on what it was not chosen
on.

The Sharpe ratio of any set of blocks follows from each block's sums, so only those need be kept of a trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.moments import squares_about_mean
from scizor.engine.arrays import IndexArray
from scizor.engine.validation.checks import finite_matrix
from scizor.engine.validation.halves import TABLE_ROWS, choose_halves_nb
from scizor.engine.validation.splits import parts

MOST_BLOCKS = 20
_LEAST_SESSIONS = 2  # of a block: one return has no deviation


@dataclass(frozen=True, slots=True, eq=False)
class BlockSums:
    """What CSCV needs of the returns of `n_trials` trials over the same sessions, cut as `parts` cuts them.

    `counts`: sessions of each block, shape (n_blocks,). `sums`, `squares`: of a trial's returns in a block and of their
    squares, shape (n_blocks, n_trials). Returns are fractions a session, in excess of whatever rate is to be beaten; 0
    for a session without a position.

    Raises InvalidInput for an odd number of blocks, for more than 20, for blocks of less than two sessions, and for
    shapes that do not match or values that are not finite.
    """

    counts: IndexArray
    sums: FloatArray
    squares: FloatArray

    def __post_init__(self) -> None:
        _demand_blocks(len(self.counts))
        if np.min(self.counts) < _LEAST_SESSIONS:
            raise InvalidInput.of_field("n_blocks", f"a block must have at least {_LEAST_SESSIONS} sessions")
        for name, values in (("sums", self.sums), ("squares", self.squares)):
            if finite_matrix(name, values).shape[0] != len(self.counts):
                raise InvalidInput.of_field(name, f"must have a row for each of {len(self.counts)} blocks")
        if self.sums.shape != self.squares.shape:
            raise InvalidInput.of_field("squares", "must have the shape of sums")

    @classmethod
    def of(cls, returns: FloatArray, n_blocks: int = 16) -> BlockSums:
        """Of whole series, shape (n_sessions, n_trials)."""
        _demand_blocks(n_blocks)
        finite_matrix("returns", returns)
        if len(returns) < n_blocks * _LEAST_SESSIONS:
            raise InvalidInput.of_field("n_blocks", f"a block must have at least {_LEAST_SESSIONS} sessions")
        blocks = [returns[block.start : block.stop] for block in parts(len(returns), n_blocks)]
        return cls(
            np.array([len(block) for block in blocks], np.int64),
            np.array([block.sum(axis=0) for block in blocks]),
            np.array([(block * block).sum(axis=0) for block in blocks]),
        )

    @property
    def n_trials(self) -> int:
        """How many there are."""
        return int(self.sums.shape[1])

    def sharpes(self) -> FloatArray:
        """Sharpe ratio of one session, over all sessions, shape (n_trials,); 0 for a trial that never moves."""
        counts = np.full((1, 1), float(self.counts.sum()))
        of_all = _sharpes(counts, self.sums.sum(axis=0, keepdims=True), self.squares.sum(axis=0, keepdims=True))
        return of_all.reshape(-1)


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What CSCV found. Arrays have the shape (n_combinations,), a choice of blocks each, in lexicographic order.

    `probability`: of backtest overfitting. `probability_of_loss`: the share of choices whose chosen trial has a Sharpe
    ratio below 0 on the other half. `slope`, `intercept`: of the least squares line through the chosen trials' Sharpe
    ratios, the other half's over the chosen half's; None where the latter are all equal. `chosen`: the trial.
    `in_sample`, `out_of_sample`: its Sharpe ratio of one session on the half it was chosen on and on the other.
    """

    probability: float
    probability_of_loss: float
    slope: float | None
    intercept: float | None
    logits: FloatArray
    chosen: IndexArray
    in_sample: FloatArray
    out_of_sample: FloatArray


def cscv(blocks: BlockSums) -> Overfitting:
    """Hold the choice on every half of the blocks against the other half; of equally good trials the first is chosen.

    Raises InvalidInput for less than two trials.
    """
    if blocks.n_trials < 2:
        raise InvalidInput.of_field("n_trials", "must be at least 2: one trial leaves nothing to choose")
    choices = _half_choices(len(blocks.counts))
    n_choices = len(choices)
    chosen = np.empty(n_choices, np.int64)
    ranks, inside, outside = (np.empty(n_choices) for _ in range(3))
    # Lexicographic order mirrors: what choice c leaves out is choice n - 1 - c. So each ratio is taken once.
    counts = _subset_sums(blocks.counts[:, np.newaxis].astype(np.float64))[:, 0]
    sums, squares = _tables(blocks.sums), _tables(blocks.squares)
    choose_halves_nb(counts, sums, squares, choices[: n_choices // 2], chosen, inside, outside, ranks)
    logits = np.log(ranks / (blocks.n_trials + 1 - ranks))
    slope, intercept = _line(inside, outside)
    return Overfitting(
        float(np.mean(logits <= 0)), float(np.mean(outside < 0)), slope, intercept, logits, chosen, inside, outside
    )


def _half_choices(n_blocks: int) -> IndexArray:
    """Every choice of half of the blocks as a number whose bit b says that block b is in it."""
    return np.array([sum(1 << block for block in half) for half in combinations(range(n_blocks), n_blocks // 2)])


def _tables(rows: FloatArray) -> FloatArray:
    """The subset sums of some rows at a time, shape (n_tables, 2 ** TABLE_ROWS, n_trials).

    A matrix product would do, but libraries round its columns differently, and equal trials must stay equal.
    """
    firsts = range(0, len(rows), TABLE_ROWS)
    tables = np.zeros((len(firsts), 1 << TABLE_ROWS, rows.shape[1]))
    for table, first in zip(tables, firsts, strict=True):
        sums = _subset_sums(rows[first : first + TABLE_ROWS])
        table[: len(sums)] = sums
    return tables


def _subset_sums(rows: FloatArray) -> FloatArray:
    """The sum of each subset of rows, the bits of its place saying which, shape (2 ** n_rows, n_trials)."""
    sums = np.zeros((1, rows.shape[1]))
    for row in rows:
        sums = np.concatenate([sums, sums + row])
    return sums


def _sharpes(counts: FloatArray, sums: FloatArray, squares: FloatArray) -> FloatArray:
    """Mean over standard deviation (ddof 1), shape (n_choices, n_trials); 0 without deviation. `counts`: one column."""
    means = sums / counts
    deviations = np.sqrt(squares_about_mean(squares, means * sums) / (counts - 1.0))
    ratios = np.zeros_like(means)
    np.divide(means, deviations, out=ratios, where=deviations > 0)
    return ratios


def _line(x: FloatArray, y: FloatArray) -> tuple[float | None, float | None]:
    distance = x - x.mean()
    spread = float(distance @ distance)
    if np.ptp(x) == 0 or spread == 0:
        return None, None
    slope = float(distance @ (y - y.mean())) / spread
    return slope, float(y.mean() - slope * x.mean())


def _demand_blocks(n_blocks: int) -> None:
    if n_blocks % 2 or not 2 <= n_blocks <= MOST_BLOCKS:
        raise InvalidInput.of_field("n_blocks", f"must be even and within 2..{MOST_BLOCKS}, got {n_blocks}")
