"""The broker's error codes: what each means for one request, and for the connection.

A code alone does not tell: 162 and 420 stand for anything the data service says, so their text is looked at too.
Source: TWS API, "Message Codes", and answers of TWS 10.x, 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from scizor.domain.broker import FailureCategory, SourceFailure

NOT_CONNECTED = 504
MESSAGE_RATE = 100
CLIENT_ID_TAKEN = 326
BUSTED = 10225
"""A live bar was withdrawn: the subscription must be made anew."""

_BY_TEXT = (
    (r"returned no data|no head ?time ?stamp|no data", FailureCategory.NO_DATA),
    (r"pacing|simultaneous|max.*rate", FailureCategory.PACING),
    (r"no market data permission|not subscribed|subscription", FailureCategory.NOT_PERMITTED),
    (r"invalid step|time length exceed|starting time must|invalid", FailureCategory.REFUSED),
)
_SPOKEN = {162, 165, 322, 366, 420}
_BY_CODE = {
    100: FailureCategory.PACING,
    101: FailureCategory.REFUSED,
    102: FailureCategory.SOURCE_FAULT,
    162: FailureCategory.SOURCE_FAULT,
    200: FailureCategory.UNKNOWN_CONTRACT,
    203: FailureCategory.NOT_PERMITTED,
    300: FailureCategory.SOURCE_FAULT,
    320: FailureCategory.REFUSED,
    321: FailureCategory.REFUSED,
    322: FailureCategory.SOURCE_FAULT,
    354: FailureCategory.NOT_PERMITTED,
    366: FailureCategory.SOURCE_FAULT,
    420: FailureCategory.NOT_PERMITTED,
    430: FailureCategory.NOT_PERMITTED,
    502: FailureCategory.DISCONNECTED,
    504: FailureCategory.DISCONNECTED,
    1100: FailureCategory.DISCONNECTED,
    2103: FailureCategory.SOURCE_FAULT,
    2105: FailureCategory.SOURCE_FAULT,
    10089: FailureCategory.NOT_PERMITTED,
    10168: FailureCategory.NOT_PERMITTED,
    10186: FailureCategory.NOT_PERMITTED,
    10187: FailureCategory.NOT_PERMITTED,
    10189: FailureCategory.NOT_PERMITTED,
    10190: FailureCategory.REFUSED,
    10197: FailureCategory.SOURCE_FAULT,
    10314: FailureCategory.REFUSED,
}
_WARNINGS = {10090, 10091, 10167, 10299, *range(2100, 2200)} - {2103, 2105}
"""Said beside data that comes all the same, such as delayed instead of live."""


def is_warning(code: int) -> bool:
    """Whether the request goes on after it."""
    return code in _WARNINGS


def category(code: int, text: str) -> FailureCategory:
    """What an error of one request means. What is not known is the source's fault: trying again may help."""
    if code in _SPOKEN:
        for pattern, meaning in _BY_TEXT:
            if re.search(pattern, text, re.IGNORECASE):
                return meaning
    return _BY_CODE.get(code, FailureCategory.SOURCE_FAULT)


def failure(code: int, text: str) -> SourceFailure:
    """The error of one request as the domain has it."""
    return SourceFailure(category(code, text), f"{text} ({code})", code)


def disconnected(reason: str = "the broker is not connected") -> SourceFailure:
    """There is no connection, or it was lost before the answer."""
    return SourceFailure(FailureCategory.DISCONNECTED, reason, NOT_CONNECTED)


class Notice(Enum):
    """What a message about the connection itself says."""

    LINK_LOST = auto()
    LINK_BACK_DATA_LOST = auto()
    LINK_BACK = auto()
    PORT_CHANGED = auto()
    FARM_BROKEN = auto()
    FARM_WELL = auto()
    TOO_FAST = auto()


_NOTICES = {
    100: Notice.TOO_FAST,
    1100: Notice.LINK_LOST,
    1101: Notice.LINK_BACK_DATA_LOST,
    1102: Notice.LINK_BACK,
    1300: Notice.PORT_CHANGED,
    2103: Notice.FARM_BROKEN,
    2104: Notice.FARM_WELL,
    2105: Notice.FARM_BROKEN,
    2106: Notice.FARM_WELL,
    2107: Notice.FARM_WELL,
    2108: Notice.FARM_WELL,
    2110: Notice.LINK_LOST,
    2157: Notice.FARM_BROKEN,
    2158: Notice.FARM_WELL,
}


@dataclass(frozen=True, slots=True)
class ConnectionNotice:
    """One such message. `farm`: the data service it is about; `port`: the new one, 0 where it is not told."""

    notice: Notice
    code: int
    text: str

    @property
    def farm(self) -> str:
        """Such as `ushmds`: what the text says after its last colon."""
        return self.text.rpartition(":")[2].strip()

    @property
    def port(self) -> int:
        """The number the text ends with."""
        found = re.search(r"(\d{2,5})\D*$", self.text)
        return int(found[1]) if found else 0


def notice(code: int, text: str) -> ConnectionNotice | None:
    """What the message says of the connection; None for all that changes nothing."""
    found = _NOTICES.get(code)
    return ConnectionNotice(found, code, text) if found else None
