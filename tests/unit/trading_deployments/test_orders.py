"""From what a strategy asks for to what the desk takes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.domain.trading.orders import Terms
from scizor.services.trading.deployments.orders import Cancelling, Deed, Placing, deeds_of
from scizor.services.trading.desk.drafts import Draft, Exit
from scizor.strategy.live import Cancel, Intent, Place

NAME = "AAPL.NASDAQ.USD"
SPEC = DeploymentSpec("dips", 3, {}, (NAME,), "DU1", Decimal(100_000), "USD")
DEPLOYMENT = Deployment("d1", SPEC)
UNTIL = datetime(2026, 12, 1, 21, tzinfo=UTC)
D = Decimal


class Listings:
    """Every symbol is quoted in these steps."""

    def __init__(self, tick: str) -> None:
        self._listing = SimpleNamespace(tick=Decimal(tick))

    async def find(self, _symbol: str) -> SimpleNamespace:
        return self._listing


async def deeds(*intents: Intent, tick: str = "0.01") -> list[Deed]:
    return await deeds_of(DEPLOYMENT, intents, cast("Any", Listings(tick)))


async def draft(*intents: Intent, tick: str = "0.01") -> Draft:
    """Of the one order."""
    (deed,) = await deeds(*intents, tick=tick)
    assert isinstance(deed, Placing)
    return deed.draft


async def test_an_order_is_the_deployments_and_named_after_the_strategys_own_number() -> None:
    asked = await draft(Place(7, NAME, Side.SELL, 10.0, tif=TimeInForce.DAY))
    terms = Terms(D(10), OrderType.MARKET, tif=TimeInForce.DAY)
    assert asked == Draft("d1:7", NAME, Side.SELL, terms, strategy_id="dips", deployment_id="d1")


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        (Place(1, NAME, Side.BUY, 0.1 + 0.2), Terms(D("0.3"), OrderType.MARKET)),
        (Place(1, NAME, Side.BUY, 1e6, OrderType.LIMIT, limit=9.99), Terms(D(10**6), OrderType.LIMIT, D("9.99"))),
        (Place(1, NAME, Side.BUY, 1.0, OrderType.STOP, trigger=9.5), Terms(D(1), OrderType.STOP, stop=D("9.5"))),
        (
            Place(1, NAME, Side.BUY, 1.0, OrderType.STOP_LIMIT, limit=9.6, trigger=9.5),
            Terms(D(1), OrderType.STOP_LIMIT, D("9.6"), D("9.5")),
        ),
        (
            Place(1, NAME, Side.SELL, 1.0, OrderType.TRAILING, trigger=9.5, trail_amount=0.25),
            Terms(D(1), OrderType.TRAILING, trail_amount=D("0.25")),
        ),
        (
            Place(1, NAME, Side.SELL, 1.0, OrderType.TRAILING, trail_fraction=0.015),
            Terms(D(1), OrderType.TRAILING, trail_fraction=D("0.015")),
        ),
    ],
)
async def test_each_type_has_the_terms_that_it_needs(asked: Place, terms: Terms) -> None:
    said = (await draft(asked)).terms
    assert (said.quantity, said.type, said.limit, said.stop, said.trail_amount, said.trail_fraction) == (
        terms.quantity,
        terms.type,
        terms.limit,
        terms.stop,
        terms.trail_amount,
        terms.trail_fraction,
    )


async def test_an_order_that_ends_at_an_instant_says_which() -> None:
    terms = (await draft(Place(1, NAME, Side.BUY, 1.0, tif=TimeInForce.GTD, expires=UNTIL))).terms
    assert (terms.tif, terms.good_till) == (TimeInForce.GTD, UNTIL)


@pytest.mark.parametrize(
    ("price", "tick", "exact"),
    [
        (0.1 + 0.2, "0.01", "0.3"),
        (185.12 * 0.995, "0.01", "184.19"),
        (9.9949, "0.005", "9.995"),
        (1234.56, "0.05", "1234.55"),
        (100.0, "0.01", "1E+2"),
        (0.00012, "0.0001", "0.0001"),
    ],
)
async def test_a_price_is_on_the_nearest_tick(price: float, tick: str, exact: str) -> None:
    asked = await draft(Place(1, NAME, Side.BUY, 1.0, OrderType.LIMIT, limit=price), tick=tick)
    assert asked.terms.limit == Decimal(exact)


@given(ticks=st.integers(1, 10**7), tick=st.sampled_from(["0.0001", "0.005", "0.01", "0.05"]))
async def test_a_price_that_is_a_ticks_multiple_stays_what_it_is(ticks: int, tick: str) -> None:
    price = ticks * Decimal(tick)
    asked = await draft(Place(1, NAME, Side.BUY, 1.0, OrderType.LIMIT, limit=ticks * float(tick)), tick=tick)
    assert asked.terms.limit == price


async def test_the_exits_of_a_bracket_go_with_their_entry() -> None:
    entry = Place(1, NAME, Side.BUY, 10.0, OrderType.LIMIT, limit=50.0)
    stop = Place(2, NAME, Side.SELL, 10.0, OrderType.STOP, trigger=48.004, parent=1, group=1)
    target = Place(3, NAME, Side.SELL, 10.0, OrderType.LIMIT, limit=52.0, parent=1, group=1)
    asked = await draft(entry, stop, target)
    gtc = TimeInForce.GTC
    assert asked.client_order_id == "d1:1"
    assert asked.exits == (
        Exit(Terms(D(10), OrderType.STOP, stop=D(48), tif=gtc), "d1:2"),
        Exit(Terms(D(10), OrderType.LIMIT, D(52), tif=gtc), "d1:3"),
    )


async def test_an_exit_of_an_earlier_entry_is_an_order_of_its_own() -> None:
    asked = await draft(Place(5, NAME, Side.SELL, 10.0, OrderType.STOP, trigger=48.0, parent=1))
    assert (asked.client_order_id, asked.exits) == ("d1:5", ())


async def test_orders_of_one_group_end_each_other_and_others_do_not() -> None:
    both = [Place(number, NAME, Side.SELL, 1.0, group=4) for number in (4, 5)]
    found = [one.draft.group for one in await deeds(*both, Place(6, NAME, Side.SELL, 1.0)) if isinstance(one, Placing)]
    assert found == ["d1:4", "d1:4", ""]


async def test_what_is_asked_for_is_done_in_its_order() -> None:
    found = await deeds(Cancel(1), Place(2, NAME, Side.BUY, 1.0), Cancel(3), Place(4, NAME, Side.BUY, 1.0))
    told = [one.number if isinstance(one, Cancelling) else one.draft.client_order_id for one in found]
    assert told == [1, "d1:2", 3, "d1:4"]
