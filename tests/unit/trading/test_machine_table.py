"""Every state takes every event: the whole table, cell by cell."""

from __future__ import annotations

import pytest

from scizor.domain.errors import FailedPrecondition
from scizor.domain.trading import events as e
from scizor.domain.trading.machine import fold
from scizor.domain.trading.states import Hold, OrderState
from tests.unit.trading.build import events_of, fill, order_of, shares, then

NEW = shares(100, 51)
STATES: dict[str, tuple[e.Payload, ...]] = {
    "PENDING_SUBMIT": (),
    "ACCEPTED": (e.Acknowledged(Hold.SESSION),),
    "WORKING": (e.Working(),),
    "PARTIALLY_FILLED": (e.Working(), fill(40)),
    "PENDING_REPLACE": (e.Working(), e.ReplaceRequested(NEW)),
    "PENDING_CANCEL": (e.Working(), e.CancelRequested()),
    "SUSPENDED": (e.Working(), e.Suspended("put aside")),
    "UNKNOWN": (e.LinkLost(),),
    "FILLED": (e.Working(), fill(100)),
    "CANCELED": (e.Working(), e.Canceled()),
    "EXPIRED": (e.Working(), e.Expired()),
    "REJECTED": (e.Rejected("no"),),
}
EVENTS: dict[str, e.Payload] = {
    "ack": e.Acknowledged(Hold.SESSION),
    "working": e.Working(),
    "fill part": fill(30, "b.01"),
    "fill full": fill(100, "c.01"),
    "cxl req": e.CancelRequested(),
    "cxl ack": e.Canceled(),
    "cxl rej": e.CancelRejected("no", 10147),
    "mod req": e.ReplaceRequested(NEW),
    "mod ack": e.Replaced(NEW),
    "mod rej": e.ReplaceRejected("no", 201),
    "reject": e.Rejected("no", 201),
    "expire": e.Expired(),
    "link lost": e.LinkLost(),
}
# `=` stays, `!` an incident, `deny` the command is refused. A fill of 100 fills a partly filled order over.
TABLE = """
                 | ack       | working | fill part          | fill full | cxl req        | cxl ack  | cxl rej   | mod req         | mod ack | mod rej | reject   | expire  | link lost
PENDING_SUBMIT   | ACCEPTED  | WORKING | PARTIALLY_FILLED   | FILLED    | PENDING_CANCEL | CANCELED | =         | PENDING_REPLACE | =!      | =       | REJECTED | EXPIRED | UNKNOWN
ACCEPTED         | =         | WORKING | PARTIALLY_FILLED   | FILLED    | PENDING_CANCEL | CANCELED | =         | PENDING_REPLACE | =!      | =       | REJECTED | EXPIRED | =
WORKING          | ACCEPTED  | =       | PARTIALLY_FILLED   | FILLED    | PENDING_CANCEL | CANCELED | =         | PENDING_REPLACE | =!      | =       | REJECTED | EXPIRED | =
PARTIALLY_FILLED | =         | =       | =                  | FILLED!   | PENDING_CANCEL | CANCELED | =         | PENDING_REPLACE | =!      | =       | =!       | EXPIRED | =
PENDING_REPLACE  | =         | =       | =                  | FILLED    | PENDING_CANCEL | CANCELED | =         | =               | WORKING | WORKING | REJECTED | EXPIRED | UNKNOWN
PENDING_CANCEL   | =         | =       | =                  | FILLED    | =              | CANCELED | WORKING!  | deny            | =!      | =       | REJECTED | EXPIRED | UNKNOWN
SUSPENDED        | ACCEPTED  | WORKING | PARTIALLY_FILLED   | FILLED    | PENDING_CANCEL | CANCELED | =         | deny            | =!      | =       | REJECTED | EXPIRED | =
UNKNOWN          | ACCEPTED  | WORKING | PARTIALLY_FILLED   | FILLED    | PENDING_CANCEL | CANCELED | =         | deny            | =!      | =       | REJECTED | EXPIRED | =
FILLED           | =         | =       | =!                 | =!        | deny           | =        | =         | deny            | =       | =       | =        | =       | =
CANCELED         | =!        | =!      | =                  | FILLED    | deny           | =        | =         | deny            | =       | =       | =        | =       | =
EXPIRED          | =!        | =!      | =                  | FILLED    | deny           | =        | =         | deny            | =       | =       | =        | =       | =
REJECTED         | =!        | =!      | =!                 | FILLED!   | deny           | =        | =         | deny            | =       | =       | =        | =       | =
"""  # noqa: E501 - a table is read by its columns


def _cells() -> list[tuple[str, str, str]]:
    heading, *rows = TABLE.strip("\n").splitlines()
    names = [name.strip() for name in heading.split("|")][1:]
    cells = []
    for row in rows:
        state, *outcomes = (cell.strip() for cell in row.split("|"))
        cells += [(state, name, outcome) for name, outcome in zip(names, outcomes, strict=True)]
    return cells


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_reached_as_the_table_has_it(name: str) -> None:
    assert order_of(*STATES[name]).state.name == name


@pytest.mark.parametrize(("state", "event", "outcome"), _cells())
def test_the_table_holds(state: str, event: str, outcome: str) -> None:
    order = order_of(*STATES[state])
    if outcome == "deny":
        with pytest.raises(FailedPrecondition) as refused:
            then(order, EVENTS[event])
        assert refused.value.metadata["order"] == order.id
        return
    after, incidents = then(order, EVENTS[event])
    wanted = outcome.rstrip("!")
    assert after.state.name == (state if wanted == "=" else wanted)
    assert bool(incidents) == outcome.endswith("!")


def test_the_table_has_all_states_and_all_events() -> None:
    cells = _cells()
    assert {state for state, _, _ in cells} == set(STATES) == {state.name for state in OrderState}
    assert {event for _, event, _ in cells} == set(EVENTS)


@pytest.mark.parametrize("name", STATES)
def test_a_state_comes_from_the_events_alone(name: str) -> None:
    events = events_of(*STATES[name])
    assert fold(events) == fold(events) == order_of(*STATES[name])
