from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.strategy import Bars, Context, EventStrategy, FloatArray, Strategy, StrategyError, VectorStrategy, get
from scizor.strategy.run import Run, run
from tests.unit.strategy.build import NAN, random_panel

PANEL = random_panel(300, 2, 5)


def of(name: str, **parameters: object) -> Run:
    return run(get(name)(**parameters), PANEL, Settings())


@pytest.mark.parametrize("name", ["sma_cross", "sma_cross_event"])
def test_a_run_is_result_figures_and_proof(name: str) -> None:
    finished = of(name, fast=3, slow=8)
    assert finished.strategy.params["fast"] == 3
    assert finished.metric("final_equity").value == finished.result.equity[-1]
    assert len(finished.fingerprint) == 64
    assert finished.warnings
    with pytest.raises(InvalidInput, match="there is no 'luck'"):
        finished.metric("luck")


def test_the_fingerprint_is_that_of_all_that_made_the_run() -> None:
    strategy = get("sma_cross")(fast=3, slow=8)
    same = {run(strategy, PANEL, Settings()).fingerprint for _ in range(2)}
    other_code = type("SmaCross", (get("sma_cross"),), {"version": "99"})
    others = {
        of("sma_cross", fast=4, slow=8).fingerprint,
        run(strategy, PANEL, Settings(initial_cash=5.0)).fingerprint,
        run(strategy, random_panel(300, 2, 6), Settings()).fingerprint,
        run(strategy, PANEL, Settings(), first_row=20).fingerprint,
        run(other_code(fast=3, slow=8), PANEL, Settings()).fingerprint,
    }
    assert len(same) == 1
    assert len(others - same) == 5


def test_a_run_leaves_the_strategy_it_was_given_as_it_was() -> None:
    class Counting(EventStrategy):
        def on_start(self, ctx: Context) -> None:
            self.rows = 0

        def on_bar(self, ctx: Context) -> None:
            self.rows += 1

    given = Counting()
    finished = run(given, PANEL, Settings())
    assert not hasattr(given, "rows")
    assert vars(finished.strategy)["rows"] == 300


@pytest.mark.parametrize("benchmark", ["S1", PANEL.close[:, 1]])
def test_a_benchmark_is_a_symbol_or_closes(benchmark: str | FloatArray) -> None:
    finished = run(get("buy_and_hold")(), PANEL, Settings(), benchmark=benchmark)
    assert finished.metric("beta").value is not None


@pytest.mark.parametrize(
    ("benchmark", "rule"),
    [
        ("SPY", "SPY is none of this run"),
        (np.ones(5), r"must have shape \(300,\)"),
        (np.full(300, NAN), "has no closes"),
    ],
)
def test_a_benchmark_that_is_none_is_refused(benchmark: str | FloatArray, rule: str) -> None:
    with pytest.raises(InvalidInput, match=f"benchmark: {rule}"):
        run(get("buy_and_hold")(), PANEL, Settings(), benchmark=benchmark)


@pytest.mark.parametrize("name", ["sma_cross", "sma_cross_event"])
def test_rows_of_the_warm_up_are_not_traded(name: str) -> None:
    finished = run(get(name)(fast=3, slow=8), PANEL, Settings(), first_row=100)
    assert finished.result.fills["row"].min() >= 100
    assert np.all(finished.result.equity[:100] == 100_000.0)


def test_both_ways_trade_alike_after_a_warm_up() -> None:
    vector, event = (
        run(get(name)(fast=3, slow=8), PANEL, Settings(), first_row=100).result
        for name in ("sma_cross", "sma_cross_event")
    )
    np.testing.assert_array_equal(vector.fills["row"], event.fills["row"])
    np.testing.assert_array_equal(vector.equity, event.equity)


@pytest.mark.parametrize("first_row", [-1, 300, 1.0, "1", None])
def test_a_first_row_that_is_none_of_the_panel_is_refused(first_row: int) -> None:
    with pytest.raises(InvalidInput, match="first_row: must be a whole number between 0 and 299"):
        run(get("buy_and_hold")(), PANEL, Settings(), first_row=first_row)


@pytest.mark.parametrize("name", ["sma_cross", "sma_cross_event"])
def test_progress_ends_at_all_bars(name: str) -> None:
    told: list[tuple[int, int]] = []
    run(get(name)(fast=3, slow=8), PANEL, Settings(), on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (600, 600)
    assert told == sorted(told)


@pytest.mark.parametrize("name", ["sma_cross", "sma_cross_event"])
def test_a_deadline_ends_a_run_as_it_says(name: str) -> None:
    class Late(Exception):
        """Time is up."""

    def deadline() -> None:
        raise Late

    with pytest.raises(Late):
        run(get(name)(), PANEL, Settings(), deadline=deadline)


def test_a_deadline_is_looked_at_every_64_rows() -> None:
    calls: list[int] = []

    class Idle(EventStrategy):
        def on_bar(self, ctx: Context) -> None:
            pass

    run(Idle(), PANEL, Settings(), deadline=lambda: calls.append(1))
    assert len(calls) >= 300 // 64


def test_a_strategy_is_one_of_the_two_kinds() -> None:
    with pytest.raises(InvalidInput, match="must be a VectorStrategy or an EventStrategy"):
        run(type("Neither", (Strategy,), {})(), PANEL, Settings())


def test_a_market_and_its_panel_are_the_same_run() -> None:
    strategy = get("sma_cross")(fast=3, slow=8)
    assert run(strategy, Market(PANEL), Settings()).fingerprint == run(strategy, PANEL, Settings()).fingerprint


def test_an_error_of_a_strategy_is_typed_in_both_ways() -> None:
    class Failing(VectorStrategy):
        def targets(self, bars: Bars) -> FloatArray:
            raise RuntimeError("no idea")

    with pytest.raises(StrategyError, match=r"test_run\.py:\d+: RuntimeError: no idea"):
        run(Failing(), PANEL, replace(Settings(), initial_cash=1.0))
