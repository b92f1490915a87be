"""The pacing of history, held against a counter of its own that applies the broker's rules as they are published."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.adapters.ib.pacing import PacedQueue, PacingRules, Ticket

RULES = PacingRules()


@dataclass(frozen=True)
class Asked:
    """A request as the gateway sees it."""

    at_s: float
    ticket: Ticket


def broken_rules(asked: list[Asked]) -> list[str]:
    """Every published rule that these requests break, counting each instant's past anew."""
    broken = []
    small = [each for each in asked if each.ticket.small]
    for place, now in enumerate(small):
        past = small[: place + 1]
        if any(now.at_s - old.at_s < 15 and old.ticket.identity == now.ticket.identity for old in past[:-1]):
            broken.append("identical")
        line = [old for old in past if old.ticket.line == now.ticket.line and now.at_s - old.at_s < 2]
        if sum(old.ticket.weight for old in line) >= 6:
            broken.append("contract")
        if sum(old.ticket.weight for old in past if now.at_s - old.at_s < 600) > 60:
            broken.append("ten minutes")
    return broken


tickets = st.builds(
    lambda contract, end, small, weight: Ticket((contract, end, small, weight), (contract, weight), small, weight),
    st.integers(1, 3),
    st.integers(1, 12),
    st.booleans(),
    st.sampled_from([1, 2]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(tickets, st.floats(0, 3), st.floats(0, 2)), max_size=120),
    st.integers(1, 8),
    st.data(),
)
def test_no_workload_ever_breaks_a_rule_and_all_of_it_is_done(
    work: list[tuple[Ticket, float, float]], most: int, data: st.DataObject
) -> None:
    queue = PacedQueue(replace(RULES, most_under_way=most))
    arrivals, now_s = [], 0.0
    for ticket, wait_s, _ in work:
        now_s += wait_s
        arrivals.append((now_s, ticket))
    takes_s = {ticket: seconds for ticket, _, seconds in work}
    asked: list[Asked] = []
    ends_s: list[float] = []
    now_s = 0.0
    while arrivals or len(queue) or ends_s:
        while arrivals and arrivals[0][0] <= now_s:
            queue.add(arrivals.pop(0)[1])
        while ends_s and min(ends_s) <= now_s:
            ends_s.remove(min(ends_s))
            queue.end()
        while (ready := queue.pop(now_s)) is not None:
            delay_s = data.draw(st.floats(0, 0.9), label="travel")
            asked.append(Asked(now_s + delay_s, ready))
            ends_s.append(now_s + takes_s[ready])
            assert len(ends_s) <= most
        pause_s = queue.wait_s(now_s)
        nexts = [*(at for at, _ in arrivals[:1]), *ends_s, *([] if pause_s is None else [now_s + pause_s])]
        now_s = max(now_s, min(nexts, default=now_s))
    assert len(asked) == len(work)
    assert broken_rules(sorted(asked, key=lambda each: each.at_s)) == []


def test_small_bars_run_at_55_in_ten_minutes() -> None:
    queue, now_s, sent = PacedQueue(RULES), 0.0, 0
    for number in range(200):
        queue.add(Ticket(number, number, small=True))
    while now_s < 1800:
        if queue.pop(now_s):
            queue.end()
            sent += 1
        else:
            wait_s = queue.wait_s(now_s)
            assert wait_s is not None
            now_s += wait_s
    assert sent == 165


def test_long_bars_know_only_the_number_under_way() -> None:
    queue = PacedQueue(replace(RULES, most_under_way=3))
    for _ in range(5):
        queue.add(Ticket("same", "same"))
    assert sum(queue.pop(0.0) is not None for _ in range(5)) == 3
    assert queue.wait_s(0.0) is None
    queue.end()
    assert queue.pop(0.0) is not None


def test_a_request_held_up_by_its_own_rule_lets_others_pass() -> None:
    queue = PacedQueue(RULES)
    first, again, other = Ticket("a", "x", small=True), Ticket("a", "x", small=True), Ticket("b", "y", small=True)
    for ticket in (first, again, other):
        queue.add(ticket)
    assert [queue.pop(0.0), queue.pop(0.0), queue.pop(0.0)] == [first, other, None]
    assert queue.wait_s(0.0) == 16.0
    assert queue.pop(16.0) is again


def test_live_bars_take_from_the_places_of_history() -> None:
    queue = PacedQueue(replace(RULES, most_under_way=40, most_open=50))
    for _ in range(30):
        queue.open_stream()
    assert queue.limit == 20
    for _ in range(30):
        queue.open_stream()
    assert queue.limit == 1
    for _ in range(60):
        queue.close_stream()
    assert queue.limit == 40


def test_a_complaint_pauses_everything_halves_the_limit_and_recovers() -> None:
    queue = PacedQueue(replace(RULES, most_under_way=8, pause_s=5))
    queue.add(Ticket("a", "x"))
    queue.slow_down(100.0)
    queue.slow_down(101.0)  # of a request that was under way already
    assert queue.limit == 4
    assert queue.pop(104.9) is None
    assert queue.wait_s(104.0) == 1.0
    assert queue.pop(105.0) is not None
    queue.slow_down(106.0)
    queue.add(Ticket("b", "x"))
    assert queue.pop(115.9) is None, "the second pause is twice as long"
    for _ in range(200):
        queue.went_well()
    assert queue.limit == 8
