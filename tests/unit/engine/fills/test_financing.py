"""Interest by calendar days, act/360, at the benchmark that held."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.costs import FED_FUNDS, Financing, accruals


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


FLAT = Financing({"2020-01-01": 0.03}, debit_spread=0.015, credit_spread=0.005, credit_from=0.0, borrow_rate=0.0036)


def test_a_weekend_accrues_three_days() -> None:
    found = accruals(FLAT, days("2024-03-07", "2024-03-08", "2024-03-11"))
    assert found.debit == pytest.approx([0.0, 0.045 / 360, 3 * 0.045 / 360])
    assert found.credit == pytest.approx([0.0, 0.025 / 360, 3 * 0.025 / 360])
    assert found.borrow == pytest.approx([0.0, 1e-5, 3e-5])


def test_rows_of_one_date_accrue_once() -> None:
    found = accruals(FLAT, days("2024-03-07", "2024-03-07", "2024-03-08", "2024-03-08"))
    assert found.borrow == pytest.approx([0.0, 0.0, 1e-5, 0.0])


def test_a_date_that_was_passed_already_accrues_nothing_again() -> None:
    found = accruals(FLAT, days("2024-03-07", "2024-03-08", "2024-03-07", "2024-03-08", "2024-03-09"))
    assert found.borrow == pytest.approx([0.0, 1e-5, 0.0, 0.0, 1e-5])


def test_the_rate_is_that_of_the_day_money_was_lent() -> None:
    found = accruals(
        Financing({"2024-03-08": 0.06, "2024-03-01": 0.02}, 0.0, 0.0, 0.0, 0.0),
        days("2024-03-07", "2024-03-08", "2024-03-09"),
    )
    assert found.debit == pytest.approx([0.0, 0.02 / 360, 0.06 / 360])


def test_before_the_first_rate_and_after_the_last_these_hold() -> None:
    found = accruals(Financing(debit_spread=0.0), days("1990-01-01", "1990-01-02", "2026-01-01", "2026-01-02"))
    assert found.debit[1] == pytest.approx(FED_FUNDS["2000-01-01"] / 360)
    assert found.debit[3] == pytest.approx(FED_FUNDS["2024-01-01"] / 360)


def test_cash_never_pays_for_being_held() -> None:
    found = accruals(Financing({"2020-01-01": 0.001}, credit_spread=0.005), days("2024-03-07", "2024-03-08"))
    assert found.credit.tolist() == [0.0, 0.0]


def test_nothing_is_lent_for_anything_without_financing() -> None:
    assert not np.any(np.stack(accruals(Financing.none(), days("2024-03-07", "2024-03-08", "2024-03-11"))))


@pytest.mark.parametrize(
    "benchmark",
    [{}, {"2020-1-1": 0.01}, {"soon": 0.01}, {"2020-W01-1": 0.01}, {"20200101": 0.01}, {"2020-01-01": float("nan")}],
)
def test_a_benchmark_that_cannot_be_read_is_refused(benchmark: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=r"financing\.benchmark"):
        Financing(benchmark)
