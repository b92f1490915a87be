"""Messages about the connection itself, and errors."""

from __future__ import annotations

from datetime import datetime

from scizor.services.ibsim.wire.fields import encode
from scizor.services.ibsim.wire.ids import Out

_ADVANCED_REJECT_FROM = 166

NO_REQUEST = -1
"""The request id of messages that answer none."""


def welcome(version: int, now: datetime) -> bytes:
    """The one frame without a message id: the version spoken from here on, and the gateway's time."""
    return encode((version, f"{now:%Y%m%d %H:%M:%S} UTC"))


def error(version: int, req_id: int, code: int, text: str) -> bytes:
    """An error, a warning or a notice; which of them only its code tells."""
    advanced = ("",) if version >= _ADVANCED_REJECT_FROM else ()
    return encode((Out.ERR_MSG, 2, req_id, code, text, *advanced))


def managed_accounts(accounts: str) -> bytes:
    """The accounts of this login, with commas between."""
    return encode((Out.MANAGED_ACCTS, 1, accounts))


def next_valid_id(order_id: int) -> bytes:
    """The lowest order id not used yet."""
    return encode((Out.NEXT_VALID_ID, 1, order_id))


def current_time(now: datetime) -> bytes:
    """The gateway's time in epoch seconds."""
    return encode((Out.CURRENT_TIME, 1, int(now.timestamp())))
