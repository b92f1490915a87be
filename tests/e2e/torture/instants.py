"""A broker whose process kills itself at an instant it was told of: no clock outside of it could hit that.

A file in the home's folder says which instant, and how often it is to be let pass; whoever comes to it takes it away
and is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scizor.adapters.ib import IbOrderBroker
from scizor.domain.trading.reports import Report
from scizor.ports.order_broker import BrokerAccount, OrderListener, Ticket

ARMED: Final = "armed"
BEFORE_SEND, AFTER_SEND, AT_ANSWER = "before_send", "after_send", "at_answer"
"""Between journal and broker, between broker and its answer, and between its answer and the journal."""


class MortalBroker(IbOrderBroker):
    """The real one."""

    def place(self, ticket: Ticket) -> None:
        """Send it; or die before or after."""
        _pass(BEFORE_SEND)
        super().place(ticket)
        # What is written leaves when the loop comes round.
        asyncio.get_running_loop().call_later(0.001, _pass, AFTER_SEND)

    def listen(self, listener: OrderListener) -> None:
        """Tell it; or die before."""
        super().listen(_MortalListener(listener))


class _MortalListener:
    def __init__(self, listener: OrderListener) -> None:
        self._listener = listener

    def opened(self, accounts: Sequence[str], lowest_number: int) -> None:
        self._listener.opened(accounts, lowest_number)

    def interrupted(self, reason: str) -> None:
        self._listener.interrupted(reason)

    def reported(self, report: Report) -> None:
        _pass(AT_ANSWER)
        self._listener.reported(report)

    def account_told(self, account: BrokerAccount) -> None:
        self._listener.account_told(account)


_passed = 0


def _pass(instant: str) -> None:
    global _passed  # noqa: PLW0603 - a process dies once
    armed = Path(os.environ["SCIZOR_HOME"]) / ARMED
    try:
        wanted, skip = armed.read_text().split()
    except OSError:
        return
    if wanted != instant:
        return
    _passed += 1
    if _passed > int(skip):
        armed.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)
