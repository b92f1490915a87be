"""The gateway's messages about orders, read from the fields they came in.

The library knows which of an order's hundred and thirty fields are there; what it makes of numbers is passed by, and
messages as short as the others are read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from ib_async.contract import Contract
from ib_async.order import Order, OrderState

from scizor.adapters.ib.messages import End, Message
from scizor.adapters.ib.orders.messages import (
    AccountLine,
    Ended,
    Key,
    OrderMessage,
    ToldCommission,
    ToldContract,
    ToldExecution,
    ToldOrder,
    ToldPosition,
    ToldStatus,
)
from scizor.adapters.ib.orders.terms import amount, instant, number, side_of, terms_of

OPEN_ORDER, COMPLETED_ORDER = 5, 101
_STATUS, _EXECUTION, _COMMISSION, _POSITION = 3, 11, 59, 61
_SUMMARY, _SUMMARY_END, _ACCOUNT, _ACCOUNT_END = 63, 64, 73, 74
_OPEN_ORDERS_END, _EXECUTIONS_END, _POSITIONS_END, _COMPLETED_ORDERS_END = 53, 55, 62, 102
NUMBERS = frozenset(
    {
        *(OPEN_ORDER, COMPLETED_ORDER, _STATUS, _EXECUTION, _COMMISSION, _POSITION, _SUMMARY, _SUMMARY_END),
        *(_ACCOUNT, _ACCOUNT_END, _OPEN_ORDERS_END, _EXECUTIONS_END, _POSITIONS_END, _COMPLETED_ORDERS_END),
    }
)
"""Messages about money: one that cannot be read leaves a hole that only a new session's books close."""

_FILLED = "Filled"
_ZONE_OF_TIMES = "America/New_York"
"""Where a gateway is that names none with its times; those of today do."""


class OrderInbox(Protocol):
    """Whom the wire tells of orders."""

    def message(self, req_id: int, message: Message) -> None:
        """Part of an answer to a request."""
        ...

    def order(self, message: OrderMessage) -> None:
        """What answers no request, or one that has no number."""
        ...


class OrderDesk(Protocol):
    """Who hears of orders, from whatever session there is."""

    def told(self, message: OrderMessage) -> None:
        """One message."""
        ...

    def complained(self, number: int, code: int, text: str) -> None:
        """An error about the order that we gave this number."""
        ...

    def settled(self) -> None:
        """What came in together has been told."""
        ...


class OrderReader:
    """Reads each kind of message, and tells the inbox. Raises what the fields' texts raise when they are nonsense."""

    def __init__(self, inbox: OrderInbox) -> None:
        self._inbox = inbox

    def handlers(self) -> Mapping[int, Callable[[list[str]], None]]:
        """By the message's number; orders themselves come by way of the library's decoder."""
        return {
            _STATUS: self._status,
            _EXECUTION: self._execution,
            _COMMISSION: self._commission,
            _POSITION: self._position,
            _SUMMARY: self._summary,
            _SUMMARY_END: lambda fields: self._inbox.message(int(fields[2]), End()),
            _ACCOUNT: self._account,
            _ACCOUNT_END: lambda fields: self._inbox.message(int(fields[2]), End()),
            _EXECUTIONS_END: lambda fields: self._inbox.message(int(fields[2]), End()),
            _OPEN_ORDERS_END: lambda _: self._inbox.order(Ended.OPEN_ORDERS),
            _POSITIONS_END: lambda _: self._inbox.order(Ended.POSITIONS),
            _COMPLETED_ORDERS_END: lambda _: self._inbox.order(Ended.COMPLETED_ORDERS),
        }

    def open_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """An order, its fields still texts."""
        perm_id = int(order.permId or 0)
        self._inbox.order(
            ToldOrder(
                key=_key(order.clientId, order.orderId, perm_id),
                perm_id=perm_id,
                order_ref=order.orderRef,
                account=order.account,
                contract=_contract_of(contract),
                side=side_of(order.action),
                terms=terms_of(order),
                word=state.status,
                parent_number=int(order.parentId or 0),
            )
        )

    def completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """One that is over, its fields still texts; gateways leave its quantity out."""
        filled = number(order.filledQuantity) or Decimal(0)
        whole = filled if state.status == _FILLED else Decimal(0)
        self._inbox.order(
            ToldOrder(
                key=None,
                perm_id=int(order.permId or 0),
                order_ref=order.orderRef,
                account=order.account,
                contract=_contract_of(contract),
                side=side_of(order.action),
                terms=terms_of(order, whole),
                word=state.status,
                filled=filled,
                reason=state.completedStatus,
            )
        )

    def _status(self, fields: Sequence[str]) -> None:
        _, order_id, word, filled, _, _, perm_id, _, _, client_id, why_held, *_ = fields
        known = int(perm_id or 0)
        key = _key(client_id, order_id, known)
        self._inbox.order(ToldStatus(key, known, word, amount(filled or "0"), why_held))

    def _execution(self, fields: Sequence[str]) -> None:
        req_id, order_id = fields[1:3]
        exec_id, time, account, _, side, shares, price, perm_id, client_id = fields[14:23]
        told = ToldExecution(
            key=_key(client_id, order_id, int(perm_id or 0)),
            perm_id=int(perm_id or 0),
            order_ref=fields[26],
            contract=_contract_in(fields[3:14]),
            exec_id=exec_id,
            account=account,
            side=side_of(side),
            quantity=amount(shares),
            price=amount(price),
            time=instant(time, _ZONE_OF_TIMES),
        )
        if int(req_id) < 0:
            self._inbox.order(told)
        else:
            self._inbox.message(int(req_id), told)

    def _commission(self, fields: Sequence[str]) -> None:
        _, _, exec_id, cost, currency, *_ = fields
        self._inbox.order(ToldCommission(exec_id, number(cost), currency))

    def _position(self, fields: Sequence[str]) -> None:
        shares, cost = fields[14:16]
        contract = _contract_in(fields[3:14])
        self._inbox.order(ToldPosition(fields[2], contract, amount(shares or "0"), amount(cost or "0")))

    def _summary(self, fields: Sequence[str]) -> None:
        _, _, req_id, account, key, value, currency = fields
        self._inbox.message(int(req_id), AccountLine(account, key, value, currency))

    def _account(self, fields: Sequence[str]) -> None:
        _, _, req_id, account, _, key, value, currency = fields
        self._inbox.message(int(req_id), AccountLine(account, key, value, currency))


def _key(client_id: object, order_id: object, perm_id: int) -> Key:
    """Orders that no program placed have no number of their own."""
    number = int(str(order_id))
    return int(str(client_id)), number if number > 0 else -perm_id


def _contract_of(told: Contract) -> ToldContract:
    return ToldContract(
        told.conId, told.symbol, told.secType, told.exchange, told.currency, told.localSymbol or told.symbol
    )


def _contract_in(fields: Sequence[str]) -> ToldContract:
    """The eleven fields of a contract in most messages."""
    con_id, symbol, sec_type, _, _, _, _, exchange, currency, local_symbol, _ = fields
    return ToldContract(int(con_id or 0), symbol, sec_type, exchange, currency, local_symbol or symbol)
