"""What the broker's error codes mean for an order, and its words for where an order stands.

`ib_async` takes every error it does not know for a cancel, which most are not: so the codes are data here, looked up
before anything else, and more can be given at run time. Source: TWS API, "Message Codes", and answers of TWS 10.x and
reports of its users, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scizor.domain.trading.reports import BrokerStatus, ErrorCategory
from scizor.domain.trading.states import Hold

DUPLICATE_ORDER_ID = 103
"""The id was used: the order is refused, and the next one needs a higher id."""

_NOTES = (
    *(165, 354, 399, 460, 492, 10052, 10167),
    10349,  # the time in force was set to DAY by a preset; the order lives
    *range(2100, 2200),
)
_REFUSED = (201, 203)
# Said of the id that a command named: the order that has it may be another one, alive and well.
_COMMAND_REFUSED = (103, 104, 105, 110, 135, 200, 321, 329, 388, 434, 478, 10149, 10268, 10311, 10318, 10329)
_CANCEL_REFUSED = (161, 10147, 10148)

CATEGORIES: Mapping[int, ErrorCategory] = {
    **dict.fromkeys(_NOTES, ErrorCategory.NOTE),
    **dict.fromkeys(_REFUSED, ErrorCategory.REFUSED),
    **dict.fromkeys(_COMMAND_REFUSED, ErrorCategory.COMMAND_REFUSED),
    **dict.fromkeys(_CANCEL_REFUSED, ErrorCategory.CANCEL_REFUSED),
    202: ErrorCategory.CANCELED,
    404: ErrorCategory.HELD,
}
"""By code. 354, 460 and 10052 speak of data, or come with a status of their own when they end an order."""

_SESSION = re.compile(
    r"next (trading )?session|will not be placed|outside of regular|market (is )?closed", re.IGNORECASE
)
_EXPIRED = re.compile(r"expired|time in force|end of day|(session|time) is over", re.IGNORECASE)
_STATUSES = {
    "ApiPending": BrokerStatus.PENDING,
    "PendingSubmit": BrokerStatus.PENDING,
    "PreSubmitted": BrokerStatus.HELD,
    "Submitted": BrokerStatus.WORKING,
    "PendingCancel": BrokerStatus.PENDING_CANCEL,
    "Filled": BrokerStatus.FILLED,
    "Cancelled": BrokerStatus.CANCELED,
    "ApiCancelled": BrokerStatus.CANCELED,
}
_HOLDS = {"locate": Hold.LOCATE, "trigger": Hold.TRIGGER, "child": Hold.PARENT, "parent": Hold.PARENT}


def order_error(code: int, text: str, more: Mapping[int, ErrorCategory] | None = None) -> tuple[ErrorCategory, Hold]:
    """What an error about an order means, and why the order is held if it is. `more`: categories that win over ours."""
    if more and code in more:
        return more[code], Hold.OTHER if more[code] is ErrorCategory.HELD else Hold.NONE
    if code == 399 and _SESSION.search(text):
        return ErrorCategory.HELD, Hold.SESSION
    category = CATEGORIES.get(code, ErrorCategory.UNKNOWN)
    return category, Hold.LOCATE if category is ErrorCategory.HELD else Hold.NONE


def broker_status(word: str, reason: str = "") -> BrokerStatus | None:
    """The broker's word for where an order stands; None for words that `ib_async` makes up, and for unknown ones.

    `reason`: what was said beside it, by an error just before or after, or in a completed order.
    """
    if word == "Inactive":
        return BrokerStatus.REJECTED if reason else BrokerStatus.INACTIVE
    status = _STATUSES.get(word)
    if status is BrokerStatus.CANCELED and _EXPIRED.search(reason):
        return BrokerStatus.EXPIRED
    return status


def hold_of(why_held: str) -> Hold:
    """The field `whyHeld`, a list of words, as one reason; TRIGGER for none, as of orders that the broker simulates."""
    words = why_held.lower().replace(",", " ").split()
    if not words:
        return Hold.TRIGGER
    return next((_HOLDS[word] for word in words if word in _HOLDS), Hold.OTHER)
