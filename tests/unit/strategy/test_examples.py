from __future__ import annotations

from pathlib import Path

import pytest

from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy import Strategy
from scizor.strategy.loader import load
from scizor.strategy.lookahead import check_lookahead
from scizor.strategy.run import run
from tests.unit.strategy.build import first_rows, random_panel

FOLDER = Path(__file__).parents[3] / "clients/examples/strategies"
HOUR_NS = 3_600_000_000_000
DAYS = random_panel(400, 3, 11)
HOURS = random_panel(400, 4, 12, bar_ns=HOUR_NS, bars_a_day=7)
# Each with parameters short enough for a year or two of bars to decide often.
CASES: dict[str, tuple[Panel, dict[str, object]]] = {
    "steady_trend": (DAYS, {"trend": 50, "window": 20}),
    "breakout_with_stops": (DAYS, {"window": 20, "patience": 15}),
    "pullback_in_uptrend": (HOURS, {"days": 3, "window": 5, "dip": 45.0}),
}


def strategy_of(name: str) -> type[Strategy]:
    path = FOLDER / f"{name}.py"
    return load(path.read_text(encoding="utf-8"), str(path))


def test_every_example_is_proven_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_example_trades_as_its_file_says(name: str) -> None:
    panel, parameters = CASES[name]
    strategy = strategy_of(name)
    assert (strategy.id, bool(strategy.description)) == (name, True)
    finished = run(strategy(**parameters), panel, Settings(), benchmark=panel.symbols[0])
    assert len(finished.result.trades) > 3
    assert finished.metric("beta").value is not None
    assert len(finished.fingerprint) == 64
    if name == "breakout_with_stops":
        assert set(finished.labels.values()) == {"breakout"}


@pytest.mark.parametrize("name", CASES)
def test_no_example_sees_the_future(name: str) -> None:
    panel, parameters = CASES[name]
    market = Market(first_rows(panel, 250))
    assert check_lookahead(strategy_of(name)(**parameters), market, Settings(), n_cuts=6) is None
