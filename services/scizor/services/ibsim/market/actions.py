"""Splits and dividends, and what history is told as once they have happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from scizor.domain.sessions import to_day
from scizor.services.ibsim.market.api import Listing
from scizor.services.ibsim.market.bundled import DIVIDEND, SPLIT, bundled_actions, bundled_span
from scizor.services.ibsim.market.noise import Floats
from scizor.services.ibsim.market.series import DailySeries


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio` new shares for one old from the session `ex_date` on."""

    ex_date: date
    ratio: float


@dataclass(frozen=True, slots=True)
class Dividend:
    """Quote currency a share, as paid then."""

    ex_date: date
    amount: float


def declared(listing: Listing) -> tuple[tuple[Split, ...], tuple[Dividend, ...]]:
    """What the bundle knows; synthetic data has neither."""
    if not bundled_span(listing.symbol, listing.primary_exchange):
        return (), ()
    actions = bundled_actions().get(listing.symbol, ())
    splits = tuple(Split(each.ex_date, each.value) for each in actions if each.kind == SPLIT)
    return splits, tuple(Dividend(each.ex_date, each.value) for each in actions if each.kind == DIVIDEND)


def shares_factor(splits: Sequence[Split], day: int, today: date) -> float:
    """Shares today for one of that session. A price is told divided by it, a volume multiplied."""
    factor = 1.0
    for split in splits:
        if day < to_day(split.ex_date) and split.ex_date <= today:
            factor *= split.ratio
    return factor


def shares_factors(splits: Sequence[Split], series: DailySeries, today: date) -> Floats:
    """As `shares_factor` for every session, shape (n,)."""
    factors = np.ones(len(series))
    for split in splits:
        if split.ex_date <= today:
            factors[: np.searchsorted(series.day, to_day(split.ex_date))] *= split.ratio
    return factors


def dividend_factors(dividends: Sequence[Dividend], series: DailySeries, today: date) -> Floats:
    """What a price before each ex-date is multiplied by, so that holding pays the same as it did, shape (n,)."""
    factors = np.ones(len(series))
    for dividend in dividends:
        ex_index = int(np.searchsorted(series.day, to_day(dividend.ex_date)))
        if dividend.ex_date <= today and ex_index > 0:
            factors[:ex_index] *= 1.0 - dividend.amount / series.close[ex_index - 1]
    return factors
