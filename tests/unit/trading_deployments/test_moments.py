"""What is stored of a strategy at work: whatever it was shown and asked for comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from scizor.codec.plain import from_plain, to_plain
from scizor.domain.orders import FillCause, OrderEnd, OrderState, OrderType, Side, TimeInForce
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Step
from scizor.services.trading.deployments.moments import Moment, Split, add, recall
from scizor.strategy.live import Cancel, Place, Row, View
from scizor.strategy.views import Bar, Fill, Order
from tests.fakes.storage import FakeStorage

NAME = "AAPL.NASDAQ.USD"
NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)

numbers = st.integers(1, 2**53)
floats = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | floats
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
bars = st.builds(Bar, floats, floats, floats, floats, floats)
orders = st.builds(
    Order,
    *(numbers, texts, *map(st.sampled_from, (Side, OrderType, TimeInForce, OrderState, OrderEnd))),
    *(floats, floats, maybe, maybe, maybe, maybe, st.none() | numbers, texts),
)
fills = st.builds(
    Fill,
    st.none() | numbers,
    texts,
    st.sampled_from(Side),
    floats,
    floats,
    floats,
    st.sampled_from(FillCause),
    instants,
    texts,
)
views = st.builds(
    View,
    *(floats, floats, st.dictionaries(texts, floats, max_size=3), st.lists(orders, max_size=2).map(tuple)),
    *(st.lists(orders | fills, max_size=3).map(tuple), st.dictionaries(texts, floats, max_size=2), numbers),
)
rows = st.builds(Row, st.dates(), numbers, numbers, st.dictionaries(texts, bars, max_size=3))
splits = st.builds(Split, texts, st.decimals("0.0001", "1000", places=4), instants)
placed = st.builds(
    Place,
    *(numbers, texts, st.sampled_from(Side), floats, st.sampled_from(OrderType), st.sampled_from(TimeInForce)),
    *(maybe, maybe, maybe, maybe, st.none() | instants, st.integers(0, 9), st.none() | numbers, maybe, maybe, texts),
)
moments = st.builds(
    Moment,
    *(numbers, numbers, numbers, instants, views, st.none() | rows, st.lists(splits, max_size=2).map(tuple)),
    st.lists(placed | st.builds(Cancel, numbers), max_size=3).map(tuple),
)


@given(moments)
def test_whatever_a_moment_holds_survives_being_stored(moment: Moment) -> None:
    assert from_plain(Moment, json.loads(json.dumps(to_plain(moment)))) == moment


def test_a_moment_with_every_kind_of_field_comes_back_of_the_same_types() -> None:
    order = Order(
        3, NAME, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, OrderState.WORKING, OrderEnd.NONE,
        10.0, 4.0, 49.5, 50.0, None, None, 1, "dip",
    )  # fmt: skip
    fill = Fill(3, NAME, Side.BUY, 4.0, 49.5, 1.0, FillCause.ORDER, NOW, "dip")
    view = View(1.0, 2.0, {NAME: 4.0}, (order,), (order, fill), {"AUD": 0.65}, 3)
    row = Row(date(2026, 11, 20), 1, 2, {NAME: Bar(50.0, 51.0, 49.0, 50.0, 1e6)})
    asked = (Place(4, NAME, Side.SELL, 4.0, OrderType.STOP, trigger=48.0, parent=3), Cancel(3))
    moment = Moment(2, 9, 2, NOW, view, row, (Split(NAME, Decimal(4), NOW),), asked)
    found = from_plain(Moment, json.loads(json.dumps(to_plain(moment))))
    assert found == moment
    assert [type(one) for one in found.view.happened] == [Order, Fill]
    assert [type(one) for one in found.intents] == [Place, Cancel]
    assert found.row is not None
    assert type(found.row.bars[NAME]) is Bar
    assert found.step == Step(view, row, ((NAME, 4.0),))


async def test_all_moments_of_a_deployment_are_recalled_in_their_order() -> None:
    storage = FakeStorage()
    made = [Moment(place, 0, 0, NOW, View(1.0, 1.0, last_id=place)) for place in range(1, 1_002)]
    spec = DeploymentSpec("any", 0, {}, (NAME,), "DU1", Decimal(1), "USD")
    async with storage.begin() as work:
        await work.deployments.add(StoredDeployment(Deployment("d1", spec), 1, "", NOW, NOW))
        for one in made:
            await add(work, "d1", one)
    assert await recall(storage, "d1") == made
    assert await recall(storage, "d2") == []
