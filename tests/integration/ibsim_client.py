"""A client that says exactly what a test tells it to, right or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from scizor.services.ibsim.wire.fields import Value, encode
from scizor.services.ibsim.wire.framing import pack, read_frame

DEADLINE_S = 10.0
AAPL: tuple[Value, ...] = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")


class RawClient:
    """Sends frames, and looks for answers among all that comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen: list[list[str]] = []

    async def greet(self, versions: str = "v157..178") -> list[str]:
        """The version frame."""
        self.writer.write(b"API\0" + pack(versions.encode()))
        return await self.next()

    async def start(self, client_id: int) -> None:
        """START_API."""
        await self.send(71, 2, client_id, "")

    async def send(self, *fields: Value) -> None:
        self.writer.write(pack(encode(fields)))
        await self.writer.drain()

    async def next(self) -> list[str]:
        """The next message. Raises IncompleteReadError when the gateway has hung up."""
        async with asyncio.timeout(DEADLINE_S):
            fields = await read_frame(self.reader)
        self.seen.append(fields)
        return fields

    async def wait(self, message_id: int) -> list[str]:
        """The next message of this kind."""
        while (fields := await self.next())[0] != str(message_id):
            pass
        return fields

    async def error(self, *, of: int | None = None) -> int:
        """The code of the next error, of one request or of any; notices of the farms do not count."""
        while True:
            _, _, req_id, code, *_ = await self.wait(4)
            if int(code) not in range(2100, 2200) and (of is None or int(req_id) == of):
                return int(code)

    async def until_closed(self) -> None:
        """Read until the gateway hangs up."""
        try:
            while True:
                await self.next()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass


@asynccontextmanager
async def dialled(port: int) -> AsyncIterator[RawClient]:
    """A connection nothing has been said on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def started(port: int, client_id: int = 1, versions: str = "v157..178") -> AsyncIterator[RawClient]:
    """A connection that is ready."""
    async with dialled(port) as client:
        await client.greet(versions)
        await client.start(client_id)
        await client.wait(9)
        yield client


def history(req_id: int, **chosen: Value) -> Sequence[Value]:
    """A request for bars, but for what is chosen."""
    asked: dict[str, Value] = {
        "end": "20240313-20:00:00",
        "size": "1 day",
        "duration": "5 D",
        "rth": True,
        "what": "TRADES",
        "format": 2,
        "updates": False,
        **chosen,
    }
    return (20, req_id, *AAPL, False, *asked.values(), "")
