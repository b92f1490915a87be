"""Interest and borrow fees: as a value, and as what each row of a run accrues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import DateArray
from scizor.engine.costs._checks import check_not_negative

_DAYS_A_YEAR = 360.0

# Effective federal funds rate, annual means. Source: Federal Reserve H.15, public domain. The last one holds on.
FED_FUNDS: Mapping[str, float] = {
    "2000-01-01": 0.0624,
    "2001-01-01": 0.0388,
    "2002-01-01": 0.0167,
    "2003-01-01": 0.0113,
    "2004-01-01": 0.0135,
    "2005-01-01": 0.0322,
    "2006-01-01": 0.0497,
    "2007-01-01": 0.0502,
    "2008-01-01": 0.0192,
    "2009-01-01": 0.0016,
    "2010-01-01": 0.0018,
    "2011-01-01": 0.0010,
    "2012-01-01": 0.0014,
    "2013-01-01": 0.0011,
    "2014-01-01": 0.0009,
    "2015-01-01": 0.0013,
    "2016-01-01": 0.0040,
    "2017-01-01": 0.0100,
    "2018-01-01": 0.0183,
    "2019-01-01": 0.0216,
    "2020-01-01": 0.0038,
    "2021-01-01": 0.0008,
    "2022-01-01": 0.0168,
    "2023-01-01": 0.0502,
    "2024-01-01": 0.0514,
}


@dataclass(frozen=True, slots=True)
class Financing:
    """Interest and borrow fees, as annual fractions, act/360.

    `benchmark`: the overnight rate by the date from which it holds (ISO), before the first of them that of the first,
    after the last that of the last; by default US dollars from 2000 to 2024. Negative cash pays benchmark +
    `debit_spread`; positive cash beyond `credit_from` (base currency) earns max(benchmark - `credit_spread`, 0); shorts
    pay `borrow_rate` on their value. The spreads are those of Interactive Brokers' first tier.
    """

    benchmark: Mapping[str, float] = field(default_factory=lambda: dict(FED_FUNDS))
    debit_spread: float = 0.015
    credit_spread: float = 0.005
    credit_from: float = 10_000.0
    borrow_rate: float = 0.0025

    def __post_init__(self) -> None:
        check_not_negative(self, "debit_spread", "credit_spread", "credit_from", "borrow_rate")
        if not self.benchmark:
            raise InvalidInput.of_field("financing.benchmark", "at least one rate is needed")
        for day, rate in self.benchmark.items():
            if not (_is_date(day) and np.isfinite(rate)):
                raise InvalidInput.of_field(
                    f"financing.benchmark.{day}", "must be a finite rate by a date as YYYY-MM-DD"
                )

    @classmethod
    def none(cls) -> Financing:
        """Money and shares are lent for nothing, and cash earns nothing."""
        return cls({"1970-01-01": 0.0}, 0.0, 0.0, 0.0, 0.0)


class Accruals(NamedTuple):
    """What each row's open takes or brings, as fractions of the amounts lent; shape (n_rows,) each, 0 for most."""

    debit: FloatArray
    credit: FloatArray
    borrow: FloatArray


def accruals(financing: Financing, sessions: DateArray) -> Accruals:
    """Interest of the calendar days since the session before, on rows that are the first of a new date.

    `sessions`: datetime64[D], shape (n_rows,). Days from date to date, at the benchmark that held on the earlier; a
    row whose date is not after all before it accrues nothing.
    """
    days = sessions.astype("datetime64[D]").astype(np.int64)
    latest = np.maximum.accumulate(days)
    before = np.concatenate([latest[:1], latest[:-1]])
    years = (latest - before) / _DAYS_A_YEAR
    starts = sorted(financing.benchmark)
    holds = np.searchsorted(np.array(starts, "datetime64[D]").astype(np.int64), before, side="right") - 1
    rates = np.array([float(financing.benchmark[start]) for start in starts])[np.maximum(holds, 0)]
    return Accruals(
        debit=np.maximum(rates + financing.debit_spread, 0.0) * years,
        credit=np.maximum(rates - financing.credit_spread, 0.0) * years,
        borrow=financing.borrow_rate * years,
    )


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text  # weeks such as 2020-W01-1 are ISO, too
    except ValueError:
        return False
