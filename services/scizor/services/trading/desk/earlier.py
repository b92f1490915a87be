"""Orders that were asked for before: by the ids they were given, however long ago, and asked for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scizor.domain.errors import AlreadyExists, Reason
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.states import Order
from scizor.ports.storage import Storage
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.seat import Seat


class Earlier:
    """Of one account: in its books, or in storage once they have let go of what ended."""

    def __init__(self, seat: Seat, storage: Storage) -> None:
        self._seat, self._storage = seat, storage

    async def order(self, order_id: str) -> Order:
        """One of this account, also one that ended long ago. Raises NotFound(ORDER_NOT_FOUND)."""
        order = self._books.orders.get(order_id)
        if order is None:
            async with self._storage.begin() as work:
                order = await work.orders.order(order_id)
        if order.request.account != self._seat.account:
            return self._books.order(order_id)
        return order

    async def known(self, client_order_id: str) -> Order | None:
        """The order a client gave that id, however long ago."""
        earlier = self._books.by_client_id(client_order_id)
        if earlier is None:
            async with self._storage.begin() as work:
                earlier = await work.orders.order_by_client_id(self._seat.account, client_order_id)
        return earlier

    async def again(self, earlier: Order, family: Sequence[OrderRequest]) -> tuple[Order, ...]:
        """The family of an order that was placed before, where this is the same again."""
        exits = [one for one in self._books.orders.values() if one.request.parent_id == earlier.id]
        differ = _pattern(earlier.request) != _pattern(family[0])
        if exits and Counter(one.request.terms for one in exits) != Counter(one.terms for one in family[1:]):
            differ = True
        if differ:
            raise taken(earlier)
        await self.stored()
        return (earlier, *exits)

    async def stored(self) -> None:
        """What is in memory may be on its way to the journal still: whoever is told of it must not be told too soon."""
        await self._seat.tenure.writer.caught_up()

    @property
    def _books(self) -> AccountBooks:
        return self._seat.tenure.books


def taken(earlier: Order) -> AlreadyExists:
    """The error of an id that is another order's."""
    name = earlier.request.client_order_id
    return AlreadyExists(
        f"client_order_id {name} is that of another order ({earlier.id})",
        Reason.ORDER_EXISTS,
        metadata={"client_order_id": name, "order": earlier.id},
    )


def _pattern(request: OrderRequest) -> tuple[object, ...]:
    """What a retry has in common with the first try."""
    return (request.instrument, request.side, request.terms, request.group, request.strategy_id)
