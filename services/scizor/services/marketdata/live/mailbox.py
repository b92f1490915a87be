"""What one reader has not read yet.

Quotes and bars that are not over wait in one place a topic, where the newest overtakes those before it; a topic keeps
its place in the queue, so that none starves. Everything else waits in line. News of one topic come in their order.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque

from scizor.domain.errors import LimitExceeded, Reason, ScizorError
from scizor.services.marketdata.live.news import News, Topic


class Mailbox:
    """Filled without waiting, read as fast as its reader can: `async for news in mailbox`.

    Gives None when there was nothing for `heartbeat_s`. Ends when it was closed and all is read; raises then what it
    was closed with.
    """

    def __init__(self, max_unread: int, heartbeat_s: float) -> None:
        self._max_unread, self._heartbeat_s = max_unread, heartbeat_s
        self._line: deque[News] = deque()
        self._newest: dict[Topic, News] = {}
        self._overtaken: defaultdict[Topic, int] = defaultdict(int)
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._failure: ScizorError | None = None

    def put(self, news: News) -> None:
        """Leave it to be read. A line that is full closes the mailbox with LimitExceeded(QUEUE_FULL)."""
        if self._closed:
            return
        topic = news.topic
        unread = self._newest.get(topic)
        if unread is not None and unread.overtakes == news.overtakes:
            self._overtaken[topic] += 1
            unread = None
        if news.lasts or unread is not None:
            self._line_up(topic, unread, news)
        else:
            self._newest[topic] = news
        self._wake()

    def overtaken(self, topic: Topic) -> int:
        """How many of the topic's news were never read because newer ones came, in all."""
        return self._overtaken.get(topic, 0)

    def close(self, failure: ScizorError | None = None) -> None:
        """Take nothing more. The first to close it says why."""
        if not self._closed:
            self._closed, self._failure = True, failure
            self._wake()

    def __aiter__(self) -> Mailbox:
        return self

    async def __anext__(self) -> News | None:
        if not (self._line or self._newest or self._closed):
            await self._something()
        if self._line:
            return self._line.popleft()
        if self._newest:
            return self._newest.pop(next(iter(self._newest)))
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise StopAsyncIteration
        return None

    def _line_up(self, topic: Topic, unread: News | None, news: News) -> None:
        """Keep the topic's order: what is unread of it and must not be lost goes ahead of the news."""
        if len(self._line) + news.lasts + (unread is not None) > self._max_unread:
            message = f"{self._max_unread} messages are unread, the most that are kept for one reader"
            self.close(LimitExceeded(message, Reason.QUEUE_FULL, metadata={"limit": str(self._max_unread)}))
            return
        self._newest.pop(topic, None)
        if unread is not None:
            self._line.append(unread)
        if news.lasts:
            self._line.append(news)
        else:
            self._newest[topic] = news

    async def _something(self) -> None:
        """Wait for anything to happen, or for the time of a heartbeat."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(self._heartbeat_s, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
