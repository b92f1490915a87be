from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from scizor.client.errors import HINTS, CallError
from scizor.domain.errors import FieldViolation, Reason


def packed(message: ErrorInfo | BadRequest) -> Any:
    detail = Any()
    detail.Pack(message)
    return detail


def test_a_status_brings_its_reason_its_metadata_and_its_broken_fields() -> None:
    violation = BadRequest.FieldViolation(field="start", description="must not be after end")
    info = ErrorInfo(reason="DATE_RANGE_INVALID", domain="scizor", metadata={"field": "start"})
    status = Status(
        code=grpc.StatusCode.INVALID_ARGUMENT.value[0],
        message="start: must not be after end",
        details=[packed(info), packed(BadRequest(field_violations=[violation]))],
    )
    error = CallError.of_status(status)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == Reason.DATE_RANGE_INVALID
    assert error.metadata == {"field": "start"}
    assert error.violations == (FieldViolation("start", "must not be after end"),)
    assert str(error) == "start: must not be after end"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_one_line_of_advice(reason: Reason) -> None:
    assert HINTS[reason].strip()
    assert "\n" not in HINTS[reason]


def test_no_advice_is_given_for_a_reason_that_does_not_exist() -> None:
    assert set(HINTS) - set(Reason) == {"NOT_REACHABLE", "STREAM_BROKEN"}


def test_unavailable_without_a_reason_means_that_nobody_answered() -> None:
    error = CallError(grpc.StatusCode.UNAVAILABLE, "connection refused")
    assert error.reason == "NOT_REACHABLE"
    assert error.may_pass


def test_unavailable_with_a_reason_keeps_it() -> None:
    error = CallError(grpc.StatusCode.UNAVAILABLE, "the database is away", reason="STORAGE_UNAVAILABLE")
    assert error.reason == Reason.STORAGE_UNAVAILABLE


def test_a_status_code_of_a_later_version_is_unknown_and_no_crash() -> None:
    assert CallError.of_status(Status(code=99, message="new")).code is grpc.StatusCode.UNKNOWN
