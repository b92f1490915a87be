"""The kernel against the rules in exact fractions, on small random markets with gaps, shorts, costs and ruin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.engine import Prices, Result, Settings, Simulation
from tests.unit.engine.build import NAN, prices_of, weights_of
from tests.unit.engine.oracle import replay, round_trips


class Market(NamedTuple):
    prices: Prices
    targets: FloatArray
    settings: Settings


# Quarters are exact in binary, so that which side of a whole lot a quantity falls on is not left to rounding.
price = st.integers(4, 160).map(lambda quarters: quarters / 4)
bar = st.one_of(st.tuples(price, price), st.tuples(price, price), st.just((NAN, NAN)))


@st.composite
def markets(draw: st.DrawFn) -> Market:
    n_sessions, n_symbols = draw(st.integers(1, 14)), draw(st.integers(1, 3))
    bars = draw(
        st.lists(st.lists(bar, min_size=n_symbols, max_size=n_symbols), min_size=n_sessions, max_size=n_sessions)
    )
    weight = st.sampled_from([NAN, NAN, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0]).map(lambda one: one / n_symbols)
    row = st.lists(weight, min_size=n_symbols, max_size=n_symbols)
    weights = draw(st.lists(row, min_size=n_sessions, max_size=n_sessions))
    prices = prices_of([[one[0] for one in row] for row in bars], [[one[1] for one in row] for row in bars])
    return Market(
        prices,
        weights_of(weights),
        Settings(
            initial_cash=draw(st.sampled_from([60.0, 1_000.0, 12_345.67])),
            commission_bps=draw(st.sampled_from([0.0, 7.5, 200.0])),
            slippage_bps=draw(st.sampled_from([0.0, 3.0, 150.0])),
            sizing=draw(st.sampled_from(Sizing)),
            lot_size=draw(st.sampled_from([1, 1, 5])),
            close_open_at_end=draw(st.booleans()),
        ),
    )


def in_chunks(market: Market, n_sessions: int) -> Result:
    simulation = Simulation(market.prices, market.targets, market.settings)
    while not simulation.advance(n_sessions):
        pass
    return simulation.result()


@given(markets())
@settings(max_examples=400, deadline=None)
def test_the_kernel_does_what_the_rules_say(market: Market) -> None:
    result = in_chunks(market, 1_000)
    account = replay(*market)
    np.testing.assert_allclose(result.equity, np.array(account.equity, np.float64), rtol=1e-9, atol=1e-9)
    assert result.ruined_session == account.ruined_session
    assert result.n_cut_buys == account.n_cut
    assert result.n_unfilled_orders == len(account.orders)
    assert [(fill["session"], fill["symbol"], fill["side"] * fill["quantity"]) for fill in result.fills] == [
        (fill.session, fill.symbol, fill.shares) for fill in account.fills
    ]
    np.testing.assert_allclose(result.fills["price"], [float(fill.price) for fill in account.fills])
    np.testing.assert_allclose(result.fills["commission"], [float(fill.commission) for fill in account.fills])


@given(markets())
@settings(max_examples=400, deadline=None)
def test_trades_are_the_round_trips_of_the_fills(market: Market) -> None:
    result = in_chunks(market, 1_000)
    expected = round_trips(replay(*market).fills)
    for name, kind in (("symbol", int), ("direction", int), ("entry_session", int), ("exit_session", int)):
        assert result.trades[name].tolist() == [kind(getattr(trade, name)) for trade in expected]
    assert result.trades["open_at_end"].tolist() == [trade.at_end for trade in expected]
    for name, attribute in (("quantity", "shares"), ("entry_price",) * 2, ("exit_price",) * 2, ("net_pnl",) * 2):
        actual = result.trades[name]
        np.testing.assert_allclose(actual, [float(getattr(one, attribute)) for one in expected], rtol=1e-9, atol=1e-9)


@given(markets())
@settings(max_examples=200, deadline=None)
def test_equity_moves_only_by_what_trades_and_open_positions_earned(market: Market) -> None:
    result = in_chunks(market, 1_000)
    np.testing.assert_allclose(result.cash + result.long_value + result.short_value, result.equity, rtol=1e-12)
    if not result.positions.any():
        earned = market.settings.initial_cash + np.sum(result.trades["net_pnl"])
        np.testing.assert_allclose(result.equity[-1], earned, rtol=1e-9, atol=1e-9)


@given(markets(), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_the_size_of_a_chunk_does_not_change_one_bit(market: Market, n_sessions: int) -> None:
    whole, pieces = in_chunks(market, 1_000), in_chunks(market, n_sessions)
    for name in ("equity", "cash", "long_value", "short_value", "in_market", "fills", "trades", "positions"):
        assert getattr(whole, name).tobytes() == getattr(pieces, name).tobytes()


@given(markets(), st.integers(1, 13))
@settings(max_examples=200, deadline=None)
def test_the_future_changes_nothing_before_it(market: Market, kept: int) -> None:
    prices, targets, how = market
    kept = min(kept, prices.n_sessions)
    how = Settings(how.initial_cash, how.commission_bps, how.slippage_bps, how.sizing, how.lot_size)
    past = Prices(
        prices.symbols,
        prices.sessions[:kept],
        prices.open[:kept],
        prices.high[:kept],
        prices.low[:kept],
        prices.close[:kept],
    )
    short, full = Simulation(past, targets[:kept], how).run(), Simulation(prices, targets, how).run()
    assert short.equity.tobytes() == full.equity[:kept].tobytes()
    assert short.fills.tobytes() == full.fills[: len(short.fills)].tobytes()
