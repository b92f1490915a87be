"""Ends and their reasons, which the gateway tells apart and in either order.

An order that is Inactive or Cancelled waits a moment for the error that says why, and such an error for the status. Put
together they are told once; whatever else is said of the order meanwhile ends the waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from scizor.adapters.ib.order_codes import broker_status
from scizor.adapters.ib.orders.messages import Key
from scizor.domain.trading.reports import (
    BrokerStatus,
    ErrorCategory,
    ErrorReport,
    OrderReport,
    Report,
    StatusReport,
)

Standing = OrderReport | StatusReport
_ENDS_UNEXPLAINED = frozenset({"Inactive", "Cancelled", "ApiCancelled"})
_WAITS = frozenset({ErrorCategory.REFUSED, ErrorCategory.CANCELED})
_EXPLAINS = _WAITS | {ErrorCategory.COMMAND_REFUSED, ErrorCategory.UNKNOWN}
_LIVES = frozenset({BrokerStatus.HELD, BrokerStatus.WORKING, BrokerStatus.PENDING_CANCEL})


@dataclass(slots=True)
class _Waiting:
    """Half of an end. `word`: the status; `told`: the error was reported already."""

    report: Standing | ErrorReport
    timer: asyncio.TimerHandle
    word: str = ""
    told: bool = False


class Reasons:
    """Event loop only. `tell`: what is reported, in its order."""

    def __init__(self, tell: Callable[[Report], None], wait_s: float) -> None:
        self._tell, self._wait_s = tell, wait_s
        self._waiting: dict[Key, _Waiting] = {}
        self._alive: set[Key] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def status(self, key: Key, word: str, report: Standing) -> None:
        """Where an order stands, in the broker's word too."""
        if word not in _ENDS_UNEXPLAINED:
            self.release(key)
            self._note(key, report)
            self._tell(report)
            return
        held = self._waiting.get(key)
        if held is not None and isinstance(held.report, ErrorReport):
            self._drop(key)
            self._explained(key, word, report, held.report, told=held.told)
            return
        self.release(key)
        self._wait(key, _Waiting(report, self._timer(key), word=word))

    def error(self, key: Key, error: ErrorReport) -> None:
        """What the broker complains about."""
        held = self._waiting.get(key)
        explains = error.category in _EXPLAINS
        if held is not None and explains and not isinstance(held.report, ErrorReport):
            self._drop(key)
            self._explained(key, held.word, held.report, error, told=False)
            return
        if held is not None and (explains or not held.told):
            self.release(key)
        waits = error.category in _WAITS
        if not waits:
            self._tell(error)
        if explains:
            self._wait(key, _Waiting(error, self._timer(key), told=not waits))

    def release(self, key: Key) -> None:
        """It waits no longer: what is known is told."""
        held = self._drop(key)
        if held is None or held.told:
            return
        if isinstance(held.report, ErrorReport):
            self._tell(_as_it_ends(held.report))
        else:
            self._note(key, held.report)
            self._tell(held.report)

    def release_all(self) -> None:
        """Nothing more comes."""
        for key in list(self._waiting):
            self.release(key)

    def _explained(self, key: Key, word: str, report: Standing, error: ErrorReport, *, told: bool) -> None:
        refused = error.category is ErrorCategory.REFUSED
        if refused and key not in self._alive:
            # A new order: the refusal says all there is to say, with its number; the status only whose it is.
            self._tell(_standing(report, BrokerStatus.PENDING, ""))
            self._tell(error)
            return
        if not told and error.category not in _WAITS:
            self._tell(error)
        reason = f"{error.text} ({error.code})"
        status = BrokerStatus.REJECTED if refused else broker_status(word, reason)
        ended = _standing(report, status or BrokerStatus.INACTIVE, reason)
        self._note(key, ended)
        self._tell(ended)

    def _note(self, key: Key, report: Standing) -> None:
        standing = report.standing if isinstance(report, OrderReport) else report
        if standing.status in _LIVES:
            self._alive.add(key)
        elif standing.status is not BrokerStatus.PENDING:
            self._alive.discard(key)

    def _timer(self, key: Key) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._wait_s, self.release, key)

    def _wait(self, key: Key, half: _Waiting) -> None:
        self._drop(key)
        self._waiting[key] = half

    def _drop(self, key: Key) -> _Waiting | None:
        held = self._waiting.pop(key, None)
        if held is not None:
            held.timer.cancel()
        return held


def _standing(report: Standing, status: BrokerStatus, reason: str) -> Standing:
    if isinstance(report, OrderReport):
        return replace(report, standing=replace(report.standing, status=status, reason=reason))
    return replace(report, status=status, reason=reason)


def _as_it_ends(error: ErrorReport) -> Report:
    """An end that no status tells of: its text says whether the order's time was over."""
    if error.category is ErrorCategory.CANCELED and broker_status("Cancelled", error.text) is BrokerStatus.EXPIRED:
        return StatusReport(error.named, BrokerStatus.EXPIRED, reason=f"{error.text} ({error.code})")
    return error
