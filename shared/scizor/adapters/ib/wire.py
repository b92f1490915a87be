"""ib_async's wire client without its own bookkeeping: everything sent is throttled, everything received is ours.

The library decodes contracts and ticks. History is taken as the fields it came in, which is several times faster. A
message that cannot be read fails its request at once, not by its deadline.
"""

# ib_async ships types, but those of its client are bare, so every call of it counts as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol, cast

from ib_async.client import Client
from ib_async.contract import Contract, ContractDetails
from ib_async.decoder import Decoder
from ib_async.order import Order, OrderState
from ib_async.wrapper import Wrapper

from scizor.adapters.ib.messages import (
    HISTORY_FIELDS,
    DataType,
    End,
    FiveSeconds,
    HeadTimestamp,
    History,
    HistoryUpdate,
    Message,
    Tick,
)
from scizor.adapters.ib.orders.decode import COMPLETED_ORDER, NUMBERS, OPEN_ORDER, OrderReader
from scizor.adapters.ib.orders.messages import OrderMessage
from scizor.adapters.ib.throttle import Throttle, ThrottleRules
from scizor.domain.broker import SourceFailure

_SILENT = logging.Logger("ib_async", logging.CRITICAL + 1)  # outside the tree: our status says it all
_HISTORY, _HISTORY_UPDATE, _CONTRACT = 17, 90, 10
_TAKEN = (1, 2, 4, 9, 10, 15, 46, 49, 50, 52, 58, 88)
_ID_AFTER_VERSION_BELOW = 164
_SIZE_OF_PRICE = {1: 0, 2: 3, 4: 5, 66: 69, 67: 70, 68: 71}
"""Which size comes with a price, by tick type."""


class Inbox(Protocol):
    """Whom the wire tells. `req_id` is what the request was sent with, -1 where there is none."""

    def arrived(self) -> None:
        """Bytes came in; what they hold is told next."""
        ...

    def settled(self) -> None:
        """All that those bytes held has been told."""
        ...

    def accounts(self, names: Sequence[str]) -> None:
        """The login's accounts."""
        ...

    def next_number(self, number: int) -> None:
        """The lowest number that an order may have."""
        ...

    def order(self, message: OrderMessage) -> None:
        """Of an order or of what is held; not told unless orders were asked for."""
        ...

    def time_told(self, epoch_s: int) -> None:
        """The gateway answered the probe: its time, seconds since 1970."""
        ...

    def message(self, req_id: int, message: Message) -> None:
        """Part of an answer."""
        ...

    def error(self, req_id: int, code: int, text: str) -> None:
        """An error, a warning or a notice."""
        ...

    def unreadable(self, req_id: int, number: int) -> None:
        """A message of this number could not be read."""
        ...

    def hung_up(self) -> None:
        """The socket is closed."""
        ...


class WireClient(Client):
    """ib_async's client, sending by way of our throttle and decoding by way of our decoder."""

    def __init__(self, inbox: Inbox, rules: ThrottleRules, *, orders: bool = False) -> None:
        super().__init__(_Callbacks(inbox))
        self.decoder = _Decoder(inbox, self.wrapper, orders=orders)
        self.throttle = Throttle(rules, self._write)
        self._logger = _SILENT

    def sendMsg(self, msg: str) -> None:
        """Called for every message but the handshake. Raises SourceFailure(PACING) when too many wait."""
        self.throttle.put(msg)

    def abort(self) -> bool:
        """Hang up now, without waiting for what is not written yet. False: there was no socket."""
        self.throttle.close()
        transport = self.conn.transport
        if transport:
            transport.abort()
        return transport is not None

    def _write(self, message: str) -> None:
        self.conn.sendMsg(self._prefix(message.encode()))


class _Decoder(Decoder):
    def __init__(self, inbox: Inbox, callbacks: _Callbacks, *, orders: bool) -> None:
        super().__init__(cast("Wrapper", callbacks), 0)
        self._inbox = inbox
        self.logger = _SILENT
        taken = (*_TAKEN, OPEN_ORDER, COMPLETED_ORDER) if orders else _TAKEN
        self.handlers = {number: self.handlers[number] for number in taken}
        if orders:
            self.handlers.update(callbacks.reader.handlers())
        self.handlers[_HISTORY] = self._history
        self.handlers[_HISTORY_UPDATE] = self._history_update

    def interpret(self, fields: list[str]) -> None:
        number = int(fields[0]) if fields and fields[0].isdigit() else 0
        handler = self.handlers.get(number)
        if handler is None:
            return
        place = 2 if number == _CONTRACT and self.serverVersion < _ID_AFTER_VERSION_BELOW else 1
        req_id = fields[place] if len(fields) > place else ""
        try:
            handler(fields)
        except (ValueError, IndexError):  # too few fields, or words where numbers belong
            self._inbox.unreadable(int(req_id) if req_id.isdigit() else -1, number)
        except (KeyError, TypeError, SourceFailure):  # words nobody knows
            if number not in NUMBERS:
                raise
            self._inbox.unreadable(-1, number)

    def parse(self, obj: object) -> None:
        """Orders keep their texts: what they say is exact, and a float of it would not be."""
        if not isinstance(obj, (Order, OrderState)):
            super().parse(obj)

    def _history(self, fields: list[str]) -> None:
        count = int(fields[4])
        bars = fields[5:]
        if len(bars) != count * HISTORY_FIELDS:
            raise ValueError(fields[4])
        self._inbox.message(int(fields[1]), History(bars))

    def _history_update(self, fields: list[str]) -> None:
        count, day, opened, closed, high, low, average, volume = fields[2:]
        bar = (day, opened, high, low, closed, volume, average, count)
        self._inbox.message(int(fields[1]), HistoryUpdate(bar))


class _Callbacks:
    """What the library calls its wrapper; the names are the broker's."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.reader = OrderReader(inbox)

    def tcpDataArrived(self) -> None:
        self._inbox.arrived()

    def tcpDataProcessed(self) -> None:
        self._inbox.settled()

    def connectAck(self) -> None:
        """The version is agreed; accounts and ids come next."""

    def setEventsDone(self) -> None:
        self._inbox.hung_up()

    def connectionClosed(self) -> None:
        """Told after `setEventsDone`, and only if the connection had been ready."""

    def nextValidId(self, order_id: int) -> None:
        self._inbox.next_number(order_id)

    def openOrder(self, _order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
        self.reader.open_order(contract, order, state)

    def completedOrder(self, contract: Contract, order: Order, state: OrderState) -> None:
        self.reader.completed_order(contract, order, state)

    def managedAccounts(self, accounts: str) -> None:
        self._inbox.accounts([name for name in accounts.split(",") if name])

    def currentTime(self, epoch_s: int) -> None:
        self._inbox.time_told(epoch_s)

    def error(self, req_id: int, code: int, text: str, _advanced: str) -> None:
        self._inbox.error(req_id, code, text)

    def contractDetails(self, req_id: int, details: ContractDetails) -> None:
        self._inbox.message(req_id, details)

    def contractDetailsEnd(self, req_id: int) -> None:
        self._inbox.message(req_id, End())

    def headTimestamp(self, req_id: int, text: str) -> None:
        self._inbox.message(req_id, HeadTimestamp(text))

    def marketDataType(self, req_id: int, number: int) -> None:
        self._inbox.message(req_id, DataType(number))

    def priceSizeTick(self, req_id: int, kind: int, price: float, size: float) -> None:
        self._inbox.message(req_id, Tick(kind, price))
        if kind in _SIZE_OF_PRICE:
            self._inbox.message(req_id, Tick(_SIZE_OF_PRICE[kind], size))

    def tickSize(self, req_id: int, kind: int, size: float) -> None:
        self._inbox.message(req_id, Tick(kind, size))

    def tickString(self, req_id: int, kind: int, _text: str) -> None:
        self._inbox.message(req_id, Tick(kind, 0.0))

    def realtimeBar(
        self,
        req_id: int,
        start_s: int,
        open_: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        _average: float,
        _count: int,
    ) -> None:
        self._inbox.message(req_id, FiveSeconds(start_s, open_, high, low, close, volume))
