"""Whether an account trades at all, and the book that checks read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import FailedPrecondition
from scizor.domain.orders import Side
from scizor.domain.trading.exposure import OpenOrder
from scizor.domain.trading.trading_state import TradingState, check_state
from tests.unit.trading.build import ACCOUNT, INSTRUMENT
from tests.unit.trading.test_risk import OTHER, book_of

D = Decimal


@pytest.mark.parametrize(
    ("state", "shrinking", "flattening", "passes"),
    [
        (TradingState.ACTIVE, False, False, True),
        (TradingState.REDUCING, True, False, True),
        (TradingState.REDUCING, False, False, False),
        (TradingState.HALTED, True, False, False),
        (TradingState.HALTED, True, True, True),
        (TradingState.HALTED, False, True, False),
    ],
)
def test_the_trading_state_lets_through(state: TradingState, shrinking: bool, flattening: bool, passes: bool) -> None:
    if passes:
        check_state(state, ACCOUNT, shrinks=shrinking, flattens=flattening)
        return
    with pytest.raises(FailedPrecondition, match=state.name):
        check_state(state, ACCOUNT, shrinks=shrinking, flattens=flattening)


def test_a_breach_only_tightens_the_state() -> None:
    assert TradingState.ACTIVE.tightened(TradingState.REDUCING) is TradingState.REDUCING
    assert TradingState.HALTED.tightened(TradingState.REDUCING) is TradingState.HALTED


CHANGES = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from(["one", "two", ""]),
        st.sampled_from([INSTRUMENT, OTHER]),
        st.sampled_from(Side),
        st.integers(0, 50),
        st.sampled_from(["", "g"]),
        st.sampled_from(["", "a"]),
    ),
    max_size=20,
)


@given(CHANGES)
def test_a_book_kept_up_to_date_is_the_book_made_at_once(
    changes: list[tuple[str, str, str, Side, int, str, str]],
) -> None:
    kept, last = book_of(10, -10), {}
    for order_id, strategy, instrument, side, remaining, group, entry in changes:
        if "a" in (order_id, entry):  # exits are of the instrument and the strategy of their entry
            parent = "" if order_id == "a" else "a"
            last[order_id] = OpenOrder(order_id, "one", INSTRUMENT, side, D(remaining), group, parent)
        else:
            last[order_id] = OpenOrder(order_id, strategy, instrument, side, D(remaining), group)
        kept.keep(last[order_id])
    made = book_of(10, -10)
    for order in last.values():
        made.keep(order)
    for owner in ("", "one", "two"):
        assert kept.open_orders(owner) == made.open_orders(owner)
        for instrument in (INSTRUMENT, OTHER):
            assert kept.holding(owner, instrument) == made.holding(owner, instrument)
