"""The wire of orders without a socket: what a ticket is sent as, and what frames are told as."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ib_async.client import Client

from scizor.adapters.ib.messages import Message
from scizor.adapters.ib.orders.messages import OrderMessage
from scizor.adapters.ib.orders.terms import wire_order
from scizor.adapters.ib.throttle import ThrottleRules
from scizor.adapters.ib.translate import wire_contract
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import BrokerContract, DataOrigin
from scizor.domain.instruments import AssetType
from scizor.domain.orders import Side
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.ports.order_broker import Ticket
from scizor.services.ibsim.broker.words import Order, Status
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.orders_in import PlaceOrderRequest
from scizor.services.ibsim.wire.replies.orders import open_order
from tests.unit.ibsim.wire_samples import APPLE, NOON

CONTRACT = BrokerContract(
    con_id=APPLE.con_id,
    symbol="AAPL",
    primary_exchange="NASDAQ",
    currency="USD",
    exchange="SMART",
    name="Apple Inc.",
    asset_type=AssetType.STOCK,
    min_tick=Decimal("0.01"),
    time_zone="America/New_York",
    origins=(DataOrigin("test"),),
)
ORDER_ID = "0b9e6a3e-3c1e-4b0e-9b57-2f6f0f3f9a11"
PERM_ID = 1_780_000_001


def ticket_of(terms: Terms, number: int = 3, **more: Any) -> Ticket:
    request = OrderRequest(ORDER_ID, "mine", "DUSIM0001", "AAPL.NASDAQ.USD", Side.BUY, terms)
    changes = {name: more.pop(name) for name in ("group", "side") if name in more}
    return Ticket(replace(request, **changes), terms, CONTRACT, number, **more)


class OrderEars:
    """The wire's inbox: it keeps what it is told of orders."""

    def __init__(self) -> None:
        self.orders: list[OrderMessage] = []
        self.messages: list[tuple[int, Message]] = []
        self.broken: list[int] = []

    def arrived(self) -> None: ...

    def settled(self) -> None: ...

    def accounts(self, names: Sequence[str]) -> None: ...

    def next_number(self, number: int) -> None: ...

    def time_told(self, epoch_s: int) -> None: ...

    def hung_up(self) -> None: ...

    def error(self, req_id: int, code: int, text: str) -> None: ...

    def order(self, message: OrderMessage) -> None:
        self.orders.append(message)

    def message(self, req_id: int, message: Message) -> None:
        self.messages.append((req_id, message))

    def unreadable(self, req_id: int, number: int) -> None:
        self.broken.append(number)


class _Recorder(WireClient):
    def __init__(self, version: int) -> None:
        super().__init__(OrderEars(), ThrottleRules())
        self.connState, self._serverVersion = Client.CONNECTED, version
        self.sent: list[str] = []

    def sendMsg(self, msg: str) -> None:
        self.sent.append(msg)


async def sent_as(ticket: Ticket, version: int = 178) -> list[str]:
    """The fields of the message that places it."""
    client = _Recorder(version)
    client.placeOrder(ticket.number, wire_contract(ticket.contract), wire_order(ticket))
    [message] = client.sent
    return message.split("\0")[:-1]


async def heard(*frames: bytes | str, version: int = 178) -> OrderEars:
    """What is told of frames, or of lines with bars between their fields."""
    ears = OrderEars()
    client = WireClient(ears, ThrottleRules(), orders=True)
    client.decoder.serverVersion = version
    for frame in frames:
        fields = frame.split("|") if isinstance(frame, str) else frame.decode().split("\0")[:-1]
        client.decoder.interpret(fields)
    return ears


async def there_and_back(ticket: Ticket, version: int = 178) -> OrderEars:
    """The gateway reads the ticket, and tells it."""
    fields = await sent_as(ticket, version)
    request = PlaceOrderRequest.read(Fields(fields[1:]), version)
    order = Order(PERM_ID, 18, request.order_id, APPLE, request.terms, Status.SUBMITTED, NOON)
    return await heard(open_order(version, order), version=version)
