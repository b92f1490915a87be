"""What the account bears: reservations, cuts, margin, ruin."""

from __future__ import annotations

import pytest

from scizor.domain.orders import AccountType, FillCause, OrderEnd, OrderState, OrderType
from scizor.engine.costs import Commission, Slippage
from scizor.engine.settings import Margin, Settings
from tests.unit.engine.build import bars, panel_of, settings
from tests.unit.engine.portfolio.play import buy, cancel, ends, fills, play, sell, weigh

FLAT = (10, 10, 10, 10)
REJECTED = (OrderState.REJECTED, OrderEnd.INSUFFICIENT_FUNDS)


def on_margin(**changes: object) -> Settings:
    return settings(account=AccountType.MARGIN, **changes)


def test_open_orders_keep_free_what_they_may_need() -> None:
    limits = [buy(60, OrderType.LIMIT, limit=9), buy(52, OrderType.LIMIT, limit=9), buy(51, OrderType.LIMIT, limit=9)]
    result = play(bars([FLAT] * 2), {0: limits})
    assert [state for state, _ in ends(result)] == [OrderState.WORKING, OrderState.REJECTED, OrderState.WORKING]
    assert result.n_rejected == 1


def test_an_order_that_is_cancelled_frees_what_it_kept() -> None:
    script = {0: [buy(100, OrderType.LIMIT, limit=10), cancel(1), buy(100, OrderType.LIMIT, limit=10)]}
    assert play(bars([FLAT] * 2), script).n_rejected == 0


def test_slippage_and_commission_are_kept_free_too() -> None:
    costly = settings(slippage=Slippage.bps(100), commission=Commission(minimum=50))
    result = play(bars([FLAT] * 2), {0: [buy(95), buy(94)]}, costly)
    assert ends(result)[0] == REJECTED  # 95 x 10.1 + 50 > 1000
    assert fills(result) == [(1, 2, 94, 10.1)]


def test_a_cash_account_sells_only_what_it_has() -> None:
    how = settings(account=AccountType.CASH)
    result = play(bars([FLAT] * 3), {0: [sell(1), buy(10)], 1: [sell(10), sell(11)]}, how)
    not_shortable = (OrderState.REJECTED, OrderEnd.NOT_SHORTABLE)
    assert [ends(result)[0], ends(result)[3]] == [not_shortable, not_shortable]
    assert result.positions.tolist() == [0]


def test_two_sells_of_one_position_in_a_cash_account_end_flat() -> None:
    result = play(bars([FLAT] * 3), {0: [buy(10)], 1: [sell(10), sell(10)]}, settings(account=AccountType.CASH))
    assert fills(result) == [(1, 1, 10, 10), (2, 2, -10, 10)]
    assert result.n_cut == 1


def test_a_buy_that_gapped_is_cut_and_one_that_covers_a_short_is_not() -> None:
    result = play(bars([FLAT, FLAT, (30, 30, 30, 30)]), {0: [sell(20)], 1: [buy(60)]})
    # 1200 in cash at 30: the 20 that are short are bought back whatever it takes, 600 are left for 20 more.
    assert fills(result) == [(1, 1, -20, 10), (2, 2, 20, 30), (2, 2, 20, 30)]
    assert result.n_cut == 1
    assert ends(result)[1] == (OrderState.CANCELLED, OrderEnd.INSUFFICIENT_FUNDS)


def test_regulation_t_lends_as_much_again() -> None:
    result = play(bars([FLAT] * 2), {0: [buy(201), buy(150), sell(51), buy(50)]}, on_margin())
    # 0.5 x (1500 + 510) > 1000: an order that may add keeps its margin free whichever way it goes.
    assert ends(result)[:3] == [REJECTED, (OrderState.FILLED, OrderEnd.NONE), REJECTED]
    assert result.positions.tolist() == [200]
    assert result.cash.tolist() == [1_000, -1_000]


def test_a_fill_is_cut_to_what_the_initial_margin_allows() -> None:
    result = play(bars([FLAT, (16, 16, 16, 16)]), {0: [buy(200)]}, on_margin())
    assert fills(result) == [(1, 1, 125, 16)]  # 0.5 x 125 x 16 = 1000
    assert result.n_cut == 1
    short = play(bars([FLAT, (16, 16, 16, 16)]), {0: [sell(200)]}, on_margin())
    assert fills(short) == [(1, 1, -125, 16)]


def test_a_margin_call_reduces_every_position_at_its_next_open() -> None:
    rows = [FLAT, FLAT, (6, 6, 6, 6), (5.5, 5.5, 5.5, 5.5)]
    result = play(bars(rows), {0: [buy(200)]}, on_margin())
    # At 6 equity is 200 and the requirement 300: a third of 200 shares, rounded up.
    assert fills(result)[1:] == [(3, 0, -67, 5.5)]
    assert result.fills["cause"].tolist() == [FillCause.ORDER, FillCause.MARGIN_CALL]
    assert result.n_margin_calls == 2


def test_the_maintenance_margin_of_a_short_is_its_own() -> None:
    how = on_margin(margin=Margin(0.5, 0.25, 0.5))
    result = play(bars([FLAT, FLAT, (14, 14, 14, 14), FLAT]), {0: [sell(100)]}, how)
    # Equity 600 against 0.5 x 1400: one part in seven of 100 shares is 14.3.
    assert fills(result)[1:] == [(3, 0, 15, 10)]


def test_an_account_that_lost_all_is_closed_and_rejects_orders() -> None:
    result = play(
        bars([FLAT, FLAT, (4, 4, 4, 4), FLAT]),
        {0: [buy(199), buy(1, OrderType.LIMIT, limit=1)], 2: [buy(1)]},
        on_margin(),
    )
    assert fills(result)[1:] == [(2, 0, -199, 4)]
    assert ends(result)[1:] == [(OrderState.CANCELLED, OrderEnd.RUIN), (OrderState.REJECTED, OrderEnd.RUIN)]
    assert result.ruined_row == 2
    assert result.equity.tolist() == [1_000, 1_000, -194, -194]


@pytest.mark.parametrize(("buffer", "shares"), [(0.0, 100), (0.05, 95)])
def test_a_buffer_of_cash_is_left_by_orders_by_weight(buffer: float, shares: float) -> None:
    assert fills(play(bars([FLAT] * 2), {0: [weigh(1)]}, settings(cash_buffer=buffer))) == [(1, 1, shares, 10)]


def test_orders_by_weight_are_cut_not_rejected_and_replace_one_another() -> None:
    nan = float("nan")
    panel = panel_of([10, nan, 20], [10, nan, 20])
    result = play(panel, {0: [weigh(0.5)], 1: [weigh(1)]})
    assert ends(result) == [
        (OrderState.CANCELLED, OrderEnd.REPLACED),
        (OrderState.CANCELLED, OrderEnd.INSUFFICIENT_FUNDS),
    ]
    assert fills(result) == [(2, 2, 50, 20)]


def test_a_weight_for_what_is_held_already_has_nothing_to_do() -> None:
    result = play(bars([FLAT] * 3), {0: [buy(50)], 1: [weigh(0.5), weigh(0.5)]})
    assert ends(result)[1:] == [(OrderState.CANCELLED, OrderEnd.NOTHING_TO_DO)]
