"""Just enough of the PostgreSQL protocol to ask a server whether it is alive, without a driver or an event loop.

A process id proves nothing (the process may be a zombie, or another program by now); a server that completes the
start-up exchange on its socket is alive. Protocol 3.0, chapter "Message Flow" of the PostgreSQL manual.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import BinaryIO

_PROTOCOL_3_0 = 196608
_LONGEST_MESSAGE_BYTES = 1 << 20

OK = "00000"
DATABASE_MISSING = "3D000"
TOO_MANY_CONNECTIONS = "53300"
NOBODY = "08001"  # said by a client, never by a server: the connection could not be made


class RefusedError(Exception):
    """The server answered with an error; `code` is its SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} (SQLSTATE {code})")
        self.code = code


def converse(path: Path, user: str, database: str, statement: str = "", *, timeout_s: float = 5.0) -> None:
    """Connect, run `statement` when one is given, and say goodbye.

    Raises RefusedError when the server says no and OSError (ConnectionError, TimeoutError...) when nobody answers.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(_startup(user, database))
        with connection.makefile("rb") as answers:
            _until_ready(answers)
            if statement:
                connection.sendall(_message(b"Q", statement.encode() + b"\0"))
                _until_ready(answers)
        connection.sendall(_message(b"X", b""))


def _startup(user: str, database: str) -> bytes:
    options = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database, ""))
    return struct.pack("!ii", len(options) + 8, _PROTOCOL_3_0) + options


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _until_ready(answers: BinaryIO) -> None:
    while True:
        kind, body = _read(answers)
        if kind == b"E":
            raise _refusal(body)
        if kind == b"Z":
            return


def _read(answers: BinaryIO) -> tuple[bytes, bytes]:
    head = answers.read(5)
    if len(head) < 5:
        raise ConnectionError("the server closed the connection")
    (length,) = struct.unpack("!i", head[1:])
    if not 4 <= length <= _LONGEST_MESSAGE_BYTES:
        raise ConnectionError("whoever answers does not speak the PostgreSQL protocol")
    body = answers.read(length - 4)
    if len(body) < length - 4:
        raise ConnectionError("the server closed the connection")
    return head[:1], body


def _refusal(body: bytes) -> RefusedError:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return RefusedError(fields.get(b"C", "XX000"), fields.get(b"M", "unknown error"))
