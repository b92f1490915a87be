"""The fill rule: what an order pays. No portfolio, no time; the one model that every kind of trading here shares.

A market order decided at a close fills whole at the symbol's next open. Slippage moves that price against the order:
a buy pays open x (1 + slippage), a sell gets open x (1 - slippage). Commission is a fraction of the filled notional.
`side` is +1 for a buy and -1 for a sell; rates are fractions; prices and money are in quote currency.
"""

from __future__ import annotations

from scizor.engine._jit import njit


@njit
def fill_price_nb(reference: float, side: int, slippage_rate: float) -> float:
    """Price per share of a market order whose reference price (the open) is `reference`."""
    return reference * (1.0 + side * slippage_rate)


@njit
def commission_nb(notional: float, commission_rate: float) -> float:
    """Commission of a fill worth `notional` (>= 0)."""
    return notional * commission_rate


@njit
def unit_cost_nb(reference: float, side: int, slippage_rate: float, commission_rate: float) -> float:
    """Money one share takes from a budget: its fill price and its commission."""
    price = fill_price_nb(reference, side, slippage_rate)
    return price + commission_nb(price, commission_rate)
