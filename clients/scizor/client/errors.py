"""What a failed call tells its caller: the machine's reason, the human's message, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc
import grpc.aio
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from scizor.domain.errors import FieldViolation

NOT_REACHABLE = "NOT_REACHABLE"
"""The client's own reason: nothing of SCIZOR's answered, so nobody could give one."""
STREAM_BROKEN = "STREAM_BROKEN"
"""The client's own reason: a stream stopped without saying that it had ended."""

HINTS: Mapping[str, str] = {
    NOT_REACHABLE: "is it running? start it with `scizor up`, or set SCIZOR_ADDRESS",
    STREAM_BROKEN: "read it again; what came so far is right, but not all of it",
    "FIELD_INVALID": "correct the field and try again",
    "FIELD_UNKNOWN": "leave the field out, or spell it as the contract does",
    "PAGE_TOKEN_INVALID": "start again from the first page",
    "DATE_RANGE_INVALID": "give dates as YYYY-MM-DD, the earlier one first",
    "FILE_UNREADABLE": "it takes a heading line with date, open, high, low, close, volume and, optionally, symbol",
    "STRATEGY_PARAMETER_INVALID": "correct the parameter; one that is left out has its default",
    "SYMBOL_NOT_FOUND": "see `scizor symbols list`, or store it with `scizor symbols create`",
    "SYMBOL_AMBIGUOUS": "name it with its exchange, as one of the candidates",
    "SYMBOL_EXISTS": "change it with `scizor symbols update`",
    "SYMBOL_HAS_BARS": "use force to remove its bars with it",
    "BARS_NOT_FOUND": "see what is stored with `scizor bars coverage`, or import bars with `scizor bars import`",
    "STRATEGY_NOT_FOUND": "see `scizor strategy list`",
    "STRATEGY_EXISTS": "change it with `scizor strategy update`, or choose another id",
    "STRATEGY_BUILTIN": "store your own: `scizor strategy show ID --source` prints its text",
    "SANDBOX_UNAVAILABLE": "retry in a moment; if it stays away, see the service's log",
    "BACKTEST_NOT_FOUND": "see `scizor backtest list`",
    "BACKTEST_NOT_FINISHED": "wait for it with `scizor backtest watch`",
    "BACKTEST_FINISHED": "there is nothing left to cancel; see `scizor backtest show`",
    "OPTIMIZATION_NOT_FOUND": "see `scizor optimization list`",
    "OPTIMIZATION_FINISHED": "there is nothing left to do; see `scizor optimization show`",
    "CORPORATE_ACTION_EXISTS": "see `scizor actions list`",
    "REQUEST_ID_REUSED": "use a new request id for another request",
    "ETAG_STALE": "read it again, then retry",
    "IMPORT_TOO_LARGE": "split the file and import its parts",
    "IMPORT_REFUSED": "see the rows with `scizor bars quality`, or allow more with --max-rejected",
    "MESSAGE_TOO_LARGE": "ask for less, or send it in smaller pieces",
    "QUEUE_FULL": "retry when work that is under way has ended",
    "STORAGE_UNAVAILABLE": "retry; if it stays away, see `scizor status`",
    "DEADLINE_EXCEEDED": "retry, ask for less, or allow more time",
    "SHUTTING_DOWN": "retry in a moment",
    "DATA_CORRUPT": "do not trust the data; see the server's log",
    "INTERNAL": "see the server's log",
    "BROKER_UNAVAILABLE": "see the connection with `scizor collect check`; it is tried again by itself",
    "BROKER_REFUSED": "see to the account's subscriptions and permissions, or ask for something else",
    "SYMBOL_UNKNOWN_TO_BROKER": "correct ticker, exchange or currency, or store it unchecked with --skip-validation",
    "COLLECTION_NOT_FOUND": "see `scizor collect status`",
    "STRATEGY_FAILED": "mend the strategy; `scizor backtest check FILE` finds more",
    "COLLECTION_FINISHED": "there is nothing left to cancel; see `scizor collect status ID`",
    "ORDER_NOT_FOUND": "see `scizor trade orders`",
    "ORDER_EXISTS": "use a new client order id for another order",
    "ORDER_ENDED": "there is nothing left to change; see `scizor trade order`",
    "ORDER_EXTERNAL": "change it where it was placed",
    "ORDER_BUSY": "wait until the broker has answered, then retry",
    "RISK_REFUSED": "ask for less, or change the limits; see `scizor trade risk limits`",
    "RISK_LIMIT_NOT_FOUND": "see `scizor trade risk limits`",
    "RISK_LIMIT_EXISTS": "change the limit that is there",
    "TRADING_RESTRICTED": "see why with `scizor trade status`; only a person makes it ACTIVE again",
    "TRADING_NOT_READY": "retry in a moment; `scizor trade status` says what it waits for",
    "ACCOUNT_NOT_FOUND": "name one of the connection's accounts; `scizor trade status` lists them",
    "POSITION_NOT_FOUND": "see `scizor trade positions`",
    "DEPLOYMENT_NOT_FOUND": "see `scizor trade deployments`",
    "DEPLOYMENT_STATE": "see where it stands with `scizor trade deployments`",
    "DEPLOYMENT_EXISTS": "stop that deployment first, or resume it",
    "EXCHANGE_RATE_UNKNOWN": "collect the pair's prices, or trade what the account's currency pays for",
}
_HINTS_BY_CODE: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNIMPLEMENTED: "client and server differ in version: update the older one",
    grpc.StatusCode.CANCELLED: "it was cancelled; try again",
    grpc.StatusCode.RESOURCE_EXHAUSTED: HINTS["MESSAGE_TOO_LARGE"],
}
_REASONS_BY_CODE: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNAVAILABLE: NOT_REACHABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class CallError(Exception):
    """A call failed.

    `code` is the gRPC status; `reason` a name of `scizor.errors.v1.ErrorReason`, or one of this module's own, or the
    status's name where the server gave none; `metadata` every value the message mentions; `violations` the fields that
    broke a rule.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or _REASONS_BY_CODE.get(code, code.name)
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)

    @property
    def hint(self) -> str:
        """What to do about it, in one line; empty where nothing is known to help."""
        return HINTS.get(self.reason, _HINTS_BY_CODE.get(self.code, ""))

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later."""
        return self.code is grpc.StatusCode.UNAVAILABLE

    @classmethod
    def of(cls, error: grpc.RpcError) -> CallError:
        """The error as gRPC raised it."""
        if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
            return cls(grpc.StatusCode.UNKNOWN, str(error))
        try:
            status = rpc_status.from_call(error)
        except ValueError:  # details that contradict the status are not believed
            status = None
        if status is not None:
            return cls.of_status(status)
        return cls(error.code(), error.details() or error.code().name)

    @classmethod
    def of_status(cls, status: Status) -> CallError:
        """The error as a `google.rpc.Status` with `ErrorInfo` and `BadRequest` tells it."""
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        for detail in status.details:
            if not detail.Unpack(info):
                detail.Unpack(bad_request)
        return cls(
            _CODES.get(status.code, grpc.StatusCode.UNKNOWN),
            status.message,
            reason=info.reason,
            metadata=info.metadata,
            violations=[FieldViolation(broken.field, broken.description) for broken in bad_request.field_violations],
        )


class StreamBroken(CallError):
    """A stream stopped without its `end`, or fewer messages came than it says it sent."""

    def __init__(self, message: str) -> None:
        super().__init__(grpc.StatusCode.DATA_LOSS, message, reason=STREAM_BROKEN)
