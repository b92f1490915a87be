"""One call, seen the same by every stage, whichever of the four kinds of method it is.

gRPC knows four shapes of handler. A stage knows one: something `around` the whole call, and a `check` of each message
that arrives. `Pipeline` puts the stages round a handler of any shape, once per method, the first stage outermost.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias

import grpc
from google.protobuf.message import Message

from scizor.domain.errors import Reason, ScizorError
from scizor.rpc.messages import receiver, serialize

Context = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_KINDS: Final = {
    (False, False): "unary",
    (True, False): "client_stream",
    (False, True): "server_stream",
    (True, True): "bidi_stream",
}
"""By whether requests stream and whether responses do, as the field's metrics call them."""


@dataclass(slots=True)
class Call:
    """One call under way. `method`: `package.Service/Method`; `kind`: as in _KINDS.

    The counts are of messages that passed so far.
    """

    # What grpc raises to leave a handler whose status is already set.
    ABORTED: ClassVar[type[Exception]] = grpc.aio.AbortError

    method: str
    kind: str
    context: Context
    metadata: dict[str, str] = field(default_factory=dict)
    request_id: str = ""
    requests: int = 0
    responses: int = 0
    reason: Reason | None = None

    def __post_init__(self) -> None:
        pairs = self.context.invocation_metadata() or ()
        self.metadata = {str(key): value for key, value in pairs if isinstance(value, str)}
        given = self.metadata.get("x-request-id", "")
        self.request_id = given if given.isprintable() and 0 < len(given) <= 100 else uuid.uuid4().hex

    @property
    def is_stream(self) -> bool:
        """Whether there may be several messages either way."""
        return self.kind != "unary"


class Stage:
    """A concern of every call. Override what you need."""

    def around(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Entered before the first message is looked at, left after the last response was written."""
        return nullcontext()

    def check(self, call: Call, message: Message) -> None:
        """Refuse a message that arrived, by raising."""


class Pipeline(grpc.aio.ServerInterceptor):
    """Puts the stages round every method but grpc's own (health, reflection), which must answer in any state."""

    def __init__(self, stages: Sequence[Stage], max_message_bytes: int) -> None:
        self._stages = tuple(stages)
        self._max_message_bytes = max_message_bytes
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The method's handler with the stages round it; unknown methods stay unknown."""
        path = str(handler_call_details.method)
        if path in self._wrapped:
            return self._wrapped[path]
        handler = await continuation(handler_call_details)
        if handler is None or path.startswith("/grpc."):
            return handler
        return self._wrapped.setdefault(path, self._wrap(path.removeprefix("/"), handler))

    def _wrap(self, method: str, handler: Handler) -> Handler:
        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[bool(handler.request_streaming), bool(handler.response_streaming)]
        staged = _Staged(method, handler, self._stages)
        behavior: Any = staged.answer_stream if handler.response_streaming else staged.answer
        parse: Any = handler.request_deserializer
        return make(behavior, receiver(parse, self._max_message_bytes), serialize)


async def _write(response: Any, context: Context) -> None:
    try:
        await context.write(response)
    except grpc.aio.InternalError as error:
        # The caller is gone, and the write met it before grpc cancelled this task.
        raise asyncio.CancelledError from error


class _Staged:
    """A handler with the stages round it."""

    def __init__(self, method: str, handler: Handler, stages: tuple[Stage, ...]) -> None:
        self._method = method
        self._stages = stages
        self._takes_stream = bool(handler.request_streaming)
        self._kind = _KINDS[self._takes_stream, bool(handler.response_streaming)]
        self._behavior: Any = (
            handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        )

    async def answer(self, request: Any, context: Context) -> Any:
        """One response."""
        async with self._entered(context) as call:
            response = await self._behavior(self._taken(call, request), context)
            call.responses += 1
            return response

    async def answer_stream(self, request: Any, context: Context) -> None:
        """Many responses. They are written here, not yielded to grpc, so that a cancellation that meets a write also
        closes the handler, at once and in its own task."""
        async with (
            self._entered(context) as call,
            aclosing(self._behavior(self._taken(call, request), context)) as all_,
        ):
            async for response in all_:
                await _write(response, context)
                call.responses += 1

    @asynccontextmanager
    async def _entered(self, context: Context) -> AsyncIterator[Call]:
        call = Call(self._method, self._kind, context)
        async with AsyncExitStack() as stack:
            for stage in self._stages:
                await stack.enter_async_context(stage.around(call))
            yield call

    def _taken(self, call: Call, request: Any) -> Any:
        return self._checked_all(call, request) if self._takes_stream else self._checked(call, request)

    async def _checked_all(self, call: Call, requests: AsyncIterator[Any]) -> AsyncIterator[Message]:
        async for request in requests:
            yield self._checked(call, request)

    def _checked(self, call: Call, request: Message | ScizorError) -> Message:
        if isinstance(request, ScizorError):
            raise request
        call.requests += 1
        for stage in self._stages:
            stage.check(call, request)
        return request
