"""The ledger is the sum of what happened: after every step it equals a fold of everything from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scizor.domain.orders import Side
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.positions import Position, by_strategy, fills_of
from scizor.domain.trading.states import Order
from scizor.ports.journal import BookedExecution, Posting, PostingKind
from scizor.services.trading.desk.holdings import Holdings
from tests.unit.trading.build import REQUEST, events_of, run
from tests.unit.trading_account.build import AAPL, ACCOUNT, BHP, NOON, D

INSTRUMENTS, STRATEGIES = (AAPL, BHP), ("", "one", "two")
Step = tuple[str, int, int, int, int]
"""What happens, to which order, at which second, and two numbers that say more."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "fill", "correct", "bust", "fee", "split", "dividend", "cash"]),
        st.integers(0, 5),
        st.integers(0, 4),
        st.integers(1, 30),
        st.integers(1, 400),
    ),
    max_size=14,
)


def request_of(number: int) -> OrderRequest:
    side = Side.BUY if number % 2 else Side.SELL
    instrument, strategy = INSTRUMENTS[number % 3 == 0], STRATEGIES[number % 3]
    return replace(REQUEST, id=f"order-{number}", instrument=instrument, side=side, strategy_id=strategy)


class Story:
    """Orders by hand: their execution books are changed directly, as events would."""

    def __init__(self) -> None:
        self.orders = {number: run(events_of(request=request_of(number)))[0] for number in range(6)}
        self.postings: list[Posting] = []
        self.holdings = Holdings(ACCOUNT, (), ())
        self._fills = 0

    def change(self, number: int, change: Callable[[Order], Order]) -> None:
        before = self.orders[number]
        self.orders[number] = change(before)
        self.holdings.moved(before, self.orders[number])

    def post(self, posting: Posting) -> None:
        self.postings.append(posting)
        self.holdings.post(posting)

    def step(self, step: Step) -> None:
        what, number, second, quantity, cents = step
        order, price, time = self.orders[number], D(cents) / 100, NOON + timedelta(seconds=second)
        instrument = order.request.instrument
        known = order.book.valid()
        match what:
            case "fill":
                self._fills += 1
                # Ids do not rise with time: brokers give them per exchange.
                name = f"{(self._fills * 7) % 31:02}x{self._fills}.01"
                told = Execution(name, ACCOUNT, instrument, order.request.side, D(quantity), price, time)
                self.change(number, lambda one: replace(one, book=one.book.with_execution(told)))
            case "correct" if known:
                was = known[0]
                again = replace(was, exec_id=f"{was.root_id}.{was.revision + 1:02}", quantity=D(quantity), price=price)
                self.change(number, lambda one: replace(one, book=one.book.with_execution(again)))
            case "bust" if known:
                self.change(number, lambda one: replace(one, book=one.book.with_bust(known[-1].exec_id)))
            case "fee" if known:
                paid = Commission(known[-1].exec_id, price, "USD")
                self.change(number, lambda one: replace(one, book=one.book.with_commission(paid)))
            case "split":
                self.post(Posting(PostingKind.SPLIT, time, instrument, ratio=D(quantity) / 10))
            case "dividend":
                self.post(Posting(PostingKind.DIVIDEND, time, instrument, price=price))
            case "cash":
                self.post(Posting(PostingKind.CASH_ADJUSTMENT, time, currency="USD", amount=price))
            case _:
                pass

    def from_scratch(self) -> Holdings:
        executions = [
            BookedExecution(fill.execution, order.id, fill.strategy_id, "", fill.fees)
            for order in self.orders.values()
            for fill in fills_of(order)
        ]
        return Holdings(ACCOUNT, executions, self.postings)


def seen(positions: dict[tuple[str, str], Position]) -> dict[tuple[str, str], object]:
    """All that counts of positions; fees of nothing are no fees."""
    return {
        key: (one.lots, one.realised, one.dividends, {name: fee for name, fee in one.fees.items() if fee})
        for key, one in positions.items()
        if one != Position(one.instrument)
    }


def netted(holdings: Holdings) -> dict[tuple[str, str], Position]:
    return {("", name): one for name, one in holdings.positions.items()}


@settings(max_examples=200, deadline=None)
@given(STEPS)
@example([("fill", 1, 0, number, 100) for number in range(1, 6)])
def test_after_each_step_the_ledger_is_a_fold_from_scratch(steps: Sequence[Step]) -> None:
    story = Story()
    for step in steps:
        story.step(step)
        scratch = story.from_scratch()
        assert seen(netted(story.holdings)) == seen(netted(scratch))
        assert seen(story.holdings.by_strategy) == seen(scratch.by_strategy)
        assert {name: cash for name, cash in story.holdings.cash.items() if cash} == {
            name: cash for name, cash in scratch.cash.items() if cash
        }


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 5))
def test_what_was_held_before_an_instant_is_the_fold_of_what_came_before_it(steps: Sequence[Step], second: int) -> None:
    story, instant = Story(), NOON + timedelta(seconds=second)
    for step in steps:
        story.step(step)
    fills = [fill for order in story.orders.values() for fill in fills_of(order)]
    early = [fill for fill in fills if fill.execution.time < instant]
    actions = [one for name in INSTRUMENTS for one in story.holdings.actions(name) if one.time < instant]
    assert seen(story.holdings.before(instant)) == seen(by_strategy(early, actions))


def test_positions_of_strategies_add_up_to_the_accounts() -> None:
    story = Story()
    for number in range(6):
        story.step(("fill", number, 0, 10 + number, 100))
    for name in INSTRUMENTS:
        parts = [one.shares for (_, instrument), one in story.holdings.by_strategy.items() if instrument == name]
        assert story.holdings.positions[name].shares == sum(parts, ZERO)


def test_cash_that_no_trade_explains_is_kept_apart() -> None:
    paid = Posting(PostingKind.CASH_ADJUSTMENT, NOON, currency="EUR", amount=Decimal(5))
    opening = Posting(PostingKind.OPENING_CASH, NOON, currency="EUR", amount=Decimal(7))
    holdings = Holdings(ACCOUNT, (), [opening, paid])
    assert (holdings.cash["EUR"], holdings.adjustments) == (D(12), [paid])
