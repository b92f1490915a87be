"""A strategy cannot write to the bars it is traded on, whatever it tries."""

from __future__ import annotations

import pytest

from scizor.domain.arrays import FloatArray
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.strategy import Bars, VectorStrategy
from scizor.strategy.bars import COLUMNS
from scizor.strategy.errors import StrategyError
from scizor.strategy.weights import weights_of
from tests.unit.strategy.build import panel_of


def _overwrite(matrix: FloatArray) -> None:
    matrix[0, 0] = 5.0


def _unlock(matrix: FloatArray) -> None:
    matrix.flags.writeable = True


@pytest.mark.parametrize("column", [*COLUMNS, "sessions", "open_ns", "close_ns"])
@pytest.mark.parametrize("attempt", [_overwrite, _unlock])
@pytest.mark.parametrize("by_name", [True, False])
def test_bars_cannot_be_written_to(column: str, attempt: object, by_name: bool) -> None:
    class Writing(VectorStrategy):
        def targets(self, bars: Bars) -> FloatArray:
            found = bars.matrix(column) if by_name and column in COLUMNS else getattr(bars, column)
            attempt(found)  # type: ignore[operator]  # one of the two above
            return bars.close * 0.0

    panel = panel_of([[1.0], [2.0]])
    with pytest.raises(StrategyError):
        weights_of(Writing(), Market(panel), Settings())
    assert panel.close[:, 0].tolist() == [1.0, 2.0]
