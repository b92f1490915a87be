"""The embedded PostgreSQL as a child of the supervisor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.services.local.child import holds

_START_POLL_S = 0.2


class Database:
    """A `Child` that is an `EmbeddedPostgres`.

    The kernel ends the server when the *thread* that started it ends, and starting blocks: so one thread starts it and
    then lives, idle, as long as the supervisor does.
    """

    name = "postgres"
    port = None

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="postgres")
        self._start: asyncio.Future[None] | None = None

    @property
    def pid(self) -> int | None:
        """See `Child`."""
        return self._server.pid

    def launch(self) -> None:
        """See `Child`."""
        self._start = asyncio.get_running_loop().run_in_executor(self._thread, self._start_as_child)

    async def ready(self) -> None:
        """See `Child`."""
        if self._start is not None:
            await asyncio.shield(self._start)

    async def ended(self) -> str:
        """See `Child`."""
        await holds(lambda: self._server.exit_status() is not None, None)
        return f"postgres ended with status {self._server.exit_status()}"

    async def stop(self, hurry: asyncio.Event) -> None:
        """See `Child`. A start under way is let through and then stopped, so that nothing appears afterwards."""
        start = self._start
        while start is not None and not start.done():
            await asyncio.to_thread(self._server.stop)
            await holds(start.done, _START_POLL_S)
        if start is not None:
            start.exception()  # it was told to whoever awaited `ready`
            await asyncio.to_thread(self._server.stop, timeout_s=6.0 if hurry.is_set() else 30.0)
        self._thread.shutdown(wait=False)

    def _start_as_child(self) -> None:
        """A server that another process left running is stopped first: it would outlive us."""
        self._server.stop()
        self._server.start(die_with_parent=True)
