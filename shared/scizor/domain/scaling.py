"""Prices on the scale they were traded at: recorded splits taken out of a source's prices, unrecorded ones suspected.

A source tells a series as if every split it knows had always been. Stored bars are as traded. So a stored bar and the
same bar told anew are equal, or the source changed its mind about one session, or it knows of a split that is not
recorded here: then everything it tells before some session differs from what is stored by one factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import PRICE_COLUMNS, ActionType, BarArray, CorporateAction
from scizor.domain.sessions import to_day

PRICE_DECIMALS = 6
"""What a price is rounded to after a factor was taken out of it: the noise of a division is far below."""
NOISE = 1e-5
"""Relative; what a source loses by rounding the prices it scaled."""
NOISE_SHARES = 1.0
SPLIT_LEAST = 0.03
"""Relative; a smaller factor is held to be a correction."""
SPLIT_SPREAD = 0.02
"""Relative; how far the prices of one bar, and the bars next to the split, may differ from one factor."""
SPLIT_SHARE = 0.8
"""How many of the bars before a split must show it: single ones may have been corrected besides."""
_SIMPLE_RATIOS = np.array([n / m for m in range(1, 6) for n in range(1, 51) if n / m >= 1.2 and (m == 1 or n < 10)])
_LAST_BARS = 5


@dataclass(frozen=True, slots=True)
class SuspectedSplit:
    """The first `bars` of the compared bars are on another scale; `ratio`: shares after for each before."""

    ratio: float
    bars: int


def as_traded(bars: BarArray, scale_date: date, actions: Sequence[CorporateAction]) -> BarArray:
    """The bars without the recorded splits that the source had put in: those with an ex-date up to `scale_date`.

    `bars`: BAR_DTYPE or INTRADAY_DTYPE, shape (n,), any order. Prices times the ratio, volume divided by it, as whole
    shares.
    """
    ratio = np.ones(len(bars))
    for action in actions:
        if action.type is ActionType.SPLIT and action.ex_date <= scale_date:
            ratio[bars["day"] < to_day(action.ex_date)] *= float(action.value)
    scaled = ratio != 1.0
    if not scaled.any():
        return bars
    traded = bars.copy()
    for column in PRICE_COLUMNS:
        traded[column][scaled] = np.round(bars[column][scaled] * ratio[scaled], PRICE_DECIMALS)
    volume = bars["volume"][scaled] / ratio[scaled]
    traded["volume"][scaled] = np.where(volume > 0, np.maximum(np.rint(volume), 1.0), volume)
    return traded


def differing(stored: BarArray, told: BarArray) -> npt.NDArray[np.bool_]:
    """Which bars are told otherwise than they are stored, beyond rounding. Both of the same n keys; shape (n,)."""
    differs: npt.NDArray[np.bool_] = np.abs(told["volume"] - stored["volume"]) > np.maximum(
        NOISE_SHARES, NOISE * stored["volume"]
    )
    for column in PRICE_COLUMNS:
        differs |= np.abs(told[column] - stored[column]) > NOISE * stored[column]
    return differs


def suspected_split(stored: BarArray, told: BarArray) -> SuspectedSplit | None:
    """The split that the told bars know of and the stored ones do not. Both of the same n keys, oldest first."""
    if len(stored) == 0:
        return None
    factors = np.stack([stored[column] / told[column] for column in PRICE_COLUMNS])
    ratios: FloatArray = np.median(factors, axis=0)
    spread = factors.max(axis=0) / factors.min(axis=0) - 1
    scaled = np.flatnonzero((spread <= SPLIT_SPREAD) & (np.maximum(ratios, 1 / ratios) >= 1 + SPLIT_LEAST))
    if len(scaled) == 0:
        return None
    bars = int(scaled[-1]) + 1
    nearest = ratios[scaled[-_LAST_BARS:]]
    ratio = float(np.median(nearest))
    if len(scaled) < SPLIT_SHARE * bars or nearest.max() / nearest.min() - 1 > SPLIT_SPREAD:
        return None
    return SuspectedSplit(ratio, bars) if len(scaled) > 1 or _is_simple(ratio) else None


def _is_simple(ratio: float) -> bool:
    """Whether companies split so: a single bar with one wrong factor is no split."""
    factor = max(ratio, 1 / ratio)
    return bool(np.min(np.abs(_SIMPLE_RATIOS / factor - 1)) <= SPLIT_SPREAD / 4)
