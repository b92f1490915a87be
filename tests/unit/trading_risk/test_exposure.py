"""How much is at risk at known prices, what history says of a bad day, and which limits a shock would break."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest

from scizor.domain.errors import FailedPrecondition
from scizor.domain.instruments import Instrument
from scizor.domain.orders import Side
from scizor.domain.trading.exposure import Funds, OpenOrder, RiskBook
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.money import Rates
from scizor.domain.trading.question import Prices
from scizor.domain.trading.stress import Scenario
from scizor.domain.trading.valuation import Mark
from scizor.domain.trading.views import ExposureView, StressView
from scizor.services.trading.risk.exposure import exposure, stress
from tests.fakes.samples import AAPL, BHP_ASX, bars_of, stored_symbol, write
from tests.fakes.storage import FakeStorage
from tests.unit.trading_desk.world import ACCOUNT, NOW, Clock

D = Decimal
US, AU, UNPRICED = AAPL.reference, BHP_ASX.reference, "SAP.XETRA.USD"
FUNDS = Funds(equity=D(10_000), available=D(5_000), day_start_equity=D(10_000), peak_equity=D(10_000))
PRICES = Prices({US: Mark(D(50), NOW), AU: Mark(D(40), NOW)}, Rates("USD", {"AUD": D("0.5")}))
FIRST = date(2026, 1, 5)


def book_of(**shares: int) -> RiskBook:
    book = RiskBook(FUNDS)
    for name, reference in (("us", US), ("au", AU), ("unpriced", UNPRICED)):
        for owner in ("", "one"):
            book.set_position(owner, reference, D(shares.get(name, 0)))
    return book


def storage() -> Any:
    return cast("Any", FakeStorage())


async def with_bars(closes: Sequence[float], *, of: Instrument = AAPL, into: Any = None) -> Any:
    """Storage that has daily bars."""
    made = into or storage()
    await write(made, await stored_symbol(made, of), bars_of(FIRST, closes))
    return made


async def shown(book: RiskBook, prices: Prices = PRICES, strategy_id: str = "", of: Any = None) -> ExposureView:
    return await exposure(of or storage(), Clock(), book, prices, strategy_id)


def limit(rule: Rule, value: str, strategy: str = "") -> Limit:
    return Limit(rule.name, rule, *((Scope.STRATEGY, strategy) if strategy else (Scope.ACCOUNT, ACCOUNT)), D(value))


async def shocked(book: RiskBook, shock: str, *limits: Limit) -> StressView:
    return (await stress(storage(), book, PRICES, limits, [Scenario("shock", D(shock))], 0))[0]


async def test_values_are_in_base_currency_and_open_orders_count_the_worse_way() -> None:
    book = book_of(us=100, au=-50)
    book.keep(OpenOrder("open", "one", US, Side.BUY, D(20)))
    view = await shown(book)
    assert (view.long, view.short, view.gross, view.net) == (D(5000), D(1000), D(6000), D(4000))
    assert view.worst_gross == 7000
    assert view.leverage == pytest.approx(0.6)
    assert [(one.instrument, one.value, one.worst_value) for one in view.lines] == [
        (US, D(5000), D(6000)),
        (AU, D(-1000), D(1000)),
    ]
    assert view.lines[0].equity_fraction == pytest.approx(0.6)


async def test_what_has_no_price_is_left_out_and_named() -> None:
    view = await shown(book_of(us=10, unpriced=10))
    assert (view.gross, view.unpriced) == (D(500), (UNPRICED,))
    assert [one.value for one in view.lines] == [500, None]


async def test_what_has_no_rate_is_refused() -> None:
    with pytest.raises(FailedPrecondition, match="AUD"):
        await shown(book_of(au=1), Prices(PRICES.marks, Rates("USD")))


async def test_a_strategys_exposure_is_its_own() -> None:
    book = book_of(us=100)
    book.set_position("two", AU, D(10))
    book.strategy_funds["two"] = Funds(D(400), D(400), D(400), D(400))
    view = await shown(book, strategy_id="two")
    assert (view.gross, view.leverage) == (D(200), 0.5)


async def test_value_at_risk_is_the_twentieth_worst_day_of_history_for_what_is_held_now() -> None:
    moves = np.random.default_rng(7).normal(0.0, 0.01, 200)
    view = await shown(book_of(us=-100), of=await with_bars((100 * np.cumprod(1 + moves)).tolist()))
    worst = np.sort(-5000 * moves[1:])[:10]
    assert view.value_at_risk is not None
    assert view.expected_shortfall is not None
    assert float(view.value_at_risk) == pytest.approx(-worst[-1], abs=0.01)
    assert float(view.expected_shortfall) == pytest.approx(-worst.mean(), abs=0.01)


@pytest.mark.parametrize("sessions", [0, 1, 50])
async def test_too_little_history_tells_no_tail(sessions: int) -> None:
    of = await with_bars([100.0] * sessions) if sessions else storage()
    view = await shown(book_of(us=1), of=of)
    assert (view.value_at_risk, view.expected_shortfall) == (None, None)


async def test_a_position_without_a_past_does_not_count_as_one_that_never_moves() -> None:
    of = await with_bars(np.linspace(100, 50, 200).tolist())
    assert (await shown(book_of(us=1), of=of)).value_at_risk is not None
    assert (await shown(book_of(us=1, au=1), of=of)).value_at_risk is None


async def test_a_shock_tells_what_it_costs_and_which_limits_it_breaks() -> None:
    limits = (limit(Rule.DAILY_LOSS, "999"), limit(Rule.DRAWDOWN, "0.2"), limit(Rule.LEVERAGE, "0.3"))
    view = await shocked(book_of(us=100), "-0.2", *limits)
    assert view.result.pnl == -1000
    assert view.equity_fraction == pytest.approx(-0.1)
    assert {one.limit.rule: one.value for one in view.violations} == {
        Rule.DAILY_LOSS: D(1000),
        Rule.LEVERAGE: D(4000) / D(9000),
    }
    assert (await shocked(book_of(us=100), "0", *limits[:2])).violations == ()


async def test_a_shock_breaks_the_limits_of_strategies_by_what_they_hold() -> None:
    book = book_of(us=100)
    book.set_position("two", AU, D(10))
    book.strategy_funds |= {name: Funds(D(1000), D(1000), D(1000), D(1000)) for name in ("one", "two")}
    limits = [limit(Rule.DAILY_LOSS, "99", name) for name in ("one", "two")]
    view = await shocked(book, "-0.1", *limits)
    assert [(one.limit.key, one.value) for one in view.violations] == [("one", D(500))]


async def test_the_worst_days_follow_the_scenarios() -> None:
    of = await with_bars([100.0, 90.0, 99.0, 97.02])
    found = await stress(of, book_of(us=100), PRICES, [], [Scenario("mine", D("-0.5"))], 2)
    assert [(one.result.name, round(one.result.pnl, 6)) for one in found] == [
        ("mine", D(-2500)),
        ("2026-01-06", D(-500)),
        ("2026-01-08", D(-100)),
    ]


async def test_days_on_which_one_of_them_did_not_trade_move_the_others_alone() -> None:
    of = await with_bars([100.0, 90.0])
    await with_bars([10.0, 10.0, 8.0], of=BHP_ASX, into=of)
    found = await stress(of, book_of(us=100, au=100), PRICES, [], [], 1)
    assert {one.instrument: float(one.shock) for one in found[0].result.lines} == pytest.approx({US: -0.1, AU: 0.0})
    assert len(await stress(of, book_of(us=100, au=100), PRICES, [], [], 9)) == 2


async def test_worst_days_need_history_and_something_held() -> None:
    with pytest.raises(FailedPrecondition, match="daily bars"):
        await stress(storage(), book_of(us=1), PRICES, [], [], 3)
    assert await stress(storage(), book_of(), PRICES, [], [], 3) == []
