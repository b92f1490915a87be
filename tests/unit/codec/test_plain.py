"""Values as plain documents: there and back the same, and nothing taken for what it is not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest

from scizor.codec.plain import from_plain, to_plain
from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import InvalidInput
from scizor.domain.strategies import Declared
from scizor.ports.backtests import BacktestResults
from tests.fakes.samples import job_of, results_of, version_of


class Size(IntEnum):
    SMALL = 1


@dataclass(frozen=True)
class Inner:
    size: Size
    day: date | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    number: float
    inner: tuple[Inner, ...]
    value: int | float | str | bool = 0


GOOD: dict[str, Any] = {"name": "x", "number": 1.5, "inner": [{"size": 1, "day": "2024-01-31"}], "value": True}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (BacktestSpec, job_of("b1").spec),
        (BacktestResults, results_of()),
        (Declared, version_of("mine").declared),
        (Outer, Outer("é", 2.0, (Inner(Size.SMALL, date(2024, 1, 31)), Inner(Size.SMALL)), 7)),
    ],
)
def test_a_value_is_the_same_after_json(kind: type[Any], value: Any) -> None:
    back = from_plain(kind, json.loads(json.dumps(to_plain(value))))
    assert back == value
    assert to_plain(back) == to_plain(value)


@pytest.mark.parametrize("value", [1, 1.0, "1", True])
def test_a_value_of_several_types_keeps_its_own(value: object) -> None:
    back = from_plain(Outer, GOOD | {"value": value}).value
    assert (back, type(back)) == (value, type(value))


def test_a_whole_number_is_a_number() -> None:
    assert type(from_plain(Outer, GOOD | {"number": 2}).number) is float
    assert from_plain(Outer, to_plain(Outer("x", 1.0, ()))) == Outer("x", 1.0, ())
    assert to_plain(Decimal("1.50")) == "1.50"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": 1}, "Outer.name"),
        ({"name": "\0"}, "Outer.name"),
        ({"name": "\ud800"}, "Outer.name"),
        ({"number": True}, "Outer.number"),
        ({"number": 2**70}, "Outer.number"),
        ({"number": "1.5"}, "Outer.number"),
        ({"inner": {}}, "Outer.inner"),
        ({"inner": [{"size": 2, "day": None}]}, "Outer.inner[0].size"),
        ({"inner": [{"size": True, "day": None}]}, "Outer.inner[0].size"),
        ({"inner": [{"size": 1, "day": "2024-02-30"}]}, "Outer.inner[0].day"),
        ({"inner": [{"size": 1}]}, "Outer.inner[0]"),
        ({"more": 1}, "Outer"),
        ({"value": None}, "Outer.value"),
        ({"value": 2**63}, "Outer.value"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_plain(Outer, GOOD | change)
    assert caught.value.violations[0].field == path
