"""Compiling what trials and their verdict run, ahead of the first search: small ones run in this process."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scizor.domain.search_spaces import Axis, Space
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.validation import BlockSums, cscv
from scizor.strategy.base import Strategy
from scizor.strategy.parameters import Int
from scizor.strategy.study import N_BLOCKS, Study, try_sets
from scizor.strategy.trials import compiled


def warm_up(market: Market, strategies: Iterable[type[Strategy]]) -> None:
    """Try a set of each strategy that kernels run. `market`: of at least two sessions for each block."""
    for strategy in filter(compiled, strategies):
        whole = next((one for one in strategy.parameters() if isinstance(one, Int)), None)
        if whole is not None:
            space = Space((Axis(whole.name, (whole.default,), whole=True),))
            codes = np.array([[float(whole.default)]])
            try_sets(Study(market, Settings(), strategy.id, space, {}, "sharpe"), codes)
    cscv(BlockSums.of(np.zeros((2 * N_BLOCKS, 2)), N_BLOCKS))
