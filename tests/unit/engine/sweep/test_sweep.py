from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import islice

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, FillTiming, PriceRounding
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.costs.commissions import Commission
from scizor.engine.costs.financing import Financing
from scizor.engine.costs.slippage import Slippage
from scizor.engine.indicators import sma_cross
from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.engine.sweep import Called, Grid, keep_best, sweep
from scizor.engine.sweep.crosses import sma_cross_plan
from scizor.engine.sweep.grid import Value
from tests.unit.engine.sweep.build import intraday_panel_of, panel_of, random_closes

FIGURES = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "win_rate")
SAME_NAME = (*FIGURES, "n_trades", "time_in_market", "commissions")


def check_against_simulation(
    market: Market, chosen: Settings, records: np.ndarray, targets: Callable[[np.void], FloatArray], first_row: int = 0
) -> None:
    for record in records:
        result = Simulation(market, chosen, targets(record), first_row=first_row).run()
        assert record["final_equity"] == result.equity[-1]
        metrics = {one.name: one.value for one in evaluate(result, market.panel)}
        for name in SAME_NAME:
            expected = metrics[name]
            np.testing.assert_allclose(
                record[name], np.nan if expected is None else expected, rtol=1e-10, atol=1e-12, err_msg=name
            )
        assert record["ruined"] == result.ruined


commissions = st.sampled_from(
    [
        Commission(),
        Commission(per_share=0.005, minimum=1.0, maximum_bps=100.0),
        Commission(value_bps=8.0, minimum=6.0, sell_bps=0.2, fee_bps=0.1),
    ]
)
slippages = st.sampled_from([Slippage(), Slippage.bps(7.0), Slippage.half_spread(0.03), Slippage.volume_share(0.1)])
all_settings = st.builds(
    Settings,
    initial_cash=st.sampled_from([300.0, 10_000.0, 1e6]),
    account=st.sampled_from([AccountType.UNLEVERED, AccountType.UNLEVERED, AccountType.MARGIN]),
    sizing=st.sampled_from(Sizing),
    cash_buffer=st.sampled_from([0.0, 0.02]),
    fill_timing=st.sampled_from([FillTiming.NEXT_OPEN, FillTiming.NEXT_OPEN, *FillTiming]),
    price_rounding=st.sampled_from(PriceRounding),
    max_participation=st.sampled_from([None, None, 1e-4]),
    slippage=slippages,
    commission=commissions,
    financing=st.sampled_from([Financing(), Financing.none(), Financing(credit_from=0.0, borrow_rate=0.05)]),
    close_open_at_end=st.booleans(),
)


def random_targets(market: Market, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    shape = market.panel.close.shape
    weights: FloatArray = rng.choice([-1.0, -0.4, 0.0, 0.3, 0.5, 1.0], shape) / shape[1]
    weights[rng.random(shape) < rng.choice([0.3, 0.9])] = np.nan
    return weights


@given(
    all_settings, st.integers(1, 3), st.sampled_from([0.0, 0.0, 0.1]), st.sampled_from([0, 0, 7]), st.integers(0, 99)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_combination_ends_as_its_simulation_does_bit_for_bit(
    chosen: Settings, n_symbols: int, missing: float, first_row: int, seed: int
) -> None:
    panel = panel_of(random_closes(60, n_symbols, seed=seed, missing=missing))
    market = Market(panel, listings={"S0": Listing(lot_size=1.0 + seed % 2, tick_size=0.05)})
    plan = Called(lambda values: random_targets(market, int(values["seed"])), lambda _: True)
    (batch,) = sweep(market, plan, Grid({"seed": range(seed, seed + 4)}), chosen, threads=1, first_row=first_row)
    check_against_simulation(
        market, chosen, batch.records, lambda one: random_targets(market, int(one["seed"])), first_row
    )


def test_splits_dividends_and_logs_that_grow_are_as_in_a_simulation() -> None:
    panel = panel_of(random_closes(2_000, 1, seed=9))
    days = [panel.sessions[at].item() for at in (100, 500, 510)]
    actions = [
        CorporateAction(ActionType.SPLIT, days[0], Decimal(2), "test"),
        CorporateAction(ActionType.DIVIDEND, days[1], Decimal("0.75"), "test", days[2]),
    ]
    market, chosen = Market(panel, actions={"S0": actions}), Settings()
    plan = Called(lambda values: busy(int(values["every"])), lambda _: True)

    def busy(every: int) -> FloatArray:
        rows = np.arange(2_000)
        return np.where(rows % every == 0, (rows // every % 2).astype(float), np.nan).reshape(-1, 1)

    (batch,) = sweep(market, plan, Grid({"every": [50, 1, 7]}), chosen, threads=1)
    check_against_simulation(market, chosen, batch.records, lambda one: busy(int(one["every"])))


@pytest.mark.parametrize("first_row", [0, 10])
@pytest.mark.parametrize("n_symbols", [1, 2])
def test_bars_within_a_session_are_as_in_a_simulation(n_symbols: int, first_row: int) -> None:
    market = Market(intraday_panel_of(random_closes(120, n_symbols, seed=6), 4))
    plan = Called(lambda values: random_targets(market, int(values["seed"])), lambda _: True)
    (batch,) = sweep(market, plan, Grid({"seed": range(5)}), Settings(), threads=1, first_row=first_row)
    check_against_simulation(
        market, Settings(), batch.records, lambda one: random_targets(market, int(one["seed"])), first_row
    )


def test_an_account_that_is_ruined_is_as_in_a_simulation() -> None:
    closes = np.concatenate([np.full(10, 10.0), np.full(10, 35.0), np.full(10, 30.0)]).reshape(-1, 1)
    market, chosen = Market(panel_of(closes)), Settings()
    plan = Called(lambda values: np.full((30, 1), float(values["weight"])), lambda _: True)
    (batch,) = sweep(market, plan, Grid({"weight": [-1.0, -0.1, 0.5]}), chosen, threads=1)
    assert batch.records["ruined"].tolist() == [True, False, False]
    check_against_simulation(market, chosen, batch.records, lambda one: np.full((30, 1), float(one["weight"])))


CROSSES: dict[str, Sequence[Value]] = {
    "fast": range(2, 12),
    "slow": range(5, 30, 3),
    "direction": ["long_only", "long_short"],
}


def crosses(n_symbols: int) -> tuple[Market, Grid]:
    return Market(panel_of(random_closes(300, n_symbols, seed=4))), Grid(CROSSES)


@pytest.mark.parametrize(("n_symbols", "first_row"), [(1, 0), (1, 60), (3, 0), (3, 60)])
def test_compiled_crosses_are_those_of_a_simulation_and_broken_rules_are_counted(
    n_symbols: int, first_row: int
) -> None:
    market, grid = crosses(n_symbols)
    plan = sma_cross_plan(1 / n_symbols, {"long_only": 0.0, "long_short": -1.0})
    batches = list(sweep(market, plan, grid, Settings(), batch=64, first_row=first_row))
    records = np.concatenate([one.records for one in batches])
    assert (records["fast"] < records["slow"]).all()
    assert batches[-1].n_done == len(records)
    assert batches[-1].n_done + batches[-1].n_left_out == batches[-1].n_total == len(grid)

    def targets(one: np.void) -> FloatArray:
        below = 0.0 if one["direction"] == "long_only" else -1 / n_symbols
        return sma_cross(market.panel.close, int(one["fast"]), int(one["slow"]), 1 / n_symbols, below)

    check_against_simulation(market, Settings(), records[:: 2 if n_symbols == 1 else 7], targets, first_row)


@pytest.mark.parametrize("n_symbols", [1, 3])
def test_bytes_and_order_do_not_depend_on_threads(n_symbols: int) -> None:
    market, grid = crosses(n_symbols)
    plan = sma_cross_plan(1 / n_symbols, {"long_only": 0.0, "long_short": -1.0})
    runs = [list(sweep(market, plan, grid, Settings(), batch=50, threads=threads)) for threads in (1, 2, 5)]
    for run in runs[1:]:
        assert [one.records.tobytes() for one in run] == [one.records.tobytes() for one in runs[0]]
    whole = next(sweep(market, plan, grid, Settings()))
    assert whole.records.tobytes() == b"".join(one.records.tobytes() for one in runs[0])


def test_the_best_are_kept_of_all_batches() -> None:
    market, grid = crosses(1)
    plan = sma_cross_plan(1.0, {"long_only": 0.0, "long_short": -1.0})
    best = keep_best(sweep(market, plan, grid, Settings(), batch=30), 5)
    everything = next(sweep(market, plan, grid, Settings())).records
    assert best["sharpe"].tolist() == sorted(everything["sharpe"].tolist(), reverse=True)[:5]
    with pytest.raises(InvalidInput, match="batches: there are none"):
        keep_best([], 5)
    with pytest.raises(InvalidInput, match=r"by: must be a figure of a sweep .*sharpe.*, not 'sharp'"):
        keep_best(sweep(market, plan, grid, Settings()), 5, by="sharp")


def test_a_million_combinations_need_the_memory_of_a_few() -> None:
    market = Market(panel_of(random_closes(40, 1, seed=5)))
    grid = Grid({"fast": range(1, 6), "slow": range(6, 16), "direction": ["long"], "seed": range(20_000)})
    plan = sma_cross_plan(1.0, {"long": 0.0})
    assert len(grid) == 1_000_000
    found = sweep(market, plan, grid, Settings(), batch=1_000, threads=2)
    next(found)
    tracemalloc.start()
    try:
        for batch in islice(found, 10):
            last = batch.n_done
        early = tracemalloc.get_traced_memory()[1]
        for batch in islice(found, 60):
            last = batch.n_done
        late = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert last == 71_000
    # 70 batches have 10 MB of figures alone.
    assert late < 1.2 * early < 4_000_000
    found.close()  # type: ignore[attr-defined]  # a generator, of which callers are promised an iterator


def test_leaving_early_ends_the_threads() -> None:
    market, grid = crosses(1)
    found = sweep(market, sma_cross_plan(1.0, {"long_only": 0.0, "long_short": -1.0}), grid, Settings(), batch=10)
    next(found)
    del found
    assert not [one for one in threading.enumerate() if one.name.startswith("sweep")]


def broken(_: Mapping[str, Value]) -> FloatArray:
    raise ZeroDivisionError("in a strategy")


def wrong_shape(_: Mapping[str, Value]) -> FloatArray:
    return np.zeros((3, 1))


def too_much(_: Mapping[str, Value]) -> FloatArray:
    return np.full((300, 1), 1.5)


@pytest.mark.parametrize(
    ("targets", "error", "words"),
    [
        (broken, ZeroDivisionError, "in a strategy"),
        (wrong_shape, InvalidInput, r"targets: must have shape \(300, 1\)"),
        (too_much, InvalidInput, r"targets: a weight at 2015-01-01 is outside \[-1, 1\]"),
    ],
)
def test_what_is_wrong_in_one_combination_ends_the_sweep(
    targets: Callable[[Mapping[str, Value]], FloatArray], error: type[Exception], words: str
) -> None:
    market, grid = crosses(1)
    with pytest.raises(error, match=words):
        list(sweep(market, Called(targets, lambda _: True), grid, Settings(), threads=2))
    assert not [one for one in threading.enumerate() if one.name.startswith("sweep")]


def test_bad_arguments_are_named_before_anything_runs() -> None:
    market, grid = crosses(1)
    plan = Called(broken, lambda _: True)
    with pytest.raises(InvalidInput, match="batch: must be at least 1"):
        sweep(market, plan, grid, Settings(), batch=0)
    with pytest.raises(InvalidInput, match="threads: must be at least 1"):
        sweep(market, plan, grid, Settings(), threads=0)
    with pytest.raises(InvalidInput, match=r"grid\.sharpe: is the name of a figure"):
        sweep(market, plan, Grid({"sharpe": [1]}), Settings())
    with pytest.raises(InvalidInput, match="convention: LEAN_CALENDAR_252"):
        sweep(market, plan, grid, Settings(), terms=Terms(Convention.LEAN_CALENDAR_252))
    with pytest.raises(InvalidInput, match="first_row"):
        sweep(market, plan, grid, Settings(), first_row=300)
    with pytest.raises(InvalidInput, match="first_row: must be a whole number"):
        sweep(market, plan, grid, Settings(), first_row=1.5)  # type: ignore[arg-type]  # that is what is tested
