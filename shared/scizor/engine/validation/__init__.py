"""Whether what a search found will last: sessions to hold it against, the luck of many trials, the lie of the land.

Arrays in, values out; nothing here knows where trials come from.
"""

from __future__ import annotations

from scizor.engine.validation.deflated import (
    DeflatedSharpe,
    TrialSharpes,
    deflate,
    effective_trials,
    effective_trials_by_eigenvalues,
)
from scizor.engine.validation.overfitting import BlockSums, Overfitting, cscv
from scizor.engine.validation.pareto import pareto_front, pareto_ranks
from scizor.engine.validation.plateau import Plateau, grid_plateau, sampled_plateau
from scizor.engine.validation.splits import (
    Combinatorial,
    Split,
    combinatorial_purged,
    parts,
    purged_k_fold,
    walk_forward,
)
from scizor.engine.validation.surface import Aggregate, Surface, surface

__all__ = [
    "Aggregate",
    "BlockSums",
    "Combinatorial",
    "DeflatedSharpe",
    "Overfitting",
    "Plateau",
    "Split",
    "Surface",
    "TrialSharpes",
    "combinatorial_purged",
    "cscv",
    "deflate",
    "effective_trials",
    "effective_trials_by_eigenvalues",
    "grid_plateau",
    "pareto_front",
    "pareto_ranks",
    "parts",
    "purged_k_fold",
    "sampled_plateau",
    "surface",
    "walk_forward",
]
