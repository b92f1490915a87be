"""Terms over the wire: what is asked for is what is told, to the last digit."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.adapters.ib.orders.messages import ToldOrder
from scizor.adapters.ib.orders.names import Names
from scizor.adapters.ib.orders.terms import instant, number, same
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import Named
from scizor.services.ibsim.broker.words import Status
from scizor.services.ibsim.wire.replies.orders import completed_order, open_order
from tests.unit.ib.order_wire import ORDER_ID, PERM_ID, heard, sent_as, there_and_back, ticket_of
from tests.unit.ibsim.wire_samples import FILLED, HELD, VERSIONS

PRICES = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("999999999.99999999"), places=8)
_QUANTITY, _TYPE, _LIMIT, _AUX, _TIF = 17, 18, 19, 20, 21
_BASE = Terms(Decimal(100), OrderType.LIMIT, limit=Decimal("50.10"))


async def told_terms(terms: Terms, version: int = 178) -> Terms:
    [told] = (await there_and_back(ticket_of(terms), version)).orders
    assert isinstance(told, ToldOrder)
    return told.terms


@settings(max_examples=60, deadline=None)
@given(quantity=PRICES, limit=PRICES, stop=PRICES)
async def test_every_decimal_leaves_and_comes_back_exactly(quantity: Decimal, limit: Decimal, stop: Decimal) -> None:
    terms = Terms(quantity, OrderType.STOP_LIMIT, limit=limit, stop=stop)
    fields = await sent_as(ticket_of(terms))
    assert [fields[_QUANTITY], fields[_LIMIT], fields[_AUX]] == [f"{one:f}" for one in (quantity, limit, stop)]
    assert await told_terms(terms) == terms


@settings(max_examples=40, deadline=None)
@given(amount=PRICES, stop=PRICES, fraction=st.decimals("0.00000001", "0.99999999", places=8))
async def test_trails_leave_and_come_back_exactly(amount: Decimal, stop: Decimal, fraction: Decimal) -> None:
    by_amount = Terms(Decimal(1), OrderType.TRAILING, trail_amount=amount, stop=stop)
    fields = await sent_as(ticket_of(by_amount))
    assert fields[_AUX] == f"{amount:f}"
    assert f"{stop:f}" in fields
    assert same(by_amount, await told_terms(by_amount)), "but for its stop, which the gateway moves"
    by_fraction = Terms(Decimal(1), OrderType.TRAILING, trail_fraction=fraction)
    assert f"{fraction.scaleb(2):f}" in await sent_as(ticket_of(by_fraction))
    assert await told_terms(by_fraction) == by_fraction


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_version_has_an_orders_fields_where_the_gateway_reads_them(version: int) -> None:
    terms = Terms(Decimal(7), OrderType.STOP_LIMIT, limit=Decimal("0.10"), stop=Decimal("0.20"), tif=TimeInForce.GTC)
    [told] = (await there_and_back(ticket_of(terms, group="g", parent_number=2, side=Side.SELL), version)).orders
    assert isinstance(told, ToldOrder)
    assert (told.key, told.perm_id, told.order_ref, told.parent_number) == ((18, 3), PERM_ID, ORDER_ID, 2)
    assert (told.terms, told.side, told.account, told.word) == (terms, Side.SELL, "DUSIM0001", "Submitted")


@pytest.mark.parametrize(("kind", "word"), [(OrderType.MARKET, "MOC"), (OrderType.LIMIT, "LOC")])
async def test_the_closing_auction_is_an_order_type_there(kind: OrderType, word: str) -> None:
    limit = Decimal(5) if kind is OrderType.LIMIT else None
    terms = Terms(Decimal(1), kind, limit=limit, tif=TimeInForce.CLS)
    fields = await sent_as(ticket_of(terms))
    assert [fields[_TYPE], fields[_TIF]] == [word, "DAY"]
    assert await told_terms(terms) == terms


async def test_a_group_is_of_one_account_and_ends_the_others_with_block() -> None:
    fields = await sent_as(ticket_of(_BASE, group="pair"))
    assert fields[_TIF + 1] == "DUSIM0001/pair"
    assert fields[_TIF + 2] == "DUSIM0001"


async def test_the_time_that_an_order_is_good_till_is_told_in_utc() -> None:
    till = datetime(2024, 3, 15, 1, 2, 3, tzinfo=UTC)
    terms = replace(_BASE, tif=TimeInForce.GTD, good_till=till)
    assert "20240315-01:02:03" in await sent_as(ticket_of(terms))
    assert (await told_terms(terms)).good_till == till


@pytest.mark.parametrize(
    "text",
    ["20240314 12:00:00 US/Eastern", "20240314-16:00:00", "20240314 12:00:00 EST", "20240314  12:00:00", "1710432000"],
)
def test_times_are_read_in_every_spelling(text: str) -> None:
    assert instant(text, "America/New_York") == datetime(2024, 3, 14, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157E308", "2147483647", "9223372036854775807", "Infinity", "None"]
)
def test_a_number_that_is_not_set_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize("text", ["abc", "NaN", "1,5"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        number(text)


def test_terms_are_told_as_they_were_asked_for_where_the_broker_says_no_other() -> None:
    names, named = Names(18), Named(ORDER_ID)
    trail = Terms(Decimal(1), OrderType.TRAILING, trail_amount=Decimal(2), stop=Decimal(90))
    names.sent(ticket_of(trail))
    moved = replace(trail, stop=Decimal(95))
    assert names.terms(named, moved) is trail
    assert names.terms(named, replace(moved, trail_amount=Decimal(3))).trail_amount == 3
    newer = replace(trail, quantity=Decimal(2))
    names.sent(ticket_of(newer))
    assert names.terms(named, moved) is trail, "the broker may not have the newer ones yet"
    assert names.terms(named, replace(moved, quantity=Decimal(2))) is newer


@pytest.mark.parametrize("told", ["0", "40", "60", "100"])
def test_an_order_that_is_over_is_told_as_asked_however_its_quantity_is_told(told: str) -> None:
    names, named = Names(18), Named(ORDER_ID)
    names.sent(ticket_of(_BASE))
    assert names.terms(named, replace(_BASE, quantity=Decimal(told)), over=Decimal(40)) is _BASE
    assert names.terms(named, replace(_BASE, quantity=Decimal(70)), over=Decimal(40)).quantity == 70


async def test_a_gateway_that_leaves_the_quantity_of_a_completed_order_out_is_understood() -> None:
    for ended, quantity in ((FILLED, 100), (replace(FILLED, status=Status.CANCELLED, filled=Decimal(40)), 0)):
        left_out = replace(ended, terms=replace(ended.terms, quantity=Decimal(0)))
        [told] = (await heard(completed_order(178, left_out))).orders
        assert isinstance(told, ToldOrder)
        assert told.terms.quantity == quantity


def test_only_a_trails_stop_moves_by_itself() -> None:
    stop = Terms(Decimal(1), OrderType.STOP, stop=Decimal(90))
    assert not same(stop, replace(stop, stop=Decimal(91)))


@pytest.mark.parametrize("name", HELD)
async def test_what_others_ordered_is_told_as_what_it_most_resembles(name: str) -> None:
    [told] = (await heard(open_order(178, HELD[name]))).orders
    assert isinstance(told, ToldOrder)
    kinds = {"trailing_limit": OrderType.TRAILING, "touched": OrderType.LIMIT_IF_TOUCHED, "stop": OrderType.STOP}
    assert name not in kinds or told.terms.type is kinds[name]
