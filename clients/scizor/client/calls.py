"""A call as a value: what to send, what comes back, and what that means to the caller.

`scizor.client.marketdata`, `.backtest`, `.orders` and their neighbours build these values, `.sync_wire` and
`.aio_wire` carry them out; so each RPC is written once, and the two clients differ only in how they wait. A request
type belongs to exactly one RPC and is named after it, which is why a call need not say its method.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from scizor.client.errors import CallError, StreamBroken
from scizor.domain.errors import Reason

R = TypeVar("R", bound=Message)
T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., object])

UNARY_DEADLINE_S = 30.0
DOWNLOAD_DEADLINE_S = 120.0
STREAM_DEADLINE_S = 3_600.0
WATCH_DEADLINE_S = 7 * 86_400.0
"""Of streams that last as long as there is work, or somebody looks on."""
_SERVICES = {
    "scizor.marketdata.v1": "MarketDataService",
    "scizor.backtest.v1": "BacktestService",
    "scizor.trading.v1": "TradingService",
}
_RESUMES_IN_A_ROW = 5
_FIRST_PAUSE_S = 0.2


def path_of(request: type[Message] | Message) -> str:
    """The method a request belongs to, as gRPC writes it."""
    descriptor = request.DESCRIPTOR
    package = descriptor.file.package
    return f"/{package}.{_SERVICES[package]}/{descriptor.name.removesuffix('Request')}"


def bytes_of(message: Message) -> bytes:
    """The message as it travels."""
    return message.SerializeToString()


def described_as(build: Callable[..., object], method: M) -> M:
    """`method` with the name, the docstring and, behind `self`, the parameters of `build`."""
    described: Any = method
    described.__name__ = build.__name__
    described.__doc__ = build.__doc__
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    asked = inspect.signature(build)
    described.__signature__ = asked.replace(parameters=[own, *asked.parameters.values()])
    return method


@dataclass(frozen=True, slots=True)
class Call(Generic[R, T]):
    """One request, one answer."""

    request: Message
    response: type[R]
    decode: Callable[[R], T]
    deadline_s: float = UNARY_DEADLINE_S


@dataclass(frozen=True, slots=True)
class Pages(Generic[R, T]):
    """One question over as many pages as it takes. `count` tells how much a page holds; `limit` stops early."""

    request: Message
    response: type[R]
    count: Callable[[R], int]
    decode: Callable[[list[R]], T]
    limit: int | None = None
    deadline_s: float = UNARY_DEADLINE_S

    def following(self, pages: Sequence[R]) -> Message | None:
        """The request for the page after these; None when there is none, or enough came."""
        token: str = getattr(pages[-1], "next_page_token")  # noqa: B009 - every paged response has it, Message does not
        enough = self.limit is not None and sum(map(self.count, pages)) >= self.limit
        if not token or enough:
            return None
        request = type(self.request)()
        request.CopyFrom(self.request)
        setattr(request, "page_token", token)  # noqa: B010 - as above
        return request


@dataclass(frozen=True, slots=True)
class Upload(Generic[R, T]):
    """Many messages, one answer. `messages` are made while they are sent, so that a large file is never held whole."""

    request: type[Message]
    messages: Callable[[], Iterator[Message]]
    response: type[R]
    decode: Callable[[R], T]
    deadline_s: float = STREAM_DEADLINE_S


@dataclass(frozen=True, slots=True)
class Download(Generic[T]):
    """One request, one file in pieces, whose end is that of the call. `decode`: its content and its type."""

    request: Message
    decode: Callable[[bytes, str], T]
    deadline_s: float = DOWNLOAD_DEADLINE_S


@dataclass(frozen=True, slots=True)
class Stream(Generic[R, T]):
    """One request, many answers in an envelope. `data` names what in it is for the caller.

    `resume` writes into a request where a message left off; without it a lost connection is an error. `whole`: the
    caller gets whole messages, for what they bear beside the data; `resume` is shown heartbeats too, for their numbers.
    """

    request: Message
    response: type[R]
    data: tuple[str, ...]
    decode: Callable[[Any], T]
    resume: Callable[[Any, R], None] | None = None
    deadline_s: float = STREAM_DEADLINE_S
    whole: bool = False


@dataclass(slots=True)
class StreamReader(Generic[R, T]):
    """Reads one stream's envelopes and knows where to go on. It waits for nothing itself: both clients drive it."""

    call: Stream[R, T]
    request: Message = field(init=False)
    ended: bool = False
    _received: int = 0
    _failures: int = 0

    def __post_init__(self) -> None:
        self.request = type(self.call.request)()
        self.request.CopyFrom(self.call.request)

    def accept(self, message: R) -> tuple[T, ...]:
        """What a message brings the caller: one value, or none. Raises the error that came in band."""
        envelope: Any = message
        event = envelope.WhichOneof("event")
        if event in self.call.data:
            self._received += 1
            self._mark(message)
            return (self.call.decode(message if self.call.whole else getattr(envelope, event)),)
        if event == "heartbeat" and self.call.whole:
            self._mark(message)
        if event == "status":
            raise CallError.of_status(envelope.status)
        if event == "end":
            if envelope.end.message_count != self._received:
                raise StreamBroken(f"{self._received} of {envelope.end.message_count} messages came")
            self.ended = True
        return ()

    def _mark(self, message: R) -> None:
        """Remember how far the stream is; being alive, it is given new patience."""
        self._failures = 0
        if self.call.resume is not None:
            self.call.resume(self.request, message)

    def finish(self) -> None:
        """Say that no message follows. Raises StreamBroken unless the stream had said so before."""
        if not self.ended:
            raise StreamBroken("the stream stopped without its end")

    def pause_before_resuming_s(self, error: CallError) -> float:
        """How long to wait before `request` is sent again. Raises the error when that is of no use."""
        hopeless = (
            not error.may_pass or error.reason == Reason.BROKER_UNAVAILABLE
        )  # that one comes from a healthy server
        if self.call.resume is None or hopeless or self._failures >= _RESUMES_IN_A_ROW:
            raise error
        pause_s = _FIRST_PAUSE_S * 2.0**self._failures
        self._failures += 1
        self._received = 0
        return pause_s
