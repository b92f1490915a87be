"""What a strategy does, by the row at whose close it does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from scizor.domain.arrays import FloatArray
from tests.unit.engine.oracle.money import exact
from tests.unit.engine.oracle.orders import Order


class Place(NamedTuple):
    order: Order


class Bracket(NamedTuple):
    entry: Order
    take_profit: Decimal | None
    stop_loss: Decimal | None


class Weigh(NamedTuple):
    symbol: int
    weight: Decimal


class Cancel(NamedTuple):
    number: int


Action = Place | Bracket | Weigh | Cancel
Script = Mapping[int, Sequence[Action]]


def script_of(targets: FloatArray) -> Script:
    """Weights decided at each close; NaN keeps."""
    return {
        row: [Weigh(symbol, exact(weight)) for symbol, weight in enumerate(weights) if not np.isnan(weight)]
        for row, weights in enumerate(targets.tolist())
    }
