"""What a fill pays a share: slippage, then the tick, never beyond a limit."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import PriceRounding
from scizor.engine.costs import Slippage, SlippageModel
from scizor.engine.costs.pricing import pay_price_nb, pricing_of
from scizor.engine.settings import Settings

NO_LIMIT = math.nan


def paid(
    slippage: Slippage | None = None,
    side: int = 1,
    price: float = 100.0,
    *,
    shares: float = 100.0,
    volume: float = 1_000.0,
    limit: float = NO_LIMIT,
    tick: float = 0.01,
    rounding: PriceRounding = PriceRounding.NONE,
    cap: float | None = None,
) -> float:
    settings = Settings(slippage=slippage or Slippage(), price_rounding=rounding, max_participation=cap)
    return pay_price_nb(pricing_of(settings), side, price, shares, volume, limit, tick)


def test_without_slippage_a_fill_pays_the_price() -> None:
    assert paid(price=100.123) == 100.123


def test_slippage_in_bps_is_of_the_price_and_against_the_order() -> None:
    assert paid(Slippage.bps(5), 1, 200.0) == pytest.approx(200.1)
    assert paid(Slippage.bps(5), -1, 200.0) == pytest.approx(199.9)


def test_half_a_spread_is_an_amount() -> None:
    assert paid(Slippage.half_spread(0.25), 1) == 100.25
    assert paid(Slippage.half_spread(0.25), -1) == 99.75


def test_a_half_spread_wider_than_the_price_leaves_a_sell_something() -> None:
    assert 0.0 < paid(Slippage.half_spread(5.0), -1, 2.0) < 0.01


@pytest.mark.parametrize(("volume", "cap", "impact"), [(2_000.0, 0.025, 0.1), (200.0, 0.25, 0.001)])
def test_the_unit_value_of_ziplines_volume_share_slippage(volume: float, cap: float, impact: float) -> None:
    assert paid(Slippage.volume_share(impact), price=3.5, shares=50.0, volume=volume, cap=cap) == 3.50021875


def test_the_share_of_the_volume_counts_up_to_the_participation() -> None:
    model = Slippage.volume_share(0.1)
    assert paid(model, shares=500.0, cap=0.2) == pytest.approx(100 * (1 + 0.1 * 0.04))
    assert paid(model, shares=5_000.0) == pytest.approx(100 * (1 + 0.1))


@pytest.mark.parametrize("volume", [0.0, math.nan])
def test_there_is_no_share_of_no_volume(volume: float) -> None:
    assert paid(Slippage.volume_share(0.1), volume=volume) == 100.0


@pytest.mark.parametrize(("side", "limit", "pays"), [(1, 100.2, 100.2), (1, 102.0, 101.0), (-1, 99.9, 99.9)])
def test_slippage_ends_at_a_limit(side: int, limit: float, pays: float) -> None:
    assert paid(Slippage.bps(100), side, limit=limit) == pays


@pytest.mark.parametrize(
    ("rounding", "side", "price", "pays"),
    [
        (PriceRounding.NEAREST, 1, 10.02, 10.0),
        (PriceRounding.NEAREST, 1, 10.025, 10.05),
        (PriceRounding.NEAREST, -1, 10.025, 10.0),
        (PriceRounding.NEAREST, -1, 10.03, 10.05),
        (PriceRounding.ADVERSE, 1, 10.01, 10.05),
        (PriceRounding.ADVERSE, -1, 10.04, 10.0),
        (PriceRounding.ADVERSE, 1, 10.05, 10.05),
        (PriceRounding.ADVERSE, -1, 10.05, 10.05),
        (PriceRounding.NONE, 1, 10.01, 10.01),
    ],
)
def test_a_price_goes_to_its_tick(rounding: PriceRounding, side: int, price: float, pays: float) -> None:
    assert paid(side=side, price=price, rounding=rounding, tick=0.05) == pays


def test_rounding_ends_at_a_limit() -> None:
    assert paid(price=10.01, limit=10.02, rounding=PriceRounding.ADVERSE, tick=0.05) == 10.02
    assert paid(side=-1, price=10.04, limit=10.03, rounding=PriceRounding.ADVERSE, tick=0.05) == 10.03


def test_no_tick_and_a_tick_beyond_the_price_leave_it_alone() -> None:
    assert paid(price=10.013, rounding=PriceRounding.ADVERSE, tick=0.0) == 10.013
    assert paid(side=-1, price=0.3, rounding=PriceRounding.ADVERSE, tick=1.0) == 0.3


_HOW = {
    (PriceRounding.NEAREST, 1): ROUND_HALF_UP,
    (PriceRounding.NEAREST, -1): ROUND_HALF_DOWN,
    (PriceRounding.ADVERSE, 1): ROUND_CEILING,
    (PriceRounding.ADVERSE, -1): ROUND_FLOOR,
}


@given(
    st.sampled_from(list(_HOW)),
    st.sampled_from(["0.0001", "0.001", "0.005", "0.01", "0.05", "0.25", "1", "2.5"]),
    st.integers(50_000, 90_000_000),
)
def test_rounded_prices_are_the_floats_of_the_decimal_ones(
    how: tuple[PriceRounding, int], tick: str, ten_thousandths: int
) -> None:
    rounding, side = how
    price = Decimal(ten_thousandths).scaleb(-4)
    expected = (price / Decimal(tick)).to_integral_value(_HOW[how]) * Decimal(tick)
    assert paid(side=side, price=float(price), rounding=rounding, tick=float(tick)) == float(expected)


@pytest.mark.parametrize(
    ("model", "amount"),
    [
        (SlippageModel.BPS, 10_000.0),
        (SlippageModel.VOLUME_SHARE, 1.0),
        (SlippageModel.BPS, -1.0),
        (SlippageModel.HALF_SPREAD, math.nan),
    ],
)
def test_slippage_that_cannot_be_is_refused(model: SlippageModel, amount: float) -> None:
    with pytest.raises(InvalidInput, match=r"slippage\.amount"):
        Slippage(model, amount)
