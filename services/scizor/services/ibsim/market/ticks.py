"""Price increments, as the exchanges' rules set them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

PriceArray = npt.NDArray[np.float64]
MarketRule = tuple[tuple[float, float], ...]

# Low edge and the increment above it, ascending; the last price of a band is a multiple of both bands' increments.
_US: MarketRule = ((0.0, 0.01),)
_ASX: MarketRule = ((0.0, 0.001), (0.1, 0.005), (2.0, 0.01))
# Binary noise may not move a price over a whole tick.
_SLACK = 1e-6
_DECIMALS = 6


class Ticks:
    """The price ladder of one market rule. All prices in quote currency, arrays of any one shape."""

    def __init__(self, rule: MarketRule) -> None:
        self.rule = rule
        self._edges = np.array([edge for edge, _ in rule])
        self._increments = np.array([increment for _, increment in rule])

    @property
    def smallest(self) -> float:
        """The contract's `minTick`."""
        return float(self._increments.min())

    def size(self, prices: PriceArray) -> PriceArray:
        """The increment at each price."""
        if len(self._edges) == 1:
            return np.full_like(prices, self._increments[0])
        return self._increments[np.searchsorted(self._edges, prices + _SLACK, side="right") - 1]

    def nearest(self, prices: PriceArray) -> PriceArray:
        """Each price on its tick, at least one tick."""
        size = self.size(prices)
        return np.round(np.maximum(np.rint(prices / size), 1.0) * size, _DECIMALS)

    def bid(self, prices: PriceArray) -> PriceArray:
        """The bid where the last trade was at each price: one tick below, and on a tick; at least one tick."""
        size = self.size(prices)
        return np.round(np.maximum(np.floor(prices / size + _SLACK) - 1.0, 1.0) * size, _DECIMALS)

    def ask(self, prices: PriceArray) -> PriceArray:
        """The ask where the last trade was at each price: one tick above, and on a tick."""
        size = self.size(prices)
        return np.round((np.ceil(prices / size - _SLACK) + 1.0) * size, _DECIMALS)


_LADDERS = {"ASX": Ticks(_ASX)}
_ONE_CENT = Ticks(_US)


def ticks_of(primary_exchange: str) -> Ticks:
    """The ladder of an exchange's shares."""
    return _LADDERS.get(primary_exchange, _ONE_CENT)
