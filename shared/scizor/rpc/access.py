"""One line a call: what was asked, what came of it, how long it took. No payload, no secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from grpc import StatusCode

from scizor.rpc.calls import Call, Context, Stage

_log = structlog.get_logger(__name__)


class AccessLog(Stage):
    """Writes the line, and lends the request id to every line that is logged during the call."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Time the call and log its end."""
        started = time.perf_counter()
        # Each call runs in a task of its own, so what is bound here ends with it.
        structlog.contextvars.bind_contextvars(request_id=call.request_id)
        code = ""
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            code = why_cancelled(call.context).name
            raise
        finally:
            _log.info(
                "call",
                method=call.method,
                code=code or (call.context.code() or StatusCode.OK).name,
                reason=call.reason.value if call.reason else None,
                ms=round((time.perf_counter() - started) * 1000, 3),
                requests=call.requests,
                responses=call.responses,
                peer=call.context.peer(),
                request_id=call.request_id,
                user_agent=call.metadata.get("user-agent", ""),
            )


def why_cancelled(context: Context) -> StatusCode:
    """Whether the caller left, or its time was over."""
    remaining_s = context.time_remaining()
    return StatusCode.CANCELLED if remaining_s is None or remaining_s > 0 else StatusCode.DEADLINE_EXCEEDED
