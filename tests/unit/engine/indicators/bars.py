"""Random bars, with gaps, as indicators take them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.engine.indicators import Indicator

NAN = float("nan")

cents = st.integers(1, 100_000).map(lambda amount: amount / 100)
_closes = st.lists(st.one_of(cents, cents, cents, st.just(NAN)), min_size=1, max_size=60)


@st.composite
def inputs(draw: st.DrawFn, indicator: Indicator) -> list[FloatArray]:
    """A column for each input of `indicator`, missing at the same bars or, now and then, at bars of their own."""
    close = np.array(draw(_closes))
    n = len(close)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = {
        "close": close,
        "values": close,
        "high": np.round(close + rng.integers(0, 5, n) / 4, 2),
        "low": close * rng.choice([1.0, 0.75, 0.5], n),
        "volume": rng.integers(0, 4, n) * 100.0,
        "against": np.round(rng.integers(1, 2000, n) / 7, draw(st.integers(0, 3))),
        "event": (rng.random(n) < 0.2) * 1.0,
    }
    if draw(st.booleans()):
        columns[indicator.inputs[-1]] = np.where(rng.random(n) < 0.1, NAN, columns[indicator.inputs[-1]])
    return [columns[name] for name in indicator.inputs]


@st.composite
def parameters(draw: st.DrawFn, indicator: Indicator) -> dict[str, float]:
    """Valid parameters with windows that fit the bars, mostly."""
    values: dict[str, float] = {}
    for one in indicator.parameters:
        highest = min(one.maximum, 12)
        if one.name == "slow":
            values[one.name] = draw(st.integers(int(values["fast"]) + 1, 14))
        elif one.whole:
            values[one.name] = draw(st.integers(int(one.minimum), int(highest)))
        else:
            values[one.name] = draw(st.floats(one.minimum, highest))
    return values


def existing(columns: list[FloatArray]) -> list[tuple[float, ...]]:
    """The bars that are whole."""
    return [bar for bar in zip(*(column.tolist() for column in columns), strict=True) if not any(map(math.isnan, bar))]
