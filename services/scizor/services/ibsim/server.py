"""Listening: every connection becomes a session, and none outlives the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scizor.services.ibsim.gateway import Gateway
from scizor.services.ibsim.session import Session

_MAX_CLIENTS = 32
"""What a real gateway takes."""


@asynccontextmanager
async def serve(gateway: Gateway, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve the gateway while the block runs; gives the port it listens on. Raises OSError when that is taken."""
    sessions: dict[asyncio.Task[None], Session] = {}
    closing = asyncio.Event()

    # No coroutine, so that no connection is between being accepted and being among the sessions.
    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if closing.is_set() or len(sessions) >= _MAX_CLIENTS or not gateway.faults.accepts_connections():
            writer.transport.abort()
            return
        session = Session(gateway, reader, writer)
        task = asyncio.create_task(session.run())
        sessions[task] = session
        task.add_done_callback(lambda done: sessions.pop(done, None))

    server = await asyncio.start_server(connected, host, port)
    matching = asyncio.create_task(gateway.run_matching())
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        closing.set()
        server.close()
        for session in sessions.values():
            session.hang_up()
        matching.cancel()
        await asyncio.gather(*sessions, matching, return_exceptions=True)
        await server.wait_closed()
