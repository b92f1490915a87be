"""What order events say, stored and read back: nothing may differ, not even a decimal's last zero."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.adapters.sql.order_payloads import payload_document, payload_of
from scizor.domain.errors import DataCorrupt
from scizor.domain.trading import events as e
from tests.unit.trading.build import NOW, REQUEST

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PAYLOADS: dict[e.EventKind, Any] = {
    e.OrderEvent(1, NOW, e.Source.CLIENT, example).kind: type(example)
    for example in (
        e.Placed(REQUEST),
        e.Acknowledged(),
        e.Working(),
        e.Executed(None),  # type: ignore[arg-type] # only its type matters
        e.Busted(""),
        e.Charged(None),  # type: ignore[arg-type] # only its type matters
        e.CancelRequested(),
        e.Canceled(),
        e.CancelRejected(),
        e.ReplaceRequested(REQUEST.terms),
        e.Replaced(REQUEST.terms),
        e.ReplaceRejected(),
        e.Rejected(),
        e.Expired(),
        e.Suspended(),
        e.LinkLost(),
        e.Reopened(),
        e.FillsTold(Decimal(1)),
        e.Identified(""),
        e.Noted(""),
    )
}


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31),
    str: TEXTS,
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0)),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, every field drawn."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{one.name: anything(hints[one.name]) for one in fields(kind)})
    if get_args(kind):
        return st.one_of(*(anything(one) for one in get_args(kind)))
    if kind is NoneType:
        return st.none()
    return st.sampled_from(list(kind)) if issubclass(kind, IntEnum) else SIMPLE[kind]


def stored(payload: e.Payload) -> e.Payload:
    kind = e.OrderEvent(1, NOW, e.Source.BROKER, payload).kind
    return payload_of(int(kind), json.loads(json.dumps(payload_document(payload))))


def test_there_is_a_way_back_for_every_kind() -> None:
    assert PAYLOADS.keys() == set(e.EventKind)


@pytest.mark.parametrize("kind", e.EventKind)
def test_every_payload_is_read_back_as_it_was(kind: e.EventKind) -> None:
    @settings(max_examples=50)
    @given(anything(PAYLOADS[kind]))
    def holds(payload: e.Payload) -> None:
        again = stored(payload)
        assert again == payload
        assert repr(again) == repr(payload)  # equality takes 1E+2 for 100, and 0.10 for 0.1

    holds()


@pytest.mark.parametrize("written", ["1E+2", "0.10", "-0", "1E-12", "123456789012345678901234567890.12"])
def test_decimals_keep_their_exponents(written: str) -> None:
    payload = stored(e.FillsTold(Decimal(written)))
    assert isinstance(payload, e.FillsTold)
    assert str(payload.filled) == written


def test_a_field_that_was_added_since_has_its_default() -> None:
    assert payload_of(int(e.EventKind.REJECTED), {"reason": "no", "forgotten": 1}) == e.Rejected("no")


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (99, {}),
        (int(e.EventKind.PLACED), {}),
        (int(e.EventKind.PLACED), {"request": None}),
        (int(e.EventKind.FILLS_TOLD), {"filled": "many"}),
        (int(e.EventKind.ACKNOWLEDGED), {"hold": 77}),
        (int(e.EventKind.WORKING), []),
    ],
)
def test_what_is_none_of_its_kind_is_corrupt(kind: int, document: Any) -> None:
    with pytest.raises(DataCorrupt):
        payload_of(kind, document)
