"""The book of an order's executions."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.trading.executions import Commission, Execution, ExecutionBook, split_exec_id
from tests.unit.trading.build import execution


@pytest.mark.parametrize(
    ("exec_id", "parts"),
    [
        ("0001f4e8.65a1b2c3.01.01", ("0001f4e8.65a1b2c3.01", 1)),
        ("a.02", ("a", 2)),
        ("a", ("a", 0)),
        ("a.1", ("a.1", 0)),
        ("a.xx", ("a.xx", 0)),
        (".01", (".01", 0)),
    ],
)
def test_an_execution_id_ends_in_its_revision(exec_id: str, parts: tuple[str, int]) -> None:
    assert split_exec_id(exec_id) == parts


def test_a_bust_voids_what_it_names_and_not_what_corrects_it() -> None:
    book = ExecutionBook().with_bust("a.01").with_execution(execution("a.01", 10))
    assert (book.filled, book.average_price) == (Decimal(0), None)
    assert book.with_execution(execution("a.02", 7)).filled == 7


def test_an_older_revision_comes_too_late() -> None:
    book = ExecutionBook().with_execution(execution("a.02", 7)).with_execution(execution("a.01", 10))
    assert book.filled == 7


def test_the_average_is_weighed_by_quantity() -> None:
    book = ExecutionBook().with_execution(execution("a.01", 30, 10)).with_execution(execution("b.01", 10, 14))
    assert book.average_price == 11


def test_a_commission_is_revised_and_follows_the_correction() -> None:
    book = ExecutionBook().with_commission(Commission("a.01", Decimal(1), "USD"))
    assert book.commission == {}
    book = book.with_execution(execution("a.01", 10)).with_execution(execution("b.01", 1))
    assert (book.commission, [one.exec_id for one in book.uncharged]) == ({"USD": Decimal(1)}, ["b.01"])
    book = book.with_commission(Commission("a.01", Decimal("1.10"), "USD"))
    corrected = book.with_execution(execution("a.02", 12))
    assert corrected.commission == {"USD": Decimal("1.10")}
    assert corrected.with_commission(Commission("a.02", Decimal(2), "USD")).commission == {"USD": 2}
    assert corrected.with_bust("a.02").commission == {}


def _told(book: ExecutionBook, item: Execution | Commission | str) -> ExecutionBook:
    match item:
        case Execution():
            return book.with_execution(item)
        case Commission():
            return book.with_commission(item)
        case bust:
            return book.with_bust(bust)


ITEMS: list[Execution | Commission | str] = [
    *(execution(f"{root}.{revision:02d}", revision * 10, 50 + revision) for root in "abc" for revision in (1, 2, 3)),
    *(Commission(f"{root}.01", Decimal("1.25"), "USD") for root in "abc"),
    Commission("b.03", Decimal("2.5"), "AUD"),
    "a.03",
    "b.02",
]


@given(st.lists(st.sampled_from(ITEMS), max_size=20), st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(items: list[Execution | Commission | str], random: Random) -> None:
    shuffled = [*items, *items[::2]]
    random.shuffle(shuffled)
    one, other = reduce(_told, items, ExecutionBook()), reduce(_told, shuffled, ExecutionBook())
    assert one == other
    assert one.commission == other.commission
