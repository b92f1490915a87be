"""What a reader who cannot keep up is given."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import LimitExceeded, NotFound
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import News, Topic

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
TOPICS = [Topic(name, number) for number, name in enumerate("ABC")]
LAST_HEARTBEAT_S = 3600.0


def quote(number: int) -> Quote:
    return Quote(NOW, last=float(number))


def gap(number: int) -> FeedGap:
    return FeedGap(None, NOW, str(number))


def bar(start: int, close: int, *, complete: bool = False) -> LiveBar:
    return LiveBar(NOW + timedelta(seconds=5 * start), 1.0, 9.0, 1.0, float(close), 1.0, complete)


def mailbox(max_unread: int = 1000, heartbeat_s: float = LAST_HEARTBEAT_S) -> Mailbox:
    return Mailbox(max_unread, heartbeat_s)


async def rest(box: Mailbox) -> list[News]:
    """All that is unread; nothing is taken any more."""
    box.close()
    return [news async for news in box if news is not None]


async def read_to_the_end(box: Mailbox) -> tuple[list[News], bool]:
    """All that is unread, and whether there was no room for more."""
    read: list[News] = []
    try:
        async for news in box:
            read += [news] if news else []
    except LimitExceeded:
        return read, True
    return read, False


async def left_unread(*events: FeedEvent) -> list[FeedEvent]:
    """What is read after these events of one topic."""
    box = mailbox()
    for event in events:
        box.put(News(TOPICS[0], event))
    return [news.event for news in await rest(box)]


# What happens to a mailbox: (topic, whether it lasts) is put, None reads one.
STEPS = st.lists(st.none() | st.tuples(st.integers(0, 2), st.sampled_from([False, False, False, True])), max_size=120)


@given(STEPS)
async def test_what_was_put_was_read_or_counted_and_the_newest_was_read(steps: list[tuple[int, bool] | None]) -> None:
    box, pushed, read, unread = mailbox(), [], [], 0
    for number, step in enumerate(steps):
        if step is None and unread:
            news = await anext(box)
            assert news is not None
            read.append(news)
        elif step is not None:
            topic = TOPICS[step[0]]
            pushed.append(News(topic, gap(number) if step[1] else quote(number)))
            box.put(pushed[-1])
        unread = len(pushed) - len(read) - sum(map(box.overtaken, TOPICS))
        assert unread <= len(TOPICS) + 2 * sum(news.lasts for news in pushed)
    read += await rest(box)
    put, got = (Counter(news.topic for news in each) for each in (pushed, read))
    for topic in TOPICS:
        assert put[topic] == got[topic] + box.overtaken(topic)
        mine = [news for news in read if news.topic == topic]
        assert mine == [news for news in pushed if news in mine]
        assert mine[-1:] == [news for news in pushed if news.topic == topic][-1:]
    assert [news for news in pushed if news.lasts and news not in read] == []


@given(STEPS, st.integers(1, 10))
async def test_no_more_than_the_bound_and_one_a_topic_are_ever_unread(
    steps: list[tuple[int, bool] | None], bound: int
) -> None:
    box, pushed = mailbox(bound), []
    for number, step in enumerate(steps):
        if step is not None:
            pushed.append(News(TOPICS[step[0]], gap(number) if step[1] else quote(number)))
            box.put(pushed[-1])
    box.close()
    read, is_full = await read_to_the_end(box)
    lasting, kept = ([news for news in each if news.lasts] for each in (pushed, read))
    assert len(read) <= bound + len(TOPICS)
    assert kept == lasting[: len(kept)]
    assert is_full == (kept != lasting)


async def test_topics_are_read_in_the_order_in_which_they_first_changed() -> None:
    box = mailbox()
    for number, place in enumerate([1, 0, 1, 1, 2, 1, 0]):
        box.put(News(TOPICS[place], quote(number)))
    assert [(news.topic.symbol, news.event) for news in await rest(box)] == [
        ("B", quote(5)),
        ("A", quote(6)),
        ("C", quote(4)),
    ]
    assert [box.overtaken(topic) for topic in TOPICS] == [1, 3, 0]


async def test_a_quote_from_before_a_gap_is_read_before_it_and_a_later_one_behind_it() -> None:
    events: list[FeedEvent] = [quote(1), quote(2), gap(3), quote(4), quote(5)]
    assert await left_unread(*events) == [quote(2), gap(3), quote(5)]


async def test_a_bar_is_overtaken_by_its_newer_self_only() -> None:
    whole = bar(1, 13, complete=True)
    events = [bar(0, 10), bar(0, 11), bar(1, 12), whole, bar(2, 14), bar(3, 15), bar(4, 16)]
    assert await left_unread(*events) == [bar(0, 11), whole, bar(2, 14), bar(3, 15), bar(4, 16)]


async def test_complete_bars_without_room_end_it_after_what_is_unread() -> None:
    box, topic = mailbox(3), Topic("A", 1, LiveInterval.SECONDS_5)
    for start in range(5):
        box.put(News(topic, bar(start, start, complete=True)))
    read, is_full = await read_to_the_end(box)
    assert is_full
    assert [news.event for news in read] == [bar(start, start, complete=True) for start in range(3)]


async def test_a_reader_who_waits_is_woken_by_news() -> None:
    box = mailbox()
    waiting = asyncio.ensure_future(anext(box))
    await asyncio.sleep(0)
    box.put(News(TOPICS[0], quote(1)))
    box.put(News(TOPICS[0], quote(2)))
    news = await waiting
    assert news is not None
    assert news.event == quote(2)


async def test_a_quiet_mailbox_gives_a_sign_of_life() -> None:
    assert await anext(mailbox(heartbeat_s=0.01)) is None


async def test_a_mailbox_that_is_closed_while_its_reader_waits_ends() -> None:
    box = mailbox()
    waiting = asyncio.ensure_future(rest_of(box))
    await asyncio.sleep(0)
    box.close()
    box.put(News(TOPICS[0], quote(1)))
    assert await waiting == []


async def test_the_first_reason_to_close_counts() -> None:
    box = mailbox()
    box.put(News(TOPICS[0], FeedStatus(FeedState.ACTIVE)))
    box.close(NotFound("gone"))
    box.close()
    assert await anext(box) is not None
    with pytest.raises(NotFound):
        await anext(box)


async def test_a_reader_who_gives_up_waiting_leaves_the_mailbox_whole() -> None:
    box = mailbox()
    waiting = asyncio.ensure_future(anext(box))
    await asyncio.sleep(0)
    waiting.cancel()
    box.put(News(TOPICS[0], quote(1)))
    assert len(await rest(box)) == 1


async def rest_of(box: Mailbox) -> list[News | None]:
    return [news async for news in box]
