"""Runs small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.backtests import Sizing
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, FillCause
from scizor.engine.costs import Commission, Slippage
from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from tests.unit.engine.build import NAN, matrix, panel_of, run, settings


def test_a_decision_at_a_close_fills_at_the_next_open_and_not_before() -> None:
    result = run(panel_of([10, 12, 20], [11, 13, 21]), [1, 1, 1])
    assert result.fills[["row", "side", "quantity", "price"]].tolist() == [(1, 1, 83.0, 12.0)]
    assert result.equity.tolist() == [1_000, 4 + 83 * 13, 4 + 83 * 21]


def test_a_decision_at_the_last_close_is_counted_as_unfilled() -> None:
    result = run(panel_of([10, 10], [10, 10]), [NAN, 1])
    assert len(result.fills) == 0
    assert result.n_open_orders == 1


def test_an_unchanged_target_does_not_rebalance() -> None:
    result = run(panel_of([10, 10, 10, 10], [10, 20, 5, 30]), [0.5, 0.5, NAN, 0.5])
    assert len(result.fills) == 1


def test_buys_pay_more_and_sells_get_less_by_the_slippage() -> None:
    how = settings(slippage=Slippage.bps(100))
    result = run(panel_of([10, 10, 20], [10, 10, 20]), [1, 0, 0], how)
    np.testing.assert_allclose(result.fills["price"], [10.1, 19.8])
    np.testing.assert_allclose(result.fills["slippage"], [99 * 0.1, 99 * 0.2])


def test_commission_is_paid_on_the_notional_of_both_sides_and_sized_for() -> None:
    how = settings(commission=Commission(value_bps=100))
    result = run(panel_of([10, 10, 20], [10, 10, 20]), [1, 0, 0], how)
    # 1000 / (10 + 0.1) buys 99.
    assert result.fills["quantity"].tolist() == [99, 99]
    np.testing.assert_allclose(result.fills["commission"], [9.9, 19.8])
    np.testing.assert_allclose(result.trades["net_pnl"], [990 - 29.7])
    np.testing.assert_allclose(result.trades["return_fraction"], [(990 - 29.7) / 990])


def test_a_buy_that_gapped_beyond_cash_is_cut_to_what_cash_affords_and_counted() -> None:
    result = run(panel_of([10, 12.5], [10, 12.5]), [1, NAN])
    assert result.fills["quantity"].tolist() == [80]
    assert result.n_cut == 1


def test_a_quantity_fixed_at_the_decision_ignores_a_lower_open_and_one_fixed_at_the_fill_uses_it() -> None:
    panel = panel_of([10, 8], [10, 8])
    assert run(panel, [1, NAN]).fills["quantity"].tolist() == [100]
    at_fill = run(panel, [1, NAN], settings(sizing=Sizing.AT_FILL))
    assert at_fill.fills["quantity"].tolist() == [125]


def test_quantities_are_whole_lots() -> None:
    market = Market(panel_of([10, 10], [10, 10]), {"S0": Listing(lot_size=50)})
    result = run(market, [0.99, NAN])
    assert result.fills["quantity"].tolist() == [50]


def test_a_share_that_costs_its_weight_to_the_last_bit_is_bought() -> None:
    rows = [[1_000] * 49] * 2
    result = run(panel_of(rows, rows), [[1 / 49] * 49, [NAN] * 49], settings(initial_cash=49_000))
    assert result.fills["quantity"].tolist() == [1] * 49


def test_a_short_earns_when_the_price_falls() -> None:
    result = run(panel_of([10, 10, 8], [10, 9, 8]), [-1, 0, NAN])
    assert result.short_value.tolist() == [0, -900, 0]
    assert result.equity.tolist() == [1_000, 1_100, 1_200]
    assert result.trades[["direction", "quantity", "gross_pnl"]].tolist() == [(-1, 100.0, 200.0)]


def test_a_reversal_closes_then_opens() -> None:
    result = run(panel_of([10, 10, 20, 20], [10, 20, 20, 20]), [1, -1, NAN, NAN])
    assert result.fills[["row", "side", "quantity"]].tolist() == [(1, 1, 100.0), (2, -1, 100.0), (2, -1, 100.0)]
    assert result.positions.tolist() == [-100]


def test_the_sale_of_one_symbol_pays_for_the_purchase_of_another_before_it() -> None:
    rows = [[10, 10]] * 3
    result = run(panel_of(rows, rows), [[0, 1], [1, 0], [NAN, NAN]])
    assert result.fills[["row", "symbol", "side"]].tolist() == [(1, 1, 1), (2, 1, -1), (2, 0, 1)]
    assert result.n_cut == 0


def test_an_order_waits_for_the_next_open_its_symbol_has() -> None:
    result = run(panel_of([10, NAN, NAN, 12], [10, NAN, NAN, 12]), [1, NAN, NAN, NAN])
    assert result.fills[["row", "price"]].tolist() == [(3, 12.0)]


def test_a_later_decision_replaces_an_order_that_still_waits() -> None:
    result = run(panel_of([10, NAN, 10], [10, NAN, 10]), [1, 0.5, NAN])
    assert result.fills["quantity"].tolist() == [50]


def test_a_symbol_without_a_bar_is_marked_at_its_last_close() -> None:
    result = run(panel_of([10, 10, NAN], [10, 11, NAN]), [1, NAN, NAN])
    assert result.equity.tolist() == [1_000, 1_100, 1_100]


def test_a_target_before_the_first_bar_of_its_symbol_is_no_decision() -> None:
    result = run(panel_of([[10, NAN], [10, 5], [10, 5]], [[10, NAN], [10, 5], [10, 5]]), [[0, 1], [0, NAN], [0, NAN]])
    assert len(result.fills) == 0


def test_a_scaled_trade_has_the_weighted_prices_of_its_entries_and_exits() -> None:
    how = settings(sizing=Sizing.AT_FILL)
    bars = [10, 10, 20, 20, 40]
    result = run(panel_of(bars, bars), [0.5, 1, 0.5, 0, NAN], how)
    # In: 50 at 10 and 25 at 20. Out: 38 at 20 and 37 at 40.
    assert result.fills["quantity"].tolist() == [50, 25, 38, 37]
    trade = result.trades[0]
    assert trade["quantity"] == 75
    assert trade["entry_price"] == pytest.approx((50 * 10 + 25 * 20) / 75)
    assert trade["exit_price"] == pytest.approx((38 * 20 + 37 * 40) / 75)
    assert trade["gross_pnl"] == 38 * 20 + 37 * 40 - 1_000


def test_an_open_position_is_closed_at_the_last_close_only_when_asked_and_says_so() -> None:
    panel = panel_of([10, 10, 12], [10, 11, 13])
    assert len(run(panel, [1, NAN, NAN]).trades) == 0
    result = run(panel, [1, NAN, NAN], settings(close_open_at_end=True))
    assert result.trades[["exit_row", "exit_price", "exit_cause"]].tolist() == [(2, 13.0, FillCause.END_OF_RUN)]
    assert result.equity[-1] == result.cash[-1] == 1_300
    assert result.in_market.tolist() == [False, True, True]


def test_an_account_that_lost_everything_is_liquidated_and_stops_trading() -> None:
    result = run(panel_of([10, 10, 25, 10], [10, 21, 25, 10]), [-1, 1, 1, 0.5])
    assert result.ruined
    assert result.ruined_row == 1
    assert result.fills[["row", "side", "price"]].tolist() == [(1, -1, 10.0), (1, 1, 21.0)]
    assert result.equity.tolist() == [1_000, -100, -100, -100]
    assert result.gross_exposure.tolist() == [0, 0, 0, 0]


def test_progress_counts_the_bars_that_exist() -> None:
    simulation = Simulation(panel_of([10, NAN, 10], [10, NAN, 10]), Settings(), matrix([1, NAN, NAN]))
    assert (simulation.bars_done, simulation.bars_total, simulation.rows_total) == (0, 2, 3)
    assert not simulation.advance(2)
    assert (simulation.bars_done, simulation.rows_done) == (1, 2)
    assert simulation.advance(2)
    assert simulation.bars_done == 2


def test_read_only_prices_are_fine() -> None:
    panel, weights = panel_of([10, 10], [10, 10]), matrix([1, NAN])
    for array in (panel.open, panel.close, weights):
        array.setflags(write=False)
    assert len(Simulation(panel, Settings(), weights).run().fills) == 1


@pytest.mark.parametrize("weights", [[2, NAN], [NAN, -1.5], [float("inf"), 0]])
def test_a_weight_beyond_one_is_refused(weights: list[float]) -> None:
    with pytest.raises(InvalidInput, match=r"targets: a weight at 2020-01-0\d is outside"):
        run(panel_of([10, 10], [10, 10]), weights)


def test_a_cash_account_takes_no_negative_weight_and_one_on_margin_takes_what_it_lends() -> None:
    panel = panel_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"targets: a weight at 2020-01-01 is outside \[0, 1\]"):
        run(panel, [-0.5, NAN], settings(account=AccountType.CASH))
    assert run(panel, [2, NAN], settings(account=AccountType.MARGIN)).positions.tolist() == [200]


def test_standing_weights_that_sum_to_more_than_one_are_refused() -> None:
    rows = [[10, 10]] * 2
    with pytest.raises(InvalidInput, match="2020-01-02 sum to over 1"):
        run(panel_of(rows, rows), [[0.75, NAN], [NAN, -0.5]])


def test_targets_of_another_shape_are_refused() -> None:
    with pytest.raises(InvalidInput, match="targets: must have shape"):
        run(panel_of([10, 10], [10, 10]), [1])


def test_a_result_before_the_end_is_refused() -> None:
    simulation = Simulation(panel_of([10, 10], [10, 10]), Settings(), matrix([1, NAN]))
    simulation.advance(1)
    with pytest.raises(InvalidInput, match="1 rows are still to do"):
        simulation.result()
    with pytest.raises(InvalidInput, match="n_rows"):
        simulation.advance(0)
