"""The message throttle: IB hangs up on whoever sends more than 50 a second."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.adapters.ib.throttle import Bucket, Priority, Throttle, ThrottleRules
from scizor.domain.broker import FailureCategory, SourceFailure

HISTORY, CANCEL_ORDER, ORDER, PROBE = "20\x001\x00", "4\x001\x00", "3\x001\x00", "49\x001\x00"


@given(st.lists(st.floats(0, 0.2), max_size=300))
def test_no_second_ever_holds_more_messages_than_the_rules_allow(waits_s: list[float]) -> None:
    bucket, now_s, sent = Bucket(ThrottleRules(messages_per_s=45, burst=5), 0.0), 0.0, []
    for wait_s in waits_s:
        now_s += wait_s
        while bucket.take(now_s):
            sent.append(now_s)
    for start_s in sent:
        assert sum(start_s <= at_s < start_s + 1 for at_s in sent) <= 45


def test_a_full_pipe_runs_at_the_rate_of_the_rules() -> None:
    bucket, now_s, sent = Bucket(ThrottleRules(messages_per_s=45, burst=5), 0.0), 0.0, 0
    while now_s < 60:
        sent += bucket.take(now_s)
        now_s += bucket.wait_s(now_s) + 1e-9
    assert sent == pytest.approx(60 * 40 + 5, abs=2)


def test_a_complaint_halves_the_pace_and_it_comes_back() -> None:
    bucket = Bucket(ThrottleRules(), 0.0)
    bucket.slow_down()
    assert bucket.pace == 0.5
    now_s = 0.0
    for _ in range(1000):
        now_s += bucket.wait_s(now_s) + 1e-9
        assert bucket.take(now_s)
    assert bucket.pace == 1.0


async def test_cancels_go_before_orders_and_orders_before_questions() -> None:
    sent: asyncio.Queue[str] = asyncio.Queue()
    throttle = Throttle(ThrottleRules(messages_per_s=200, burst=1), sent.put_nowait)
    for message in (HISTORY, HISTORY, PROBE, ORDER, CANCEL_ORDER):
        throttle.put(message)
    async with asyncio.timeout(5):
        assert [await sent.get() for _ in range(5)] == [HISTORY, CANCEL_ORDER, ORDER, PROBE, HISTORY]


async def test_a_full_queue_refuses_questions_but_never_orders() -> None:
    throttle = Throttle(ThrottleRules(burst=1, most_waiting=2), lambda _: None)
    for _ in range(3):
        throttle.put(HISTORY)
    with pytest.raises(SourceFailure, match="2 messages wait") as refused:
        throttle.put(HISTORY)
    assert refused.value.category is FailureCategory.PACING
    throttle.put(CANCEL_ORDER)
    assert throttle.waiting == 3
    throttle.close()


async def test_a_cancel_follows_the_order_it_is_about_and_overtakes_the_others() -> None:
    sent: asyncio.Queue[str] = asyncio.Queue()
    throttle = Throttle(ThrottleRules(messages_per_s=200, burst=1), sent.put_nowait)
    first, other, changed = "3\x007\x00a\x00", "3\x0077\x00a\x00", "3\x007\x00b\x00"
    cancel, unsent = "4\x001\x007\x00", "4\x001\x009\x00"
    for message in (PROBE, other, first, changed, other, cancel, cancel, unsent, unsent):
        throttle.put(message)
    async with asyncio.timeout(5):
        assert [await sent.get() for _ in range(7)] == [PROBE, unsent, other, first, changed, cancel, other]
    assert throttle.waiting == 0


async def test_too_many_waiting_orders_are_refused_and_cancels_never_are() -> None:
    throttle = Throttle(ThrottleRules(burst=1, most_waiting=2), lambda _: None)
    for number in range(3):
        throttle.put(f"3\x00{number}\x00")
    with pytest.raises(SourceFailure, match="2 messages wait") as refused:
        throttle.put("3\x004\x00")
    assert refused.value.category is FailureCategory.PACING
    throttle.put("4\x001\x009\x00")
    assert throttle.waiting == 3
    throttle.close()


async def test_orders_that_wait_are_forgotten_with_the_link_and_questions_are_not() -> None:
    throttle = Throttle(ThrottleRules(burst=1), lambda _: None)
    for message in (PROBE, ORDER, CANCEL_ORDER, HISTORY):
        throttle.put(message)
    assert throttle.backlog_s == pytest.approx(3 / 47)
    throttle.forget_orders()
    assert throttle.waiting == 1
    throttle.close()


async def test_a_closed_throttle_sends_nothing_more() -> None:
    sent: list[str] = []
    throttle = Throttle(ThrottleRules(messages_per_s=200, burst=1), sent.append)
    throttle.put(HISTORY)
    throttle.put(HISTORY)
    throttle.close()
    await asyncio.sleep(0.02)
    assert (len(sent), throttle.waiting) == (1, 0)


def test_every_priority_has_its_place() -> None:
    assert Priority.CANCEL < Priority.ORDER < Priority.CONTROL < Priority.DATA
