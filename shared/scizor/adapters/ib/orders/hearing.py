"""From what the gateway says of orders to what is reported, at once and in order.

Two things wait: an order's terms for the status that follows them on the wire, and all that is said of an order whose
contract nobody here knows, until it is looked up.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

import structlog

from scizor.adapters.ib.order_codes import broker_status, hold_of, order_error
from scizor.adapters.ib.orders.messages import (
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
from scizor.adapters.ib.orders.names import Names
from scizor.adapters.ib.orders.reasons import Reasons
from scizor.adapters.ib.orders.references import References
from scizor.adapters.ib.settings import IbOrderSettings
from scizor.domain.broker import SourceFailure
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.reports import (
    BrokerStatus,
    CommissionReport,
    ErrorCategory,
    ErrorReport,
    ExecutionReport,
    OrderReport,
    Report,
    StatusReport,
)
from scizor.domain.trading.states import Hold

_log = structlog.get_logger(__name__)
_MOST_REMEMBERED = 10_000
_HELD = "PreSubmitted"


class Hearing:
    """Implements the session's order desk. `tell`: the listener; `give_up`: end the session, which has a hole.

    `asking`: who put the question that answers without a number are to, and is told them too.
    """

    def __init__(
        self,
        names: Names,
        references: References,
        settings: IbOrderSettings,
        tell: Callable[[Report], None],
        give_up: Callable[[str], None],
    ) -> None:
        self._names, self._references, self._settings, self._give_up = names, references, settings, give_up
        self._tell = tell
        self._reasons = Reasons(tell, settings.reason_s)
        self._holds: dict[Key, Hold] = {}
        self._opened: ToldOrder | None = None
        self._lanes: dict[Key, deque[Callable[[], None]]] = {}
        self._lookups: set[asyncio.Task[None]] = set()
        self._executions: OrderedDict[str, Key] = OrderedDict()
        self.asking: Callable[[OrderMessage], bool] | None = None

    def told(self, message: OrderMessage) -> None:
        """One message: to who asked, and on to the listener unless it answers that question alone."""
        answers = self.asking is not None and self.asking(message)
        if isinstance(message, ToldStatus) and self._opened is not None and self._opened.key == message.key:
            opened, self._opened = self._opened, None
            self._order(opened, message)
            return
        self.settled()
        match message:
            case ToldOrder(key=key) if key is not None and not (answers and key[0] != self._names.client_id):
                self._opened = message
            case ToldStatus() if not (answers and message.key[0] != self._names.client_id):
                self._in_lane(message.key, None, lambda: self._status(message))
            case ToldExecution():
                self._remember(message)
                self._in_lane(message.key, message.contract, lambda: self._execution(message))
            case ToldCommission() if message.exec_id in self._executions or not answers:
                self._commission(message)
            case ToldOrder() | ToldStatus() | ToldCommission() | ToldPosition() | Ended():
                pass

    def settled(self) -> None:
        """No status follows the order that was told last."""
        opened, self._opened = self._opened, None
        if opened is not None:
            self._order(opened, None)

    def complained(self, number: int, code: int, text: str) -> None:
        """An error about one of our orders."""
        self.settled()
        key = self._names.key(number)
        category, hold = order_error(code, text, self._settings.categories)
        if category is ErrorCategory.HELD:
            self._holds[key] = hold
        if category is ErrorCategory.UNKNOWN:
            _log.warning("unknown_order_error", code=code, text=text)
        error = ErrorReport(self._names.name(key, 0), category, code, text, hold)
        self._in_lane(key, None, lambda: self._reasons.error(key, error))

    def interrupted(self) -> None:
        """Nothing more comes of this session: what is known is told, and the rest will be asked for."""
        self.settled()
        for task in self._lookups:
            task.cancel()
        self._lanes.clear()
        self._reasons.release_all()

    def report_of(self, told: ToldOrder, instrument: str, status: ToldStatus | None = None) -> OrderReport:
        """An order, with what its status says besides."""
        named = self._names.name(told.key, told.perm_id, told.order_ref)
        word = status.word if status else told.word
        standing = StatusReport(
            named,
            self._status_of(word, told.reason),
            status.filled if status else told.filled,
            self._hold(told.key, word, status.why_held if status else _awaited(told)),
            told.reason,
        )
        terms = self._names.terms(named, told.terms, over=told.filled if told.key is None else None)
        return OrderReport(told.account, instrument, told.side, terms, standing)

    def execution_of(self, told: ToldExecution, instrument: str) -> ExecutionReport:
        """A trade."""
        named = self._names.name(told.key, told.perm_id, told.order_ref)
        execution = Execution(told.exec_id, told.account, instrument, told.side, told.quantity, told.price, told.time)
        return ExecutionReport(named, execution)

    def _order(self, told: ToldOrder, status: ToldStatus | None) -> None:
        key = told.key
        if key is None:
            return
        word = status.word if status else told.word
        self._in_lane(
            key,
            told.contract,
            lambda: self._reasons.status(
                key, word, self.report_of(told, self._references.known(told.contract) or "", status)
            ),
        )

    def _status(self, told: ToldStatus) -> None:
        named = self._names.name(told.key, told.perm_id)
        hold = self._hold(told.key, told.word, told.why_held)
        report = StatusReport(named, self._status_of(told.word, ""), told.filled, hold)
        self._reasons.status(told.key, told.word, report)

    def _execution(self, told: ToldExecution) -> None:
        self._tell(self.execution_of(told, self._references.known(told.contract) or ""))

    def _commission(self, told: ToldCommission) -> None:
        amount = told.amount
        if amount is None:
            return
        report = CommissionReport(Commission(told.exec_id, amount, told.currency))
        key = self._executions.get(told.exec_id)
        if key is None:
            self._tell(report)
        else:
            self._in_lane(key, None, lambda: self._tell(report))

    def _status_of(self, word: str, reason: str) -> BrokerStatus:
        status = broker_status(word, reason)
        if status is None:
            _log.warning("unknown_order_status", word=word)
        return status or BrokerStatus.PENDING

    def _hold(self, key: Key | None, word: str, why_held: str) -> Hold:
        """Why the broker holds it, by its own words or by what an error said before."""
        if key is None or word != _HELD:
            self._holds.pop(key or (0, 0), None)
            return Hold.NONE
        said = None if why_held else self._holds.get(key)
        return said or hold_of(why_held)

    def _remember(self, told: ToldExecution) -> None:
        self._executions[told.exec_id] = told.key
        if len(self._executions) > _MOST_REMEMBERED:
            self._executions.popitem(last=False)

    def _in_lane(self, key: Key, contract: ToldContract | None, act: Callable[[], None]) -> None:
        """Now, or after all that waits already of the same order."""
        lane = self._lanes.get(key)
        if lane is None and (contract is None or self._references.known(contract) is not None):
            act()
            return
        if lane is None and contract is not None:
            lane = self._lanes[key] = deque()
            task = asyncio.create_task(self._look_up(key, contract))
            self._lookups.add(task)
            task.add_done_callback(self._lookups.discard)
        if lane is not None:
            lane.append(act)
        if sum(map(len, self._lanes.values())) > self._settings.most_waiting:
            self._give_up("too many messages about orders wait for their contracts")

    async def _look_up(self, key: Key, contract: ToldContract) -> None:
        try:
            await self._references.find(contract)
        except SourceFailure as failure:
            self._give_up(f"contract {contract.con_id} of an order was not explained: {failure.message}")
            return
        lane = self._lanes.pop(key, deque())
        for act in lane:
            act()


def _awaited(told: ToldOrder) -> str:
    """Why an order is held whose status has not said so."""
    return "child" if told.parent_number and not told.filled else ""
