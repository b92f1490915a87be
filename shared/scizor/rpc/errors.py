"""The one table from an error to its gRPC status, and the one way an error is put on the wire.

A status always carries `google.rpc.ErrorInfo` (reason, domain `scizor`, every dynamic value); for bad input
`google.rpc.BadRequest` besides, and for an order that breaks limits `scizor.trading.v1.CheckOrderResponse`. All of it
travels in the trailers, for which most peers allow 8 KiB: the status as base64, four bytes for three, and its message
once more with three for each byte that is not plain ASCII. So lengths are counted in bytes of UTF-8, and what does not
fit is cut or left out: even the worst error arrives. An error outside the tree becomes INTERNAL and tells nothing but
the request id under which the log tells more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final

import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from scizor.codec.trading.refusals import refusal_to_proto
from scizor.domain import errors as domain
from scizor.domain.errors import FieldViolation, Reason, ScizorError
from scizor.domain.trading.refusal import RiskRefused
from scizor.rpc.calls import Call, Stage

DOMAIN: Final = "scizor"
MAX_VIOLATIONS: Final = 10
_MAX_STATUS_BYTES: Final = 4_500
_MAX_METADATA_BYTES: Final = 1_500
_MAX_ENTRIES: Final = 16
_MAX_MESSAGE_BYTES: Final = 500
_MAX_VALUE_BYTES: Final = 200
_MAX_KEY_BYTES: Final = 64
# What frames a part on the wire: tags and lengths, of it and of what it holds.
_FRAME_BYTES: Final = 12
# The types' names in the details, and frames.
_ENVELOPE_BYTES: Final = 160

_log = structlog.get_logger(__name__)


class DeadlineExceeded(ScizorError):
    """The call's time was over before its work was: only the server of a call can know."""


_CODES: Final[dict[type[BaseException], StatusCode]] = {
    domain.InvalidInput: StatusCode.INVALID_ARGUMENT,
    domain.NotFound: StatusCode.NOT_FOUND,
    domain.AlreadyExists: StatusCode.ALREADY_EXISTS,
    domain.Conflict: StatusCode.ABORTED,
    domain.FailedPrecondition: StatusCode.FAILED_PRECONDITION,
    domain.LimitExceeded: StatusCode.RESOURCE_EXHAUSTED,
    domain.Unavailable: StatusCode.UNAVAILABLE,
    domain.DataCorrupt: StatusCode.DATA_LOSS,
    DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
}


def code_of(error: BaseException) -> StatusCode:
    """The gRPC code of the nearest base class in the table; INTERNAL when there is none."""
    return next((_CODES[base] for base in type(error).__mro__ if base in _CODES), StatusCode.INTERNAL)


def to_status(error: BaseException, request_id: str = "") -> status_pb2.Status:
    """The error as it goes to a caller: as a call's own status, or in band in a stream's `status` message."""
    code = code_of(error)
    if code is StatusCode.INTERNAL or not isinstance(error, ScizorError):
        error = _hidden(request_id)
    status = status_pb2.Status(code=code.value[0], message=_cut(error.message, _MAX_MESSAGE_BYTES))
    status.details.append(_packed(_error_info(error)))
    if error.violations:
        left = _MAX_STATUS_BYTES - _ENVELOPE_BYTES - status.ByteSize()
        status.details.append(_packed(_bad_request(error.violations, left)))
    if isinstance(error, RiskRefused):
        left = _MAX_STATUS_BYTES - _ENVELOPE_BYTES - status.ByteSize()
        status.details.append(_packed(refusal_to_proto(error.broken, left)))
    return status


class ErrorMapping(Stage):
    """Ends a failed call with its status. A cancellation goes on as it came: swallowing one leaks the call's memory."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Turn what the call raises into its status."""
        try:
            yield
        except call.ABORTED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a status and the log the traceback
            status = to_status(error, call.request_id)
            call.reason = error.reason if isinstance(error, ScizorError) else Reason.INTERNAL
            if status.code == StatusCode.INTERNAL.value[0]:
                _log.error("fault", method=call.method, request_id=call.request_id, exc_info=error)
            await call.context.abort_with_status(rpc_status.to_status(status))


def _hidden(request_id: str) -> ScizorError:
    message = "the server met a fault of its own" + (f"; its log tells more under {request_id}" if request_id else "")
    return ScizorError(message, Reason.INTERNAL, metadata={"request_id": request_id} if request_id else None)


def _error_info(error: ScizorError) -> error_details_pb2.ErrorInfo:
    entries = ((_cut(key, _MAX_KEY_BYTES), _cut(value, _MAX_VALUE_BYTES)) for key, value in error.metadata.items())
    metadata = dict(_fitting(entries, _MAX_ENTRIES, _MAX_METADATA_BYTES))
    return error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata)


def _bad_request(violations: tuple[FieldViolation, ...], max_bytes: int) -> error_details_pb2.BadRequest:
    pairs = ((_cut(each.field, _MAX_VALUE_BYTES), _cut(each.description, _MAX_VALUE_BYTES)) for each in violations)
    broken = [
        error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
        for field, description in _fitting(pairs, MAX_VIOLATIONS, max_bytes)
    ]
    return error_details_pb2.BadRequest(field_violations=broken)


def _fitting(pairs: Iterable[tuple[str, str]], most: int, max_bytes: int) -> Iterator[tuple[str, str]]:
    """The first of the pairs, as many as fit."""
    for one, other in islice(pairs, most):
        max_bytes -= len(one.encode()) + len(other.encode()) + _FRAME_BYTES
        if max_bytes < 0:
            return
        yield one, other


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _cut(text: str, max_bytes: int) -> str:
    """The text, at most so many bytes of it, ended between two characters; what no wire can carry becomes a `?`."""
    raw = text.encode(errors="replace")
    if len(raw) <= max_bytes:
        return raw.decode()
    return raw[: max_bytes - len("…".encode())].decode(errors="ignore") + "…"
