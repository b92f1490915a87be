"""What an account holds, execution by execution: the sum of its journal and of what was there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from scizor.domain.orders import Side
from scizor.domain.trading.executions import Execution, ExecutionBook
from scizor.domain.trading.money import added
from scizor.domain.trading.positions import (
    CashDividend,
    Fill,
    HoldingAction,
    Position,
    ShareSplit,
    by_account,
    by_strategy,
    fill_of,
)
from scizor.domain.trading.states import Order
from scizor.ports.journal import BookedExecution, Posting, PostingKind

Change = Callable[[Position], Position]


class Holdings:
    """Positions by instrument, the account's and each strategy's, and cash by currency.

    What follows all that was before is added on; whatever else changes folds its instrument anew. Dividends count for
    positions when they fall due; their cash comes when the broker pays it. `adjustments`: of cash, that no trade
    explains.
    """

    def __init__(self, account: str, executions: Iterable[BookedExecution], postings: Iterable[Posting]) -> None:
        self._account = account
        self._fills: defaultdict[str, dict[str, Fill]] = defaultdict(dict)
        self._actions: defaultdict[str, list[HoldingAction]] = defaultdict(list)
        self._newest: dict[str, tuple[datetime, str]] = {}
        self._cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.adjustments: list[Posting] = []
        self.positions: dict[str, Position] = {}
        self.by_strategy: dict[tuple[str, str], Position] = {}
        for booked in executions:
            fill = Fill(booked.execution, booked.strategy_id, booked.fees)
            self._remember(booked.execution.instrument, (), (fill,))
            self._pay(fill, 1)
        for posting in postings:
            self._take(posting)
        for instrument in {*self._fills, *self._actions}:
            self._fold(instrument)

    @property
    def cash(self) -> Mapping[str, Decimal]:
        """By currency."""
        return self._cash

    def shares(self) -> dict[str, Decimal]:
        """Those that are not 0, by instrument."""
        return {name: held.shares for name, held in self.positions.items() if held.lots}

    def fills(self, instrument: str) -> Sequence[Fill]:
        """Executions of an instrument that count, what was held at first among them; in no order."""
        return tuple(self._fills.get(instrument, {}).values())

    def actions(self, instrument: str) -> Sequence[HoldingAction]:
        """What its company did that is booked."""
        return tuple(self._actions.get(instrument, ()))

    def before(self, time: datetime, instruments: Iterable[str] | None = None) -> dict[tuple[str, str], Position]:
        """Positions by strategy and instrument as they were just before an instant: all, or of these instruments."""
        names = {*self._fills, *self._actions} if instruments is None else set(instruments)
        fills = [fill for name in names for fill in self._fills.get(name, {}).values() if fill.execution.time < time]
        actions = [action for name in names for action in self._actions.get(name, ()) if action.time < time]
        return by_strategy(fills, actions)

    def moved(self, before: Order | None, after: Order) -> None:
        """An order's executions, or what they cost, changed."""
        instrument = after.request.instrument
        roots = after.book.touched(before.book if before else ExecutionBook())
        pairs = [(fill_of(before, root) if before else None, fill_of(after, root)) for root in roots]
        gone = [old for old, new in pairs if old is not None and old != new]
        come = [new for old, new in pairs if new is not None and old != new]
        if not (gone or come):
            return
        for fill in gone:
            self._pay(fill, -1)
        for fill in come:
            self._pay(fill, 1)
        if not gone and self._follows(instrument, come):
            self._remember(instrument, gone, come)
            self._append(come)
        elif [fill.execution for fill in gone] == [fill.execution for fill in come]:
            self._remember(instrument, gone, come)
            self._charge(gone, come)
        else:
            self._remember(instrument, gone, come)
            self._fold(instrument)

    def post(self, posting: Posting) -> None:
        """Something other than a trade changed what is held."""
        self._take(posting)
        if posting.instrument:
            self._fold(posting.instrument)

    def _follows(self, instrument: str, come: Sequence[Fill]) -> bool:
        """Whether these came after everything else there was of the instrument."""
        newest = self._newest.get(instrument)
        return newest is None or all(_place(fill) > newest for fill in come)

    def _remember(self, instrument: str, gone: Iterable[Fill], come: Iterable[Fill]) -> None:
        fills = self._fills[instrument]
        for fill in gone:
            fills.pop(fill.execution.root_id, None)
        for fill in come:
            fills[fill.execution.root_id] = fill
            self._saw(instrument, _place(fill))

    def _saw(self, instrument: str, place: tuple[datetime, str]) -> None:
        self._newest[instrument] = max(self._newest.get(instrument, place), place)

    def _append(self, fills: Iterable[Fill]) -> None:
        for fill in sorted(fills, key=_place):
            self._put(fill, partial(_filled, fill))

    def _charge(self, gone: Sequence[Fill], come: Sequence[Fill]) -> None:
        for was, fill in zip(gone, come, strict=True):
            more = added(fill.fees, {currency: -amount for currency, amount in was.fees.items()})
            self._put(fill, partial(_charged, more))

    def _put(self, fill: Fill, change: Change) -> None:
        name, key = fill.execution.instrument, (fill.strategy_id, fill.execution.instrument)
        self.positions[name] = change(self.positions.get(name, Position(name)))
        self.by_strategy[key] = change(self.by_strategy.get(key, Position(name)))

    def _fold(self, instrument: str) -> None:
        fills, actions = self._fills[instrument].values(), self._actions[instrument]
        # Who held something once holds nothing now where its executions are gone: whoever keeps count must hear of it.
        self.positions[instrument] = Position(instrument)
        self.positions.update(by_account(fills, actions))
        for key in [key for key in self.by_strategy if key[1] == instrument]:
            self.by_strategy[key] = Position(instrument)
        self.by_strategy.update(by_strategy(fills, actions))

    def _pay(self, fill: Fill, way: int) -> None:
        execution = fill.execution
        self._cash[execution.instrument.rpartition(".")[2]] -= way * execution.shares * execution.price
        for currency, amount in fill.fees.items():
            self._cash[currency] -= way * amount

    def _take(self, posting: Posting) -> None:
        name = posting.instrument
        match posting.kind:
            case PostingKind.OPENING_POSITION:
                side, shares = Side.BUY if posting.shares > 0 else Side.SELL, abs(posting.shares)
                execution = Execution(f"opening/{name}", self._account, name, side, shares, posting.price, posting.time)
                self._remember(name, (), (Fill(execution),))
            case PostingKind.OPENING_CASH | PostingKind.CASH_ADJUSTMENT:
                self._cash[posting.currency] += posting.amount
                if posting.kind is PostingKind.CASH_ADJUSTMENT:
                    self.adjustments.append(posting)
            case PostingKind.SPLIT:
                self._saw(name, (posting.time, ""))
                self._actions[name].append(ShareSplit(name, posting.time, posting.ratio))
            case PostingKind.DIVIDEND:
                self._saw(name, (posting.time, ""))
                self._actions[name].append(CashDividend(name, posting.time, posting.price))


def _place(fill: Fill) -> tuple[datetime, str]:
    """Where it stands among all of its instrument, whenever it was told."""
    return fill.execution.time, fill.execution.exec_id


def _filled(fill: Fill, held: Position) -> Position:
    return held.filled(fill)


def _charged(fees: Mapping[str, Decimal], held: Position) -> Position:
    return replace(held, fees=added(held.fees, fees))
