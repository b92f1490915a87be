"""The broker and its memory, at a market that stands where the test puts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scizor.services.ibsim.broker.account import fill_position
from scizor.services.ibsim.broker.events import CommissionEvent, Event, FillEvent, NoticeEvent, OrderEvent
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.broker.words import Position, Refusal, Terms
from scizor.services.ibsim.market.api import MarketError
from tests.integration.ibsim_market import APPLE, BHP, ScriptedMarket

BUY = Terms("BUY", Decimal(100), "MKT")


def limit(price: str, action: str = "BUY", quantity: int = 100, tif: str = "DAY") -> Terms:
    return Terms(action, Decimal(quantity), "LMT", limit_price=Decimal(price), tif=tif)


def told(events: Iterable[Event]) -> list[object]:
    """Statuses, codes and prices of fills, in their order."""
    return [_brief(event) for event in events]


def _brief(event: Event) -> object:
    match event:
        case OrderEvent(order):
            return order.status.value
        case FillEvent(execution, _):
            return float(execution.price)
        case CommissionEvent():
            return "commission"
        case NoticeEvent(_, code, _):
            return code


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def broker(market: ScriptedMarket) -> Iterator[Broker]:
    journal = Journal(None)
    yield Broker(market, journal)
    journal.close()


def refused(broker: Broker, order_id: int, terms: Terms, **given: Any) -> int:
    with pytest.raises(Refusal) as refusal:
        broker.place(given.get("client", 1), order_id, given.get("listing", APPLE), terms)
    return refusal.value.code


def test_a_market_order_fills_at_the_facing_quote(broker: Broker) -> None:
    assert told(broker.place(1, 1, APPLE, BUY)) == ["PreSubmitted", "Submitted", 100.02, "Filled", "commission"]
    sold = broker.place(1, 2, APPLE, Terms("SELL", Decimal(100), "MKT"))
    assert told(sold) == ["PreSubmitted", "Submitted", 99.98, "Filled", "commission"]
    (_, _, fill, *_) = sold
    assert isinstance(fill, FillEvent)
    assert fill.execution.realized == Decimal("-6.0166")  # four cents a share, a dollar each way, a fee on sells
    assert broker.positions() == []


def test_a_limit_order_that_is_marketable_fills_at_the_better_quote(broker: Broker) -> None:
    assert told(broker.place(1, 1, APPLE, limit("101")))[2] == 100.02


def test_a_resting_limit_fills_at_its_price_when_the_tape_goes_through_it(
    broker: Broker, market: ScriptedMarket
) -> None:
    assert told(broker.place(1, 1, APPLE, limit("99.50"))) == ["PreSubmitted", "Submitted"]
    market.trade(99.50)
    assert told(broker.match()) == []
    market.trade(99.49)
    assert told(broker.match()) == [99.5, "Filled", "commission"]
    assert told(broker.match()) == []


def test_what_was_traded_before_the_order_fills_nothing(broker: Broker, market: ScriptedMarket) -> None:
    market.trade(90.0)
    broker.place(1, 1, APPLE, limit("99.50"))
    assert told(broker.match()) == []


def test_a_fill_is_told_although_the_order_after_it_fails(broker: Broker, market: ScriptedMarket) -> None:
    market.is_open = False
    broker.place(1, 1, APPLE, BUY)
    broker.place(1, 2, BHP, BUY)
    market.is_open, market.fails_for = True, BHP
    heard: list[Event] = []
    with pytest.raises(MarketError):
        heard.extend(broker.match())
    assert told(heard) == ["Submitted", 100.02, "Filled", "commission"]


def test_an_order_for_a_closed_market_waits_for_its_session(broker: Broker, market: ScriptedMarket) -> None:
    market.is_open = False
    assert told(broker.place(1, 1, APPLE, BUY)) == ["PreSubmitted", 399]
    assert told(broker.match()) == []
    market.is_open = True
    assert told(broker.match()) == ["Submitted", 100.02, "Filled", "commission"]


def test_a_day_order_ends_with_its_session_and_gtc_does_not(broker: Broker, market: ScriptedMarket) -> None:
    broker.place(1, 1, APPLE, limit("50"))
    broker.place(1, 2, APPLE, limit("51", tif="GTC"))
    market.is_open = False
    assert told(broker.match()) == ["Cancelled", 202, "PreSubmitted"]
    assert [order.order_id for order in broker.open_orders()] == [2]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (limit("100.001"), 110),
        (limit("0"), 321),
        (Terms("BUY", Decimal(100), "LMT"), 321),
        (Terms("SHORT", Decimal(100), "MKT"), 321),
        (Terms("BUY", Decimal(100), "MKT", account="U1"), 321),
        (Terms("BUY", Decimal(100), "REL", aux_price=Decimal(90)), 387),
        (Terms("BUY", Decimal(100), "STP"), 321),
        (Terms("BUY", Decimal(100), "STP", aux_price=Decimal("101.005")), 110),
        (Terms("BUY", Decimal(100), "STP LMT", aux_price=Decimal(101)), 321),
        (Terms("BUY", Decimal(100), "TRAIL"), 321),
        (Terms("BUY", Decimal(100), "TRAIL", aux_price=Decimal(1), trailing_percent=Decimal(1)), 321),
        (Terms("BUY", Decimal(100), "TRAIL", trailing_percent=Decimal(100)), 321),
        (Terms("BUY", Decimal(100), "TRAIL LIMIT", aux_price=Decimal(1)), 321),
        (Terms("BUY", Decimal(100), "TRAIL", aux_price=Decimal(1), tif="OPG"), 10052),
        (Terms("BUY", Decimal(100), "MOC", tif="IOC"), 10052),
        (Terms("BUY", Decimal(100), "MKT", tif="GTD"), 337),
        (Terms("BUY", Decimal(100), "MKT", tif="GTD", good_till_date="20240314 10:00:00 US/Eastern"), 201),
        (Terms("BUY", Decimal(100), "MKT", conditions=1), 387),
        (Terms("BUY", Decimal(100), "MKT", oca_group="g", oca_type=4), 321),
        (Terms("BUY", Decimal(100), "MKT", algo_strategy="Adaptive"), 387),
        (Terms("BUY", Decimal(100), "MKT", tif="GTX"), 10052),
        (Terms("BUY", Decimal(0), "MKT"), 434),
        (Terms("BUY", Decimal("0.5"), "MKT"), 10243),
        (Terms("BUY", Decimal(100), "MKT", parent_id=99), 135),
    ],
)
def test_terms_that_no_order_may_have_are_refused(broker: Broker, terms: Terms, code: int) -> None:
    assert refused(broker, 1, terms) == code
    assert broker.next_order_id(1) == 1


def test_the_tick_of_asx_shares_goes_by_their_price(broker: Broker, market: ScriptedMarket) -> None:
    assert refused(broker, 1, limit("5.005"), listing=BHP) == 110
    assert told(broker.place(1, 1, BHP, limit("1.995"))) == ["PreSubmitted", "Submitted"]


def test_an_order_id_is_used_once_and_in_order(broker: Broker) -> None:
    broker.place(1, 5, APPLE, limit("50"))
    assert refused(broker, 4, BUY) == 103
    broker.cancel(1, 5)
    assert refused(broker, 5, limit("51")) == 103
    broker.place(2, 4, APPLE, limit("50"))  # another client has ids of its own
    assert broker.next_order_id(1) == 6


def test_an_open_order_takes_new_terms_but_not_another_side(broker: Broker) -> None:
    broker.place(1, 1, APPLE, limit("50"))
    assert told(broker.place(1, 1, APPLE, limit("51"))) == ["Submitted"]
    assert refused(broker, 1, limit("51", "SELL")) == 105
    assert refused(broker, 1, limit("51.001")) == 110
    assert told(broker.place(1, 1, APPLE, limit("101"))) == ["Submitted", 100.02, "Filled", "commission"]
    assert refused(broker, 1, limit("51")) == 104


def test_an_order_beyond_the_account_is_inactive(broker: Broker) -> None:
    events = broker.place(1, 1, APPLE, Terms("BUY", Decimal(100_000), "MKT"))
    assert told(events) == ["Inactive", 201]
    assert broker.open_orders() == []


def test_cancels_that_cannot_be_are_refused_each_with_its_code(broker: Broker) -> None:
    broker.place(1, 1, APPLE, BUY)
    broker.place(1, 2, APPLE, limit("50"))
    assert told(broker.cancel(1, 2)) == ["Cancelled", 202]
    for order_id, code in ((9, 10147), (1, 10148), (2, 161)):
        with pytest.raises(Refusal) as refusal:
            broker.cancel(1, order_id)
        assert refusal.value.code == code


def test_an_order_that_is_not_transmitted_rests(broker: Broker) -> None:
    held = Terms("BUY", Decimal(100), "MKT", transmit=False)
    assert told(broker.place(1, 1, APPLE, held)) == ["PreSubmitted"]
    assert told(broker.match()) == []
    assert told(broker.place(1, 1, APPLE, BUY))[-1] == "commission"


def test_a_preview_keeps_nothing(broker: Broker) -> None:
    _, margin, cost = broker.preview(1, 1, APPLE, BUY)
    assert (margin, cost) == (Decimal("5001.00"), Decimal(1))
    assert broker.open_orders() == []


def test_cash_positions_and_equity_agree(broker: Broker, market: ScriptedMarket) -> None:
    broker.place(1, 1, APPLE, BUY)
    values = {line.key: line.value for line in broker.account_values() if line.currency == "USD"}
    assert values["CashBalance"] == "989997.00"
    assert values["NetLiquidation"] == "999997.00"
    assert values["UnrealizedPnL"] == "-3.00"
    market.trade(110.0)
    assert {line.key: line.value for line in broker.account_values()}["NetLiquidation"] == "1000997.00"


def test_a_share_in_another_currency_is_paid_for_in_it(broker: Broker) -> None:
    broker.place(1, 1, BHP, BUY)
    cash = {line.currency: line.value for line in broker.account_values() if line.key == "CashBalance"}
    assert cash == {"USD": "1000000.00", "AUD": "-10010.00"}


def test_a_position_that_changes_sides_starts_anew() -> None:
    held = fill_position(Position(APPLE), Decimal(100), Decimal(10), Decimal(1))
    assert held.average_cost == Decimal("10.01")
    turned = fill_position(held, Decimal(-150), Decimal(12), Decimal("1.5"))
    assert (turned.shares, turned.average_cost) == (Decimal(-50), Decimal("11.99"))
    assert turned.realized == Decimal("198.00")
    covered = fill_position(turned, Decimal(50), Decimal(11), Decimal(1))
    assert (covered.shares, covered.realized) == (Decimal(0), Decimal("246.50"))


def test_executions_and_completed_orders_are_those_of_the_exchanges_day(broker: Broker, market: ScriptedMarket) -> None:
    broker.place(1, 1, APPLE, BUY)
    assert (len(broker.executions()), len(broker.completed_orders())) == (1, 1)
    market.instant += timedelta(hours=12)  # 03:00 UTC of the next date, 23:00 in New York
    assert (len(broker.executions()), len(broker.completed_orders())) == (1, 1)
    market.instant += timedelta(hours=2)
    assert (len(broker.executions()), len(broker.completed_orders())) == (0, 0)


def test_all_of_it_is_there_after_a_restart(market: ScriptedMarket, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state.sqlite")
    broker = Broker(market, journal)
    broker.place(1, 1, APPLE, BUY)
    broker.place(1, 2, APPLE, limit("50", tif="GTC"))
    broker.place(2, 7, BHP, BUY)
    before = (broker.open_orders(), broker.executions(), broker.positions(), broker.account_values())
    journal.close()
    again = Journal(tmp_path / "state.sqlite")
    broker = Broker(market, again)
    assert (broker.open_orders(), broker.executions(), broker.positions(), broker.account_values()) == before
    assert (broker.next_order_id(1), broker.next_order_id(2), broker.next_order_id(3)) == (3, 8, 1)
    (event, *_) = broker.place(1, 3, APPLE, limit("50"))
    assert isinstance(event, OrderEvent)
    assert event.order.perm_id > max(order.perm_id for order in [*before[0], *(fill.order for fill in before[1])])
    assert broker.executions()[-1].exec_id.endswith("00000002.01.01")
    again.close()
