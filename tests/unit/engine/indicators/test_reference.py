from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.engine.indicators import TABLE, Indicator
from tests.unit.engine.indicators.bars import existing, inputs, parameters
from tests.unit.engine.indicators.reference import REFERENCE


@pytest.mark.parametrize("indicator", TABLE.values(), ids=TABLE.keys())
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_every_value_is_what_the_definition_says_of_the_bars_so_far(indicator: Indicator, data: st.DataObject) -> None:
    columns, chosen = data.draw(inputs(indicator)), data.draw(parameters(indicator))
    bars = existing(columns)
    values = indicator.column(*np.array(bars).reshape(-1, len(indicator.inputs)).T, **chosen)
    whole = [
        int(value) if one.whole else value
        for one, value in zip(indicator.parameters, indicator.resolve(chosen), strict=True)
    ]
    expected = [REFERENCE[indicator.name](bars[: t + 1], *whole) for t in range(len(bars))]
    np.testing.assert_allclose(values.T, np.array(expected).reshape(values.T.shape), rtol=1e-9, atol=1e-9)
