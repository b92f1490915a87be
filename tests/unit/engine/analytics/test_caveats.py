"""A warning for each thing a reader should know, and none where there is nothing to know."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from scizor.domain.orders import FillTiming
from scizor.engine.analytics.caveats import caveats
from scizor.engine.costs import Commission, Financing
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.panel import Panel
from scizor.engine.result import Ambiguity, CostLines, Result
from scizor.engine.settings import Settings
from tests.unit.engine.analytics.build import NAN, fills_of, panel_of, result_of, trades_of, weekdays

N = 300
PAID = CostLines(-10.0, -5.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def fine(**changes: object) -> Result:
    """A run that nothing need be said of."""
    said = {"fills": fills_of(80, row=10, quantity=100), "trades": trades_of([1.0] * 40), "costs": PAID} | changes
    return result_of(np.full(N, 1_000.0), **said)


def closes(n_symbols: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.full((N, n_symbols), 10.0)


def warned(result: Result, market: Panel | Market | None = None, settings: Settings | None = None) -> str:
    return "\n".join(caveats(result, market or panel_of(closes()), settings or Settings()))


def test_a_run_of_one_symbol_with_costs_and_many_trades_has_no_caveat() -> None:
    assert caveats(fine(), panel_of(closes()), Settings()) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ruined_row": 20}, "The account was wiped out on 2020-01-29: trading stopped there."),
        ({"n_margin_calls": 1}, "1 margin call: positions were reduced by force."),
        ({"n_cut": 3}, "3 fills cut to what the account could pay for."),
        ({"n_rejected": 2}, "2 orders rejected."),
        ({"n_zero_volume_fills": 4}, "4 fills in bars without volume."),
        ({"n_open_orders": 2}, "2 orders met no further open"),
        ({"positions": np.array([3.0, 0, -1])}, "2 positions still open"),
        ({"ambiguity": Ambiguity(7, 120.5, -30.0, 0)}, "7 bars hung on the way prices went within"),
        ({"ambiguity": Ambiguity(7, 120.5, -30.0, 0)}, "might be 120.50 better or 30.00 worse"),
        ({"ambiguity": Ambiguity(0, 0.0, 0.0, 5)}, "5 limits filled at prices the market only touched."),
        ({"costs": CostLines(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)}, "Trading cost nothing"),
        ({"trades": trades_of([1.0])}, "Only 1 closed trade, less than 30"),
        ({"fills": fills_of(0), "trades": trades_of([])}, "Nothing was traded."),
        ({"fills": fills_of(1, row=10, quantity=250_000)}, "1 fill took more than 10% of a bar's volume, at most 25%"),
    ],
)
def test_what_happened_to_the_account_and_its_fills_is_said(changes: dict[str, object], words: str) -> None:
    assert words in warned(fine(**changes))


def test_the_gravest_comes_first() -> None:
    result = fine(ruined_row=20, n_cut=1, n_open_orders=1, trades=trades_of([1.0]))
    found = caveats(result, panel_of(closes(2)), Settings(fill_timing=FillTiming.SAME_CLOSE))
    order = ["wiped out", "SAME_CLOSE", "survivorship", "closed trade", "cut", "no further open"]
    assert [next(word for word in order if word in line) for line in found] == order


def test_symbols_that_all_live_to_the_end_are_survivors_unless_one_was_delisted() -> None:
    panel = panel_of(closes(3))
    assert "All 3 symbols have bars to the end" in warned(fine(), panel)
    gone = Market(panel, {"S1": Listing(delisting=Delisting(date(2020, 6, 1)))})
    assert "survivorship" not in warned(fine(), gone)


def test_a_run_of_less_than_a_year_says_so() -> None:
    result = result_of(np.full(100, 1_000.0), fills=fills_of(1, row=5), trades=trades_of([1.0] * 40), costs=PAID)
    assert "Only 100 sessions, less than a year" in warned(result, panel_of(np.full(100, 10.0)))


def test_bars_that_end_begin_or_lack_where_they_should_not_are_named_with_their_dates() -> None:
    close, days = closes(4), weekdays(N)
    close[200:, 1] = NAN
    close[:50, 2] = NAN
    close[100:120, 3] = NAN
    panel = panel_of(close)
    found = warned(fine(), panel)
    assert f"no delisting is known: S1 ({days[199]})." in found
    assert f"Bars begin after the run does: S2 ({days[50]})." in found
    assert f"S3 ({days[99]} to {days[120]})" in found
    delisted = Market(panel, {"S1": Listing(delisting=Delisting(days[199].item()))})
    assert "no delisting is known" not in warned(fine(), delisted)


def test_a_symbol_without_bars_and_a_time_without_any_are_said() -> None:
    close = closes(2)
    close[:, 1] = NAN
    assert "There are no bars of S1." in warned(fine(), panel_of(close))
    days = weekdays(N)
    days[150:] += np.timedelta64(30, "D")
    found = warned(fine(), panel_of(closes(), days))
    assert f"No symbol has bars between {days[149]} and {days[150]}." in found


def test_interest_of_a_currency_or_a_time_whose_rate_is_not_known_is_said_only_where_interest_was_paid() -> None:
    lent = fine(costs=CostLines(-10.0, -5.0, 0.0, 0.0, -3.0, 0.0, 0.0))
    aud, late = Settings(base_currency="AUD"), panel_of(closes(), weekdays(N, "2026-01-01"))
    assert "Interest on AUD follows the benchmark rate of USD" in warned(lent, settings=aud)
    assert "Interest rates are known until 2024: after that 5.14% is taken to hold." in warned(lent, late)
    assert "nterest" not in warned(fine(), late, aud)
    own = Settings(base_currency="AUD", financing=Financing({"1970-01-01": 0.04}))
    assert "nterest" not in warned(lent, late, own)


def test_a_schedule_that_came_to_nothing_is_free_trading_too() -> None:
    free = fine(costs=CostLines(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert "Trading cost nothing" in warned(free, settings=Settings(commission=Commission(per_share=0.0)))
