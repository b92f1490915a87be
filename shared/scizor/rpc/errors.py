"""The one table from an error to its gRPC status, and the one way an error is put on the wire.

A status always carries `google.rpc.ErrorInfo` (reason, domain `scizor`, every dynamic value) and, for bad input,
`google.rpc.BadRequest`. Details travel in the trailers, for which most peers allow 8 KiB: every part is therefore cut
to a length at which even the worst error fits. An error outside the tree becomes INTERNAL and tells nothing but the
request id under which the log tells more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from scizor.domain import errors as domain
from scizor.domain.errors import FieldViolation, Reason, ScizorError
from scizor.rpc.calls import Call, Stage

DOMAIN: Final = "scizor"
MAX_VIOLATIONS: Final = 10
_MAX_MESSAGE_CHARS: Final = 500
_MAX_VALUE_CHARS: Final = 200

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
    status = status_pb2.Status(code=code.value[0], message=_cut(error.message, _MAX_MESSAGE_CHARS))
    status.details.append(_packed(_error_info(error)))
    if error.violations:
        status.details.append(_packed(_bad_request(error.violations)))
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
    metadata = {key: _cut(value, _MAX_VALUE_CHARS) for key, value in error.metadata.items()}
    return error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata)


def _bad_request(violations: tuple[FieldViolation, ...]) -> error_details_pb2.BadRequest:
    broken = [
        error_details_pb2.BadRequest.FieldViolation(
            field=_cut(violation.field, _MAX_VALUE_CHARS), description=_cut(violation.description, _MAX_VALUE_CHARS)
        )
        for violation in violations[:MAX_VIOLATIONS]
    ]
    return error_details_pb2.BadRequest(field_violations=broken)


def _packed(detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"
