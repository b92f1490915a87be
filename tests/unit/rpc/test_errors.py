"""The table from errors to statuses, and what of an error goes over the wire."""

from __future__ import annotations

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from scizor.domain import errors as domain
from scizor.domain.errors import FieldViolation, InvalidInput, NotFound, Reason, ScizorError
from scizor.errors.v1 import errors_pb2
from scizor.rpc import errors as rpc
from scizor.rpc.errors import code_of, to_status


def info_of(status: status_pb2.Status) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


def tree() -> list[type[ScizorError]]:
    return [each for each in vars(domain).values() if isinstance(each, type) and issubclass(each, ScizorError)]


def test_every_class_of_the_tree_but_its_root_has_a_code_of_its_own() -> None:
    codes = [code_of(each("x")) for each in tree() if each is not ScizorError]
    assert len(codes) == len(set(codes)) == 8
    assert StatusCode.INTERNAL not in codes


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (domain.InvalidInput("x"), "INVALID_ARGUMENT"),
        (domain.NotFound("x"), "NOT_FOUND"),
        (domain.AlreadyExists("x"), "ALREADY_EXISTS"),
        (domain.Conflict("x"), "ABORTED"),
        (domain.FailedPrecondition("x"), "FAILED_PRECONDITION"),
        (domain.LimitExceeded("x"), "RESOURCE_EXHAUSTED"),
        (domain.Unavailable("x"), "UNAVAILABLE"),
        (domain.DataCorrupt("x"), "DATA_LOSS"),
        (rpc.DeadlineExceeded("x"), "DEADLINE_EXCEEDED"),
        (ScizorError("x"), "INTERNAL"),
        (KeyError("x"), "INTERNAL"),
    ],
)
def test_each_class_becomes_its_code(error: Exception, code: str) -> None:
    assert code_of(error).name == code


def test_a_class_outside_the_table_takes_the_code_of_its_nearest_base() -> None:
    class SymbolGone(NotFound):
        pass

    assert code_of(SymbolGone("x")) is StatusCode.NOT_FOUND


def test_the_reasons_are_the_contracts_reasons() -> None:
    contract = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()}  # noqa: SIM118 - an enum, not a dict
    assert {reason.value for reason in Reason} == contract - {"UNSPECIFIED"}


def test_a_status_tells_reason_domain_and_every_value() -> None:
    status = to_status(NotFound("no symbol XX", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": "XX"}))
    assert (status.code, status.message) == (5, "no symbol XX")
    info = info_of(status)
    assert (info.reason, info.domain, dict(info.metadata)) == ("SYMBOL_NOT_FOUND", "scizor", {"symbol": "XX"})
    assert len(status.details) == 1


def test_bad_input_lists_its_fields_and_rules() -> None:
    status = to_status(InvalidInput.of_field("start", "must not be after end"))
    broken = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(broken)
    assert [(each.field, each.description) for each in broken.field_violations] == [("start", "must not be after end")]


def test_a_fault_tells_nothing_but_the_request_id() -> None:
    status = to_status(RuntimeError("password=hunter2"), "r-1")
    assert "hunter2" not in str(status)
    assert "r-1" in status.message
    assert dict(info_of(status).metadata) == {"request_id": "r-1"}


def test_the_worst_error_fits_the_trailers_of_any_peer() -> None:
    worst = [FieldViolation("f" * 10_000, "d" * 10_000)] * 1000
    status = to_status(InvalidInput("m" * 10_000, metadata={"field": "v" * 10_000}, violations=worst))
    assert status.ByteSize() < 6000
