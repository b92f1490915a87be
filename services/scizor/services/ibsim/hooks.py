"""Where something may go wrong on demand: the points at which a connection asks, and answers that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from scizor.services.ibsim.broker.events import Event
from scizor.services.ibsim.broker.words import OrderKey


class Fate(Enum):
    """What becomes of a command about an order, and of the connection it came by."""

    TAKEN = auto()
    CUT = auto()  # carried out, but the connection ends before its answer
    LOST = auto()  # the connection ends before it is carried out


class Faults:
    """What the connections ask; this one lets everything pass. A subclass may wait, drop, repeat and reorder."""

    def accepts_connections(self) -> bool:
        """Asked when a client connects. False: it is hung up on at once."""
        return True

    def claims(self, client_id: int) -> bool:
        """Asked when a client starts the API. True: its id is held to be in use."""
        return False

    async def on_request(self, client_id: int, message_id: int, fields: Sequence[str]) -> bool:
        """Asked for every request, in order, before it is looked at. False: it is lost. May raise BadField."""
        return True

    def fate(self, key: OrderKey) -> Fate:
        """Asked for every order to be placed, changed or cancelled, before it is."""
        return Fate.TAKEN

    def on_event(self, event: Event) -> Sequence[Event]:
        """Asked for all news of orders, once for all connections: what is told in its place."""
        return (event,)

    def next_order_id(self, true_id: int) -> int:
        """Asked when a client is to be told the next valid order id."""
        return true_id

    async def on_reply(self, client_id: int, message_id: int, payload: bytes) -> Sequence[bytes]:
        """Asked for every reply, in order, before it is written: what is written in its place.

        While it waits nothing is written on that connection. A reply held back may be given with a later one.
        """
        return (payload,)
