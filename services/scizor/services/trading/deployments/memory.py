"""What a deployment has come to, as its moments and the account's journal tell it: the same after every new start."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from scizor.domain.trading.deployments import Deployment
from scizor.domain.trading.positions import ShareSplit
from scizor.ports.journal import Entry
from scizor.ports.storage import Storage
from scizor.services.trading.deployments.moments import Moment
from scizor.services.trading.deployments.stakes import Purse
from scizor.services.trading.desk.books import AccountBooks

_PAGE: Final = 1_000


class Memory:
    """`heard`: the newest entry of the journal that `purse` knows of."""

    def __init__(self, deployment: Deployment, storage: Storage) -> None:
        self.purse = Purse(deployment)
        self.heard = 0
        self._account, self._symbols, self._storage = deployment.spec.account, deployment.spec.symbols, storage
        self._ahead: deque[Entry] = deque()

    def take(self, entry: Entry) -> bool:
        """The next entry; whether it is about an order of the deployment's."""
        self.heard = entry.sequence
        return self.purse.heard(entry)

    async def relive(self, moments: Sequence[Moment], books: AccountBooks) -> None:
        """Entries, splits and closes in the order in which they came.

        `books`: as they were read. A moment may have heard of entries that nobody lived to store; what was journalled
        since has their numbers.
        """
        stored = books.sequence
        self.heard = min(moments[0].heard, stored)
        for one in moments:
            await self.hear_until(min(one.heard, stored))
            for split in one.splits:
                self.purse.split(split.symbol, split.ratio, split.time)
            if one.row is not None:
                self.purse.closed(one.row.bars)
        self.purse.forget_news()

    async def hear_until(self, sequence: int) -> None:
        """All that is stored up to an entry."""
        while self.heard < sequence:
            if not self._ahead:
                async with self._storage.begin() as work:
                    self._ahead.extend(await work.orders.entries_after(self._account, self.heard, _PAGE))
            if not self._ahead or self._ahead[0].sequence > sequence:
                return
            self.take(self._ahead.popleft())

    def hear_no_more(self) -> None:
        """From now on entries are told by `take`."""
        self._ahead.clear()

    def split_since(self, newest_ns: int, books: AccountBooks) -> None:
        """Splits that are booked and that no row has told: those after the close of the newest row."""
        newest = datetime.fromtimestamp(newest_ns / 1e9, UTC)
        for name in self._symbols:
            for action in books.holdings.actions(name):
                if isinstance(action, ShareSplit) and action.time > newest:
                    self.purse.split(name, action.ratio, action.time)

    def is_current(self, books: AccountBooks) -> bool:
        """Whether it knows all that the books say of the deployment's orders."""
        return all(self.purse.knows(one) for one in books.orders.values())
