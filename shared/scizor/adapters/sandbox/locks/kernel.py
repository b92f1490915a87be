"""The kernel's calls that Python has no words for."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from scizor.adapters.sandbox.locks.numbers import number_of

_libc = ctypes.CDLL(None, use_errno=True)

Block = ctypes.Array[ctypes.c_char]

PR_SET_PDEATHSIG: Final = 1
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
PR_GET_NO_NEW_PRIVS: Final = 39
CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWIPC: Final = 0x0800_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000


def prctl(option: int, value: int = 0, block: Block | None = None) -> int:
    """prctl(2). Raises OSError, as all here."""
    zero = ctypes.c_ulong(0)
    return _checked(_libc.prctl(option, ctypes.c_ulong(value), zero if block is None else block, zero, zero), "prctl")


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    words = [os.fsencode(word) or None for word in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) or None)
    _checked(result, f"mount {target}")


def unmount(target: str, flags: int) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(os.fsencode(target), flags), f"unmount {target}")


def clear_environment() -> None:
    """clearenv(3)."""
    _checked(_libc.clearenv(), "clearenv")


def has_environment() -> bool:
    """Whether any variable is set, whatever Python believes."""
    variables = ctypes.POINTER(ctypes.c_char_p).in_dll(_libc, "environ")
    return bool(variables) and variables[0] is not None


def system_call(name: str, *arguments: int | bytes | Block | None) -> int:
    """A call that the C library has no function for."""
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number_of(name)), *given), name)


def drop_capabilities() -> None:
    """Be without any, whatever the user's id is."""
    _checked(_libc.capset(_CAPABILITY_HEADER, bytes(24)), "capset")


def capabilities() -> bytes:
    """The effective, permitted and inheritable sets as the kernel writes them; zeros mean none."""
    sets = ctypes.create_string_buffer(24)
    _checked(_libc.capget(_CAPABILITY_HEADER, sets), "capget")
    return sets.raw


_CAPABILITY_HEADER = (0x2008_0522).to_bytes(4, "little") + bytes(4)  # version 3, this process


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return int(result)
