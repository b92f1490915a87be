"""What the broker's word means for an instrument that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from scizor.domain.instruments import StoredInstrument, Verification


class Action(IntEnum):
    """What is done with an instrument; numbers equal the contract's."""

    KEPT = 1
    DEACTIVATED = 2
    REACTIVATED = 3
    ARCHIVED = 4

    @property
    def active(self) -> bool | None:
        """Whether the instrument is active from now on; None leaves it as it is."""
        return {Action.DEACTIVATED: False, Action.REACTIVATED: True}.get(self)


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """How long the broker's word holds, and how it is asked.

    `failed_for`: a word that was not VALID. `grace`: how long an instrument stays when it proved unknown.
    """

    valid_for: timedelta = timedelta(days=90)
    failed_for: timedelta = timedelta(days=7)
    grace: timedelta = timedelta(days=30)
    at_once: int = 16


def due(stored: StoredInstrument, now: datetime, settings: VerificationSettings) -> bool:
    """Whether the broker is to be asked again. Of what trades no longer it need not know."""
    delisted, result = stored.instrument.delisted_date, stored.verified_result
    if delisted is not None and delisted < now.date():
        return False
    if stored.last_verified is None or (result is Verification.INVALID and stored.instrument.active):
        return True  # the second was found while collecting, or activated in spite of it: something must follow
    holds_for = settings.valid_for if result is Verification.VALID else settings.failed_for
    return now - stored.last_verified >= holds_for


def consequence(stored: StoredInstrument, result: Verification, now: datetime, grace: timedelta) -> Action:
    """What follows.

    What a user deactivated has no `deactivate_time`, and stays as the user left it; so does what trades no longer.
    """
    deactivated, delisted = stored.deactivate_time, stored.instrument.delisted_date
    if delisted is not None and delisted < now.date():
        return Action.KEPT
    if result is Verification.INVALID and stored.instrument.active:
        return Action.DEACTIVATED
    if result is Verification.VALID and not stored.instrument.active and deactivated:
        return Action.REACTIVATED
    if result is Verification.INVALID and deactivated and now - deactivated >= grace:
        return Action.ARCHIVED
    return Action.KEPT
