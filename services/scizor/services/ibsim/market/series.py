"""Daily bars as traded: real ones where bundled, and a seeded random walk everywhere else.

The walk is in logarithms: fat-tailed returns of 18-38 % a year for shares, a third of whose variance is the whole
market's, drawn back with a half-life of years to a trend of 5 % a year, so that thirty years leave no price absurd.
A session's numbers depend on the seed, the contract and the sessions before it, never on when or in which order they
are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.domain.sessions import DayArray
from scizor.services.ibsim.market.api import Listing
from scizor.services.ibsim.market.bundled import bundled_bars, bundled_span
from scizor.services.ibsim.market.calendar import SessionTable
from scizor.services.ibsim.market.noise import Floats, fat_tailed, normals, uniforms, words
from scizor.services.ibsim.market.ticks import PriceArray, Ticks, ticks_of

VolumeArray = npt.NDArray[np.int64]

SESSIONS_A_YEAR = 252
_TREND = 0.05 / SESSIONS_A_YEAR
# exp(-pull) a session: a half-life of 3.4 years.
_PULL = 1.0 / 1250.0
_MARKET_SHARE, _OWN_SHARE = 0.58, 0.8146
_HALT_CHANCE = 0.01
# A trade each second of a session needs that many shares.
_LEAST_VOLUME = 60_000


@dataclass(frozen=True, slots=True)
class DailySeries:
    """A contract's sessions as traded, from `first` (an index of the session table) on, shapes (n,).

    Prices in quote currency, volume in shares; `halted`: the session had no trading, its numbers mean nothing.
    """

    first: int
    day: DayArray
    open: PriceArray
    high: PriceArray
    low: PriceArray
    close: PriceArray
    volume: VolumeArray
    halted: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class _Character:
    """What a contract is like: deviation a session, first price, usual volume in shares."""

    deviation: float
    price: float
    volume: float


def daily_series(
    listing: Listing,
    table: SessionTable,
    seed: int,
    *,
    halts: bool,
    cuts: Sequence[tuple[date, float]] = (),
) -> DailySeries:
    """All sessions of the table from the listing's first to its last. `cuts`: from that date prices are divided so."""
    first = table.index_from(listing.first_session)
    last = len(table.day) if listing.last_session is None else table.index_from(listing.last_session) + 1
    ticks = ticks_of(listing.primary_exchange)
    columns = _synthetic(listing, table, seed, first, last, ticks)
    if bundled_span(listing.symbol, listing.primary_exchange):
        columns = _after_real(listing, columns)
    day = table.day[first:last]
    for ex_date, ratio in cuts:
        _cut(columns, table.index_from(ex_date) - first, ratio, ticks)
    halted = np.zeros(len(day), dtype=np.bool_)
    if halts:
        halted[1:] = uniforms(words(len(day), seed, _name(listing), "halts"))[1:] < _HALT_CHANCE
    open_, high, low, close, volume = columns
    return DailySeries(first, day, open_, high, low, close, volume.astype(np.int64), halted)


def _name(listing: Listing) -> str:
    return f"{listing.symbol}.{listing.primary_exchange}"


def _synthetic(
    listing: Listing, table: SessionTable, seed: int, first: int, last: int, ticks: Ticks
) -> list[npt.NDArray[Any]]:
    """Open, high, low, close and volume, shapes (n,)."""
    real = bundled_span(listing.symbol, listing.primary_exchange)
    skipped = len(bundled_bars(listing.symbol).day) if real else 0
    kind = _character(listing, seed)
    count = last - first
    surprise = _surprises(listing, table, seed, first, last)
    name = _name(listing)
    gap, up, down, busy = (normals(words(count, seed, name, each)) for each in ("gap", "up", "down", "volume"))

    # 0 is the walk's first session; the real ones before it do not move it.
    step = np.maximum(np.arange(count) - skipped, -1)
    shock = np.where(step >= 0, surprise * kind.deviation, 0.0)
    away = np.cumsum(shock * np.exp(step * _PULL)) * np.exp(step * -_PULL)
    log_close = np.log(kind.price) + _TREND * (step + 1) + away
    log_before = np.concatenate(([np.log(kind.price)], log_close[:-1]))
    log_open = log_before + 0.3 * (log_close - log_before) + 0.25 * kind.deviation * gap
    open_, close = ticks.nearest(np.exp(log_open)), ticks.nearest(np.exp(log_close))
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    high = np.maximum(ticks.nearest(top * np.exp(0.45 * kind.deviation * np.abs(up))), top)
    low = np.minimum(ticks.nearest(bottom * np.exp(-0.45 * kind.deviation * np.abs(down))), bottom)
    volume = np.floor(kind.volume * np.exp(0.35 * busy) * (0.75 + 0.35 * np.abs(surprise)))
    return [open_, high, low, close, np.maximum(volume, _LEAST_VOLUME)]


def _surprises(listing: Listing, table: SessionTable, seed: int, first: int, last: int) -> Floats:
    """Returns in deviations: the market's and the contract's own, shape (last - first,)."""
    code, name = table.hours.code, _name(listing)
    market = fat_tailed(words(last, seed, code, "market"), words(last, seed, code, "market regime"))[first:]
    count = last - first
    own = fat_tailed(words(count, seed, name, "return"), words(count, seed, name, "regime"))
    return _MARKET_SHARE * market + _OWN_SHARE * own


def _character(listing: Listing, seed: int) -> _Character:
    chance = uniforms(words(3, seed, _name(listing), "character")).tolist()
    if bundled_span(listing.symbol, listing.primary_exchange):
        bars = bundled_bars(listing.symbol)
        price, volume = float(bars.close[-1]), float(bars.volume[-60:].mean())
    else:
        low, high = (0.8, 40.0) if listing.currency == "AUD" else (8.0, 90.0)
        price, volume = low * (high / low) ** chance[0], 3e5 * 60.0 ** chance[1]
    yearly = 0.10 + 0.14 * chance[2] if listing.stock_type == "ETF" else 0.18 + 0.20 * chance[2]
    return _Character(yearly / SESSIONS_A_YEAR**0.5, price, volume)


def _after_real(listing: Listing, columns: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    bars = bundled_bars(listing.symbol)
    real = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    count = len(bars.day)
    return [np.concatenate((known, made[count:])) for known, made in zip(real, columns, strict=True)]


def _cut(columns: Sequence[npt.NDArray[Any]], start: int, ratio: float, ticks: Ticks) -> None:
    """Prices as after a split from `start` on, and as many more shares, in place."""
    start = max(start, 0)
    for prices in columns[:4]:
        prices[start:] = ticks.nearest(prices[start:] / ratio)
    columns[4][start:] = np.maximum(np.floor(columns[4][start:] * ratio), _LEAST_VOLUME)
