from __future__ import annotations

import pytest

from scizor.engine.fills import commission_nb, fill_price_nb, unit_cost_nb
from scizor.engine.sizing import whole_quantity_nb


def test_a_buy_pays_the_open_and_the_slippage() -> None:
    assert fill_price_nb(200.0, 1, 0.0005) == pytest.approx(200.1)


def test_a_sell_gets_the_open_less_the_slippage() -> None:
    assert fill_price_nb(200.0, -1, 0.0005) == pytest.approx(199.9)


def test_commission_is_a_fraction_of_the_notional() -> None:
    assert commission_nb(20_000.0, 0.0015) == pytest.approx(30.0)


def test_a_share_costs_its_fill_price_and_its_commission() -> None:
    assert unit_cost_nb(100.0, 1, 0.01, 0.1) == pytest.approx(101 * 1.1)


@pytest.mark.parametrize(
    ("budget", "lot", "shares"), [(999.0, 1, 99), (1_000.0, 1, 100), (999.0, 50, 50), (-5.0, 1, 0)]
)
def test_a_budget_buys_whole_lots(budget: float, lot: int, shares: int) -> None:
    assert whole_quantity_nb(budget, 10.0, lot) == shares
