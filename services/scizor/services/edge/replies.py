"""What Envoy itself answers, in the form of the servers' errors: a Status whose ErrorInfo tells who speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grpc import StatusCode


@dataclass(frozen=True, slots=True)
class Reply:
    """One kind of refusal: the condition in Envoy's words, the HTTP status, and the error in ours."""

    when: str
    status: int
    code: StatusCode
    reason: str
    message: str


def _at(status: int) -> str:
    return f"status_code_filter: {{comparison: {{value: {{default_value: {status}, runtime_key: none}}}}}}"


_BODY: Final = "%LOCAL_REPLY_BODY%"
_TOO_LATE: Final = "the call's time was over before its work was"

# The first that matches answers.
REPLIES: Final = (
    Reply(_at(413), 413, StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", "the body may have 1,048,576 bytes"),
    Reply(
        "header_filter: {header: {name: x-scizor-refused, present_match: true}}",
        400,
        StatusCode.INVALID_ARGUMENT,
        "%REQ(X-SCIZOR-REFUSED)%",
        _BODY,
    ),
    # DT: the caller's own deadline, for which Envoy has 408.
    Reply("response_flag_filter: {flags: [DT]}", 504, StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", _TOO_LATE),
    Reply(_at(504), 504, StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", _TOO_LATE),
    Reply(_at(408), 408, StatusCode.DEADLINE_EXCEEDED, "REQUEST_TIMEOUT", "the request did not arrive in time"),
    Reply(_at(503), 503, StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE", "the service is away: call again"),
    Reply(_at(400), 400, StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", _BODY),
    Reply(_at(404), 404, StatusCode.NOT_FOUND, "PATH_NOT_FOUND", "no such path and method"),
    Reply(_at(500), 500, StatusCode.INTERNAL, "EDGE_FAULT", "the edge met a fault of its own"),
)
