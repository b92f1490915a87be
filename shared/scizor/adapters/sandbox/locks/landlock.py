"""Rules of the kernel's own on files: libraries may be read, nothing else; and no word to processes outside.

`man 7 landlock`. They bind the process and its threads for good, whoever its user is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from scizor.adapters.sandbox.gaps import FILE_RULES
from scizor.adapters.sandbox.locks.kernel import Block, system_call
from scizor.adapters.sandbox.locks.lock import Cell, Lock, refused
from scizor.adapters.sandbox.wire import RULES_FD

_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
# How many of the rights on files each version of the interface knows; what is not named as handled stays allowed.
_RIGHTS = (13, 14, 15, 15, 16)
_NETWORK_VERSION, _SCOPE_VERSION = 4, 6
_BIND_AND_CONNECT, _SOCKETS_AND_SIGNALS = 3, 3


def make_ruleset(readable: Iterable[Path]) -> int:
    """The descriptor of rules by which these folders and files may be read. Raises OSError where there is none."""
    version = system_call("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    handled = struct.pack(
        "<QQQ",
        (1 << _RIGHTS[min(version, len(_RIGHTS)) - 1]) - 1,
        _BIND_AND_CONNECT if version >= _NETWORK_VERSION else 0,
        _SOCKETS_AND_SIGNALS if version >= _SCOPE_VERSION else 0,
    )
    known = 8 if version < _NETWORK_VERSION else 16 if version < _SCOPE_VERSION else 24
    ruleset = system_call("landlock_create_ruleset", _buffer(handled[:known]), known, 0)
    for path in readable:
        _allow_reading(ruleset, path)
    return ruleset


def _allow_reading(ruleset: int, path: Path) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | (_READ_FOLDER if path.is_dir() else 0)
        system_call("landlock_add_rule", ruleset, _PATH_BENEATH, _buffer(struct.pack("<Qi", rights, place)), 0)
    finally:
        os.close(place)


def _buffer(content: bytes) -> Block:
    return ctypes.create_string_buffer(content, len(content))


def _close(cell: Cell) -> None:
    if cell.ruleset is None:
        raise OSError(errno.ENOSYS, "the kernel has none")
    try:
        system_call("landlock_restrict_self", RULES_FD, 0)
    finally:
        os.close(RULES_FD)


def _check(_: Cell) -> None:
    refused(lambda: list(Path("/").iterdir()), "the root folder can be read")


LOCK = Lock(FILE_RULES, _close, _check)
