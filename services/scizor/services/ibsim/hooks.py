"""Where something may go wrong on demand: the points at which a connection asks, and answers that change nothing."""

from __future__ import annotations

from collections.abc import Sequence


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

    async def on_reply(self, client_id: int, message_id: int, payload: bytes) -> Sequence[bytes]:
        """Asked for every reply, in order, before it is written: what is written in its place.

        While it waits nothing is written on that connection. A reply held back may be given with a later one.
        """
        return (payload,)
