"""What a fill pays a share: slippage and rounding, on top of the price at which its order acted."""

from __future__ import annotations

import math
from typing import NamedTuple

from scizor.domain.orders import PriceRounding
from scizor.engine._jit import njit
from scizor.engine.costs.slippage import SlippageModel
from scizor.engine.settings import Settings

_BPS = int(SlippageModel.BPS)
_HALF_SPREAD = int(SlippageModel.HALF_SPREAD)
_VOLUME_SHARE = int(SlippageModel.VOLUME_SHARE)
_NO_ROUNDING = int(PriceRounding.NONE)
_ADVERSE = int(PriceRounding.ADVERSE)

# A half spread wider than the price is a wrong setting, but not a reason to be paid for shares one sells.
_LEAST_PART = 1e-4
# A price is a whole or half number of ticks when it is but for the rounding of floats: by this fraction.
_TICK_TOLERANCE = 1e-12


class Pricing(NamedTuple):
    """The settings that turn a market price into a paid one, as numbers for kernels.

    `slippage`: SlippageModel; `amount`: a fraction of the price (BPS), quote currency (HALF_SPREAD) or the impact
    (VOLUME_SHARE); `max_share`: of a bar's volume, 1 where participation has no bound; `rounding`: PriceRounding.
    """

    slippage: int
    amount: float
    max_share: float
    rounding: int


def pricing_of(settings: Settings) -> Pricing:
    """The pricing of a run."""
    slippage = settings.slippage
    amount = slippage.amount / 10_000 if slippage.model is SlippageModel.BPS else slippage.amount
    max_share = 1.0 if settings.max_participation is None else settings.max_participation
    return Pricing(int(slippage.model), float(amount), float(max_share), int(settings.price_rounding))


@njit
def pay_price_nb(
    pricing: Pricing, side: int, price: float, shares: float, volume: float, limit: float, tick_size: float
) -> float:
    """Price per share of a fill of `shares` at `price`: positive, and never beyond `limit` (NaN for none).

    `volume`: of the bar, shares; where there is none (zero, NaN) VOLUME_SHARE knows of no share and costs nothing.
    `tick_size`: 0 for none.
    """
    paid = _no_worse_nb(side, _slipped_nb(pricing, side, price, shares, volume), limit)
    if pricing.rounding != _NO_ROUNDING and tick_size > 0.0:
        paid = _no_worse_nb(side, _rounded_nb(paid, side, tick_size, pricing.rounding == _ADVERSE), limit)
    return paid


@njit
def _no_worse_nb(side: int, price: float, limit: float) -> float:
    return limit if side * price > side * limit else price


@njit
def _slipped_nb(pricing: Pricing, side: int, price: float, shares: float, volume: float) -> float:
    if pricing.slippage == _BPS:
        return price * (1.0 + side * pricing.amount)
    if pricing.slippage == _HALF_SPREAD:
        return max(price + side * pricing.amount, price * _LEAST_PART)
    if pricing.slippage == _VOLUME_SHARE and volume > 0.0:
        share = min(shares / volume, pricing.max_share)
        return price * (1.0 + side * pricing.amount * share * share)
    return price


@njit
def _rounded_nb(price: float, side: int, tick_size: float, adverse: bool) -> float:
    halves = 2.0 * price / tick_size
    whole = math.floor(halves + 0.5)
    if abs(halves - whole) <= _TICK_TOLERANCE * max(whole, 1.0):
        halves = whole
    exact = halves / 2.0
    if adverse:
        ticks = math.ceil(exact) if side > 0 else math.floor(exact)
    else:
        ticks = math.floor(exact + 0.5) if side > 0 else math.ceil(exact - 0.5)
    if ticks < 1:
        return price
    # A tick of 0.01 is no float but 100 is: a division gives the float nearest to the decimal price.
    per_unit = math.floor(1.0 / tick_size + 0.5)
    if per_unit >= 1 and abs(per_unit * tick_size - 1.0) <= _TICK_TOLERANCE:
        return ticks / per_unit
    return ticks * tick_size
