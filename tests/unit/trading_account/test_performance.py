"""How an account has fared: the engine's figures on what was marked, and what to know before believing them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.metrics import Metric
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.domain.trading.money import Rates
from scizor.domain.trading.positions import ShareSplit
from scizor.ports.journal import Posting, PostingKind
from scizor.ports.trading import EquityPoint, StoredDeployment
from scizor.services.trading.account.equity import by_session, grown
from scizor.services.trading.account.performance import LivePerformance, Performance
from scizor.services.trading.account.round_trips import round_trips
from tests.unit.trading_account.build import AAPL, ACCOUNT, BHP, Account, D

MONDAY = datetime(2026, 11, 2, 15, tzinfo=UTC)


def mark(day: int, equity: int, *, hours: int = 0, deployment: str = "") -> EquityPoint:
    time = MONDAY + timedelta(days=day, hours=hours)
    return EquityPoint(ACCOUNT, deployment, time, time.date(), D(equity))


def figure(of: LivePerformance, name: str) -> Metric:
    return next(one for one in of.metrics if one.name == name)


async def fared(on: Account, deployment_id: str = "") -> LivePerformance:
    return await Performance(lambda _: on.ledger, on.storage.port, on.calendar).of(ACCOUNT, deployment_id)


def test_a_sessions_equity_is_its_last_mark() -> None:
    marks = [mark(0, 100), mark(0, 110, hours=3), mark(1, 121), mark(2, 90), mark(2, 99, hours=1)]
    sessions = by_session(marks, [])
    assert [(one.session.day, one.equity) for one in sessions] == [(2, D(110)), (3, D(121)), (4, D(99))]
    curve = grown(marks[0], sessions)
    assert np.allclose(curve.returns, [0.10, 0.10, 99 / 121 - 1])
    assert (curve.n_sessions, str(curve.days[0])) == (3, "2026-11-01")


def test_what_was_paid_in_is_no_growth() -> None:
    marks = [mark(0, 100), mark(1, 1110), mark(2, 555)]
    paid = [(MONDAY + timedelta(hours=20), D(1000)), (MONDAY + timedelta(days=1, hours=20), D(-555))]
    sessions = by_session(marks, paid)
    assert [one.paid for one in sessions] == [D(0), D(1000), D(-555)]
    assert np.allclose(grown(marks[0], sessions).values, [100, 100, 110, 110])


def test_what_was_paid_before_the_first_mark_is_in_it() -> None:
    sessions = by_session([mark(0, 100), mark(1, 100)], [(MONDAY - timedelta(days=1), D(50)), (MONDAY, D(7))])
    assert [one.paid for one in sessions] == [D(0), D(0)]


def trips(on: Account, instrument: str = AAPL) -> list[tuple[Decimal, Decimal]]:
    holdings = on.books.holdings
    found = round_trips(
        instrument, holdings.fills(instrument), holdings.actions(instrument), Rates("USD", {"AUD": D("0.5")})
    )
    return [(trip.net, trip.entry_value) for trip in found]


def test_a_round_trip_is_from_flat_to_flat_after_fees() -> None:
    on = Account()
    on.trade(10, "100", fee="1")
    on.trade(10, "110", fee="1", time=MONDAY + timedelta(days=30))
    on.trade(-20, "120", fee="2", time=MONDAY + timedelta(days=31))
    on.trade(5, "100", time=MONDAY + timedelta(days=32))
    assert trips(on) == [(D(300 - 4), D(2100))]


def test_a_trade_across_zero_ends_one_trip_and_begins_another_and_shares_its_fees() -> None:
    on = Account()
    on.trade(10, "100")
    on.trade(-30, "110", fee="3", time=MONDAY + timedelta(days=30))
    on.trade(20, "105", time=MONDAY + timedelta(days=31))
    assert trips(on) == [(D(99), D(1000)), (D(98), D(2200))]


def test_splits_and_dividends_are_in_the_trip_and_other_currencies_converted() -> None:
    on = Account()
    on.trade(10, "40", BHP)
    fills = list(on.books.holdings.fills(BHP))
    on.trade(-20, "25", BHP, time=MONDAY + timedelta(days=40))
    split = ShareSplit(BHP, MONDAY + timedelta(days=30), D(2))
    fills = list(on.books.holdings.fills(BHP))
    (trip,) = round_trips(BHP, fills, [split], Rates("USD", {"AUD": D("0.5")}))
    assert (trip.net, trip.entry_value, trip.return_fraction) == (D(50), D(200), D("0.25"))


async def test_an_account_has_the_figures_of_a_backtest_under_their_convention_with_intervals() -> None:
    on = Account()
    equity = 10_000
    for day in range(60):
        if day % 7 < 5:
            equity += (37 * (day + 3)) % 113 - 45
            on.storage.risk.points.append(mark(day, equity))
    on.trade(10, "100", fee="1")
    on.trade(-10, "103", fee="1")
    told = await fared(on)
    sharpe = figure(told, "sharpe")
    assert (sharpe.convention, sharpe.n, sharpe.unit) == ("TRADING_DAY_252", 44, "ratio")
    assert sharpe.ci_low is not None
    assert figure(told, "final_equity").value == equity
    assert figure(told, "n_trades").value == 1
    assert figure(told, "expectancy").value == 28
    assert figure(told, "commissions").value == 2
    depth = figure(told, "max_drawdown").value
    assert depth is not None
    assert depth == pytest.approx(float(np.min(told.drawdown)))
    assert (told.currency, len(told.sessions), len(told.drawdown)) == ("USD", 44, 44)
    assert told.warnings == (
        "Only 44 sessions, less than a year: annualised figures mean little.",
        "Only 1 closed trade, less than 30: figures by trade mean little.",
    )


async def test_a_reader_is_told_of_sessions_that_lack_and_of_money_that_moved() -> None:
    on = Account()
    on.storage.risk.points += [mark(0, 1000), mark(1, 1000), mark(4, 2000)]
    await on.post([Posting(PostingKind.CASH_ADJUSTMENT, MONDAY + timedelta(days=2), currency="USD", amount=D(1000))])
    await on.post([Posting(PostingKind.CASH_ADJUSTMENT, MONDAY + timedelta(days=3), currency="USD", amount=D(3))])
    told = await fared(on)
    assert figure(told, "total_return").value == 0
    assert figure(told, "peak_equity").value == 2000
    assert told.warnings[1:] == (
        "No round trip was closed.",
        "Nothing was marked in 2 sessions: the returns around them span more than one.",
        "Money was paid in or out: returns and drawdowns leave that out, equity does not.",
    )


async def test_a_first_day_has_figures_that_say_why_they_are_undefined() -> None:
    on = Account()
    on.storage.risk.points.append(mark(0, 1000))
    told = await fared(on)
    assert figure(told, "sharpe").undefined_reason == "less than two returns"
    assert figure(told, "win_rate").undefined_reason == "no closed trade"
    assert figure(told, "total_return").value == 0


async def test_nothing_marked_is_said_and_no_error() -> None:
    told = await fared(Account())
    assert (told.metrics, told.sessions, told.warnings) == ((), (), ("No equity has been marked yet.",))


async def test_a_deployment_has_its_own_marks_and_its_own_trades() -> None:
    on = Account()
    on.clock.instant = MONDAY
    on.trade(10, "100", strategy="one")
    on.trade(-10, "90", strategy="one")
    on.clock.pass_(days=1)
    spec = DeploymentSpec("one", 1, {}, (AAPL,), ACCOUNT, D(1000), "USD")
    on.storage.deployments.stored["live"] = StoredDeployment(
        Deployment("live", spec), 1, "", on.clock.now(), on.clock.now()
    )
    on.trade(10, "100", strategy="one")
    on.trade(-10, "101", strategy="one")
    on.trade(10, "100", strategy="two")
    on.storage.risk.points += [mark(1, 1000, deployment="live"), mark(2, 1010, deployment="live"), mark(2, 5)]
    told = await fared(on, "live")
    assert figure(told, "final_equity").value == 1010
    assert (figure(told, "n_trades").value, figure(told, "win_rate").value) == (1, 1)
    assert told.sessions[0].session == date(2026, 11, 3)


async def test_an_account_that_lost_everything_has_no_figures_that_need_more() -> None:
    on = Account()
    on.storage.risk.points += [mark(0, 1000), mark(1, -10), mark(2, -10)]
    told = await fared(on)
    assert figure(told, "total_return").value == pytest.approx(-1.01)
    assert figure(told, "stability").value is None
