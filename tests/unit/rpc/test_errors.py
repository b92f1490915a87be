"""The table from errors to statuses, and what of an error goes over the wire."""

from __future__ import annotations

from base64 import b64encode

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from scizor.domain import errors as domain
from scizor.domain.errors import FieldViolation, InvalidInput, NotFound, Reason, ScizorError
from scizor.errors.v1 import errors_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import market_data_service_pb2_grpc as stubs
from scizor.rpc import errors as rpc
from scizor.rpc.errors import code_of, to_status
from tests.unit.rpc.conftest import Running


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


FACE = "\U0001f600"  # four bytes as UTF-8


def worst(text: str) -> InvalidInput:
    metadata = {f"{n}{text}": text for n in range(1000)}
    violations = [FieldViolation(text, text)] * 1000
    return InvalidInput(text, metadata={"field": text} | metadata, violations=violations)


def trailer_bytes(status: status_pb2.Status) -> int:
    """What HTTP/2 counts of the trailers that gRPC makes of a status: names, values and 32 bytes for each entry."""
    message = "".join(chr(b) if 0x20 <= b <= 0x7E and b != 0x25 else f"%{b:02X}" for b in status.message.encode())
    trailers = {
        "grpc-status": str(status.code),
        "grpc-message": message,
        "grpc-status-details-bin": b64encode(status.SerializeToString()).decode(),
    }
    return sum(len(name) + len(value) + 32 for name, value in trailers.items())


@pytest.mark.parametrize("text", ["x" * 10_000, FACE * 10_000, "%" * 10_000, "\0" * 10_000, "x", "\ud800" * 900])
def test_the_worst_error_fits_the_trailers_of_any_peer(text: str) -> None:
    status = to_status(worst(text))
    assert trailer_bytes(status) < 8192 - 300  # what servers and proxies put beside it
    info, broken = info_of(status), error_details_pb2.BadRequest()
    assert status.details[1].Unpack(broken)
    assert info.metadata["field"]
    assert 3 <= len(info.metadata) <= 16
    assert 3 <= len(broken.field_violations) <= 10


def test_what_is_cut_ends_between_two_characters() -> None:
    status = to_status(worst("x" + FACE * 1000))
    assert status.message == "x" + FACE * 124 + "…"
    assert info_of(status).metadata["field"] == "x" + FACE * 49 + "…"
    kept = to_status(InvalidInput(FACE * 125, metadata={"field": "ä" * 100}))
    assert (kept.message, info_of(kept).metadata["field"]) == (FACE * 125, "ä" * 100)


def test_half_of_a_surrogate_pair_in_an_error_becomes_a_question_mark() -> None:
    assert to_status(NotFound("no \ud83d", metadata={"it\ud83d": "\udc00"})).message == "no ?"


async def test_the_worst_error_arrives_whole_at_a_peer_that_takes_8_kib(running: Running) -> None:
    async def fail(_: object) -> object:
        raise worst(FACE * 10_000)

    running.told.symbol = fail
    limits = [("grpc.max_metadata_size", 8192), ("grpc.absolute_max_metadata_size", 8192)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}", options=limits) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stubs.MarketDataServiceStub(channel).GetSymbol(pb.GetSymbolRequest(symbol="A"))
    assert caught.value.code() is StatusCode.INVALID_ARGUMENT
    assert rpc_status.from_call(caught.value) == to_status(worst(FACE * 10_000))
