from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.backtests import Sizing
from scizor.domain.orders import AccountType, FillTiming
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy import Bar, EventStrategy, VectorStrategy, all_strategies, get
from scizor.strategy.drive import Driver
from scizor.strategy.live import LiveWeights
from scizor.strategy.lookahead import check_lookahead
from scizor.strategy.weights import weights_of
from tests.unit.strategy.build import NAN, first_rows, panel_of, random_panel

# Windows short enough for a few hundred rows to decide often.
SHORT: dict[str, dict[str, object]] = {
    "sma_cross": {"fast": 3, "slow": 8, "direction": "long_short"},
    "buy_and_hold": {},
    "rsi_reversion": {"window": 5, "buy_below": 40.0},
    "donchian_breakout": {"entry_window": 8, "exit_window": 4},
    "momentum_rotation": {"lookback": 20, "hold": 2},
}
SHAPES = [
    pytest.param(random_panel(300, 1, 1), id="one symbol"),
    pytest.param(random_panel(300, 4, 2, gaps=0.05), id="four with gaps"),
    pytest.param(random_panel(300, 3, 3, bar_ns=3_600_000_000_000, bars_a_day=7), id="three by the hour"),
]
DEFAULTS = Settings()
each_strategy = pytest.mark.parametrize("name", SHORT)


def vector_of(name: str) -> VectorStrategy:
    made = get(name)(**SHORT[name])
    assert isinstance(made, VectorStrategy)
    return made


def event_of(name: str) -> EventStrategy:
    made = get(f"{name}_event")(**SHORT[name])
    assert isinstance(made, EventStrategy)
    return made


def run_vector(name: str, panel: Panel, settings: Settings = DEFAULTS) -> Result:
    market = Market(panel)
    simulation = Simulation(market, settings, weights_of(vector_of(name), market, settings))
    simulation.advance(panel.n_rows)
    return simulation.result()


def run_event(name: str, panel: Panel, settings: Settings = DEFAULTS) -> Result:
    driver = Driver(event_of(name), Market(panel), settings)
    driver.run()
    return driver.simulation.result()


def test_every_built_in_strategy_is_proven_here() -> None:
    assert {one.id.removesuffix("_event") for one in all_strategies()} == set(SHORT)


@each_strategy
@pytest.mark.parametrize("panel", SHAPES)
def test_both_ways_of_writing_make_the_same_fills_and_the_same_money(name: str, panel: Panel) -> None:
    vector, event = run_vector(name, panel), run_event(name, panel)
    # Which fills there are, not which number an order got: a vector also decides what an event strategy leaves unsaid.
    for column in ("row", "symbol", "side", "quantity", "price", "commission"):
        np.testing.assert_array_equal(vector.fills[column], event.fills[column])
    assert len(vector.fills) > 0
    np.testing.assert_array_equal(vector.equity, event.equity)


@each_strategy
@pytest.mark.parametrize(
    "settings",
    [
        Settings(fill_timing=FillTiming.NEXT_CLOSE),
        Settings(fill_timing=FillTiming.SAME_CLOSE),
        Settings(sizing=Sizing.AT_FILL, close_open_at_end=True),
        Settings(account=AccountType.MARGIN, max_participation=0.0001),
    ],
)
def test_both_ways_agree_under_other_settings(name: str, settings: Settings) -> None:
    panel = random_panel(300, 3, 6, gaps=0.05)
    vector, event = run_vector(name, panel, settings), run_event(name, panel, settings)
    np.testing.assert_array_equal(vector.fills["row"], event.fills["row"])
    np.testing.assert_array_equal(vector.equity, event.equity)


@given(st.sampled_from(sorted(SHORT)), st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
@hypothesis.settings(max_examples=60, deadline=None)
def test_both_ways_agree_whatever_the_bars(name: str, seed: int, n_symbols: int, gaps: float) -> None:
    panel = random_panel(70, n_symbols, seed, gaps=gaps)
    vector, event = run_vector(name, panel), run_event(name, panel)
    np.testing.assert_array_equal(vector.fills["row"], event.fills["row"])
    np.testing.assert_array_equal(vector.equity, event.equity)


@each_strategy
@pytest.mark.parametrize("panel", SHAPES)
def test_fed_bar_by_bar_it_decides_what_it_decides_at_once(name: str, panel: Panel) -> None:
    short = first_rows(panel, 80)
    weights = weights_of(vector_of(name), Market(short), Settings())
    live = LiveWeights(vector_of(name), panel.symbols, Settings(), window_rows=80)
    standing: dict[str, float] = {}
    for row in range(short.n_rows):
        bars = {
            symbol: Bar(*(float(getattr(short, column)[row, index]) for column in Bar._fields))
            for index, symbol in enumerate(short.symbols)
            if not np.isnan(short.close[row, index])
        }
        session, opens, closes = short.sessions[row].item(), int(short.open_ns[row]), int(short.close_ns[row])
        told = live.feed(session, opens, closes, bars)
        decided = {
            symbol: float(weight)
            for symbol, weight in zip(short.symbols, weights[row], strict=True)
            if weight == weight and standing.get(symbol) != weight
        }
        assert told == decided
        standing |= decided


@each_strategy
def test_none_of_them_sees_the_future(name: str) -> None:
    market = Market(random_panel(150, 3, 4, gaps=0.05))
    assert check_lookahead(vector_of(name), market, Settings(), n_cuts=6) is None
    assert check_lookahead(event_of(name), market, Settings(), n_cuts=6) is None


@pytest.mark.parametrize(("direction", "below"), [("long_only", 0.0), ("long_short", -0.5)])
def test_sma_cross_follows_the_side_from_the_first_cross_on(direction: str, below: float) -> None:
    panel = panel_of([[price, 7.0] for price in [1.0, 2, 3, 2, 1, 5]])
    strategy = get("sma_cross")(fast=1, slow=2, direction=direction)
    assert isinstance(strategy, VectorStrategy)
    weights = weights_of(strategy, Market(panel), Settings())
    np.testing.assert_array_equal(weights[:, 0], [NAN, NAN, NAN, below, below, 0.5])
    assert np.isnan(weights[:, 1]).all()


def test_buy_and_hold_wants_an_equal_share_of_each_symbol_from_its_first_bar() -> None:
    strategy = get("buy_and_hold")()
    assert isinstance(strategy, VectorStrategy)
    weights = weights_of(strategy, Market(panel_of([[1.0, NAN], [2.0, 5.0]])), Settings())
    np.testing.assert_array_equal(weights, [[0.5, NAN], [0.5, 0.5]])


def test_momentum_rotation_turns_to_the_strongest_at_the_first_close_of_a_month() -> None:
    closes = [[100.0 + row, 100.0 + 2 * row, 100.0 - row] for row in range(40)]
    strategy = get("momentum_rotation")(lookback=5, hold=1)
    assert isinstance(strategy, VectorStrategy)
    weights = weights_of(strategy, Market(panel_of(closes)), Settings())
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(weights[:, 0])), [31])  # 1 February 1970
    np.testing.assert_array_equal(weights[31], [0.0, 1.0, 0.0])
