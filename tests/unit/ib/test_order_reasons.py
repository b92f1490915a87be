"""Ends and the errors that explain them, in every order in which they come."""

from __future__ import annotations

import asyncio

import pytest

from scizor.adapters.ib.orders.reasons import Reasons
from scizor.domain.trading.reports import BrokerStatus, ErrorCategory, ErrorReport, Named, Report, StatusReport

KEY, NAMED = (18, 3), Named("ours", "77")
WAIT_S = 0.03


class Said(list[Report]):
    """What was reported."""

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self) < count:  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.002)


@pytest.fixture
async def said() -> Said:
    return Said()


@pytest.fixture
async def reasons(said: Said) -> Reasons:
    return Reasons(said.append, WAIT_S)


def status(word: str) -> tuple[tuple[int, int], str, StatusReport]:
    words = {
        "Submitted": BrokerStatus.WORKING,
        "Inactive": BrokerStatus.INACTIVE,
        "Cancelled": BrokerStatus.CANCELED,
        "PendingSubmit": BrokerStatus.PENDING,
    }
    return KEY, word, StatusReport(NAMED, words[word])


def error(code: int, category: ErrorCategory, text: str = "because") -> ErrorReport:
    return ErrorReport(NAMED, category, code, text)


REJECT = error(201, ErrorCategory.REFUSED)
CANCEL = error(202, ErrorCategory.CANCELED, "Order Canceled - reason:")


@pytest.mark.parametrize("word", ["Inactive", "Cancelled"])
@pytest.mark.parametrize("error_first", [True, False])
async def test_a_new_order_that_is_refused_is_told_so_once_with_the_number(
    reasons: Reasons, said: Said, word: str, error_first: bool
) -> None:
    reasons.status(*status("PendingSubmit"))
    if error_first:
        reasons.error(KEY, REJECT)
        reasons.status(*status(word))
    else:
        reasons.status(*status(word))
        reasons.error(KEY, REJECT)
    assert said == [StatusReport(NAMED, BrokerStatus.PENDING), StatusReport(NAMED, BrokerStatus.PENDING), REJECT]
    assert len(reasons) == 0


@pytest.mark.parametrize("error_first", [True, False])
async def test_an_order_that_lived_is_told_to_be_rejected_with_the_reason(
    reasons: Reasons, said: Said, error_first: bool
) -> None:
    reasons.status(*status("Submitted"))
    if error_first:
        reasons.error(KEY, REJECT)
    reasons.status(*status("Inactive"))
    if not error_first:
        reasons.error(KEY, REJECT)
    assert said[1:] == [StatusReport(NAMED, BrokerStatus.REJECTED, reason="because (201)")]


@pytest.mark.parametrize("error_first", [True, False])
async def test_a_cancel_and_its_error_are_one_end(reasons: Reasons, said: Said, error_first: bool) -> None:
    if error_first:
        reasons.error(KEY, CANCEL)
    reasons.status(*status("Cancelled"))
    if not error_first:
        reasons.error(KEY, CANCEL)
    assert said == [StatusReport(NAMED, BrokerStatus.CANCELED, reason="Order Canceled - reason: (202)")]


async def test_the_error_tells_an_expired_order_from_a_cancelled_one(reasons: Reasons, said: Said) -> None:
    reasons.error(KEY, error(202, ErrorCategory.CANCELED, "GTD order expired"))
    await said.until(1)
    reasons.status(*status("Cancelled"))
    reasons.error(KEY, error(202, ErrorCategory.CANCELED, "GTD order expired"))
    assert [one.status for one in said if isinstance(one, StatusReport)] == [BrokerStatus.EXPIRED] * 2


@pytest.mark.parametrize("half", ["Inactive", "Cancelled", "error"])
async def test_a_half_that_stays_alone_is_told_in_time(reasons: Reasons, said: Said, half: str) -> None:
    if half == "error":
        reasons.error(KEY, REJECT)
    else:
        reasons.status(*status(half))
    assert said == []
    await said.until(1)
    assert said == [REJECT if half == "error" else status(half)[2]]


async def test_a_refused_change_of_an_order_that_lives_on_is_told_before_the_next_status(
    reasons: Reasons, said: Said
) -> None:
    reasons.error(KEY, REJECT)
    reasons.status(*status("Submitted"))
    assert said == [REJECT, status("Submitted")[2]]


async def test_an_error_that_may_be_about_a_command_is_told_at_once_and_explains_all_the_same(
    reasons: Reasons, said: Said
) -> None:
    complaint = error(110, ErrorCategory.COMMAND_REFUSED, "the price does not conform")
    reasons.error(KEY, complaint)
    assert said == [complaint]
    reasons.status(*status("Inactive"))
    assert said[1:] == [StatusReport(NAMED, BrokerStatus.REJECTED, reason="the price does not conform (110)")]


async def test_notes_and_refused_cancels_wait_for_nothing_and_explain_nothing(reasons: Reasons, said: Said) -> None:
    note, refused = error(399, ErrorCategory.NOTE), error(10147, ErrorCategory.CANCEL_REFUSED)
    reasons.status(*status("Cancelled"))
    reasons.error(KEY, note)
    reasons.error(KEY, refused)
    assert set(map(type, said)) == {ErrorReport, StatusReport}
    assert [one for one in said if isinstance(one, ErrorReport)] == [note, refused]


async def test_nothing_waits_for_another_order(reasons: Reasons, said: Said) -> None:
    reasons.status(*status("Cancelled"))
    reasons.error((18, 4), REJECT)
    assert said == []
    reasons.release_all()
    assert said == [status("Cancelled")[2], REJECT]
