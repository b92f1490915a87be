"""How far trades went against and for the account, bar by bar."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.engine.analytics.excursions import Excursions, excursions
from scizor.engine.arrays import Records
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from tests.unit.engine.analytics.build import DAY_NS, NAN, fills_of, result_of, trades_of, weekdays

OPEN, WITHIN, CLOSE = 0, 1, 2


def bars(high: list[float], low: list[float], close: list[float]) -> Panel:
    days = weekdays(len(close))
    opens = days.astype(np.int64) * DAY_NS
    top, bottom, last = (np.array(one, np.float64).reshape(-1, 1) for one in (high, low, close))
    return Panel(("S0",), days, opens, opens + DAY_NS, last, top, bottom, last, np.ones((len(close), 1)))


PANEL = bars([10, 14, 13, 20], [10, 9, 8, 5], [10, 12, 11, 12])


def trade(entry_phase: int, exit_phase: int, direction: int = 1, **columns: object) -> Records:
    said = {"entry_row": 1, "exit_row": 3, "entry_price": 10.0, "exit_price": 12.0, "quantity": 3.0} | columns
    return trades_of([0.0], direction=direction, entry_phase=entry_phase, exit_phase=exit_phase, **said)


def of(trades: Records, panel: Panel | Market = PANEL, rate: float = 1.0) -> Excursions:
    fills = fills_of(2, row=[1, 3], rate=[rate, 9.0])
    return excursions(result_of(np.full(4, 1e3), trades=trades, fills=fills), panel)


@pytest.mark.parametrize(
    ("entry_phase", "exit_phase", "lowest", "highest"),
    [
        (OPEN, OPEN, 8, 14),  # the bar of the exit does not count
        (OPEN, CLOSE, 5, 20),
        (WITHIN, WITHIN, 5, 20),
        (CLOSE, OPEN, 8, 13),  # of the bar of the entry only its close does
    ],
)
def test_the_bars_of_entry_and_exit_count_as_far_as_the_trade_was_on(
    entry_phase: int, exit_phase: int, lowest: float, highest: float
) -> None:
    found = of(trade(entry_phase, exit_phase))
    assert found.adverse.tolist() == [pytest.approx(lowest / 10 - 1)]
    assert found.favourable.tolist() == [pytest.approx(highest / 10 - 1)]


def test_a_short_trade_suffers_from_highs() -> None:
    found = of(trade(OPEN, OPEN, direction=-1))
    assert found.adverse.tolist() == [pytest.approx(-0.4)]
    assert found.favourable.tolist() == [pytest.approx(0.2)]


def test_amounts_are_of_the_whole_trade_at_the_rate_of_its_entry() -> None:
    found = of(trade(OPEN, OPEN), rate=2.0)
    assert found.adverse_amount.tolist() == [pytest.approx(-0.2 * 10 * 3 * 2)]
    assert found.favourable_amount.tolist() == [pytest.approx(0.4 * 10 * 3 * 2)]


def test_an_exit_at_an_open_beyond_all_bars_counts_by_its_price() -> None:
    found = of(trade(OPEN, OPEN, exit_price=4.0))
    assert found.adverse.tolist() == [pytest.approx(-0.6)]


def test_missing_bars_are_passed_over() -> None:
    panel = bars([10, 14, NAN, 20], [10, 9, NAN, 5], [10, 12, NAN, 12])
    assert of(trade(OPEN, OPEN), panel).adverse.tolist() == [pytest.approx(-0.1)]


def test_prices_before_a_split_are_brought_to_the_scale_after_it() -> None:
    # Two for one before the third row: 28 and 18 before it are 14 and 9 after.
    panel = bars([20, 28, 13, 20], [20, 18, 8, 5], [20, 24, 11, 12])
    split = CorporateAction(ActionType.SPLIT, panel.sessions[2].item(), Decimal(2), "test")
    earlier = CorporateAction(ActionType.SPLIT, date(2019, 1, 1), Decimal(5), "test")
    found = of(trade(OPEN, OPEN), Market(panel, actions={"S0": [earlier, split]}))
    assert found.adverse.tolist() == [pytest.approx(-0.2)]
    assert found.favourable.tolist() == [pytest.approx(0.4)]


def test_without_trades_there_are_no_excursions() -> None:
    assert len(excursions(result_of(np.ones(4)), PANEL).adverse) == 0
