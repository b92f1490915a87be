"""The host's ears: what comes from a child, taken apart as it comes, with a bound on everything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.documents import Broken, json_object
from scizor.ports.sandbox import Document, OnMessage

_MAX_MESSAGES_BYTES = 4 << 20
_LEAST_MESSAGE_BYTES = 256  # what telling one costs the host, however short it is
_MAX_MESSAGE_VALUES = 1024  # it is read where everybody waits
_MAX_FLOOD_BYTES = 2 * wire.MAX_PRINTED_BYTES
_READ_BYTES = 256 << 10

OnTrouble = Callable[[Exception], None]


class Pipe:
    """One direction of one pipe. `on_trouble` is told once what is wrong; from then on nothing is listened to.

    No transport of the loop's: uvloop's closes its descriptor twice, the second time perhaps as another run's question.
    """

    def __init__(self, on_trouble: OnTrouble) -> None:
        self.closed = asyncio.Event()
        self._on_trouble, self._deaf, self._fd = on_trouble, False, -1

    def listen(self, fd: int) -> None:
        """Read from it until its end. It is closed here and nowhere else."""
        os.set_blocking(fd, False)
        self._fd = fd
        asyncio.get_running_loop().add_reader(fd, self._read)

    def close(self) -> None:
        """Listen no more."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        """More came."""
        if self._deaf:
            return
        try:
            self._take(memoryview(data))
        except Exception as error:  # noqa: BLE001 - whatever it is ends the run, and is told to the one who asked for it
            self._deaf = True
            self._on_trouble(error)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self.data_received(data)
        else:
            self.close()

    def _take(self, data: memoryview) -> None:
        raise NotImplementedError


class Records(Pipe):
    """The pipe of the answer: what was told until now. What `on_message` raises is trouble, too."""

    def __init__(self, answer_bytes: int, on_message: OnMessage | None, on_trouble: OnTrouble) -> None:
        super().__init__(on_trouble)
        self.ready, self.fault = False, ""
        self.answer: bytearray | None = None
        self.error: Document | None = None
        self._answer_bytes, self._on_message, self._messages_bytes = answer_bytes, on_message, 0
        self._head, self._kind, self._content, self._left = bytearray(), b"", bytearray(), 0

    def _take(self, data: memoryview) -> None:
        while data:
            if not self._kind:
                wanted = wire.HEAD.size - len(self._head)
                self._head += data[:wanted]
                data = data[wanted:]
                if len(self._head) < wire.HEAD.size:
                    return
                self._begin(*wire.HEAD.unpack(self._head))
            taken = min(self._left, len(data))
            self._content += data[:taken]
            self._left -= taken
            data = data[taken:]
            if not self._left:
                kind, content = self._kind, self._content
                self._head, self._kind, self._content = bytearray(), b"", bytearray()
                self._tell(kind, content)

    def _begin(self, kind: bytes, length: int) -> None:
        expected = (wire.MESSAGE, wire.ANSWER, wire.ERROR) if self.ready else (wire.READY, wire.FAULT)
        if kind not in expected or self.answer is not None or self.error is not None:
            raise Broken("what no answer begins with")
        most = self._answer_bytes if kind == wire.ANSWER else wire.MAX_TEXT_BYTES
        if length > most:
            raise Broken(f"{length:,} bytes: at most {most:,}")
        self._kind, self._left = kind, length

    def _tell(self, kind: bytes, content: bytearray) -> None:
        if kind == wire.READY:
            self.ready = True
        elif kind == wire.FAULT:
            self.fault = content.decode(errors="replace")
        elif kind == wire.ANSWER:
            self.answer = content
        elif kind == wire.ERROR:
            self.error = json_object(content)
        else:
            self._messages_bytes += max(len(content), _LEAST_MESSAGE_BYTES)
            if self._messages_bytes > _MAX_MESSAGES_BYTES:
                raise Broken("too many messages")
            message = json_object(content, _MAX_MESSAGE_VALUES)
            if self._on_message is not None:
                self._on_message(message)


class Replies(Records):
    """The same pipe of a conversation: an answer to each question, `on_answer` told of it, and none unasked."""

    def __init__(self, answer_bytes: int, on_answer: Callable[[bytearray], None], on_trouble: OnTrouble) -> None:
        super().__init__(answer_bytes, None, on_trouble)
        self.expected = True
        """Whether a question is open: the opening is the first."""
        self._on_answer = on_answer

    def _begin(self, kind: bytes, length: int) -> None:
        if kind == wire.ANSWER and not self.expected:
            raise Broken("what nobody asked for")
        super()._begin(kind, length)

    def _tell(self, kind: bytes, content: bytearray) -> None:
        super()._tell(kind, content)
        if kind == wire.ANSWER:
            self.answer, self.expected = None, False
            self._on_answer(content)


class Printed(Pipe):
    """The pipe of what is printed. The child cuts it; one that goes on nevertheless is trouble."""

    def __init__(self, on_trouble: OnTrouble) -> None:
        super().__init__(on_trouble)
        self._content = bytearray()

    @property
    def text(self) -> str:
        """The beginning of it."""
        return self._content[: wire.MAX_PRINTED_BYTES + 64].decode(errors="replace")

    def take(self) -> str:
        """The beginning of it; what comes later begins anew."""
        text = self.text
        self._content.clear()
        return text

    def _take(self, data: memoryview) -> None:
        self._content += data
        if len(self._content) > _MAX_FLOOD_BYTES:
            raise Flood(f"floods its output: over {_MAX_FLOOD_BYTES:,} bytes past print")


class Flood(Exception):
    """More output than can be."""
