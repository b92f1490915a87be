"""The warden's own locks, which all its children are born behind: no network, and a view of libraries only."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from scizor.adapters.sandbox.gaps import FILE_VIEW, NETWORK
from scizor.adapters.sandbox.locks.kernel import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    mount,
    system_call,
    unmount,
    unshare,
)

_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2
# A folder that every system has and no library lies in: the view is built over it.
_STAGE = Path("/sys")
_LINKS = ("/lib", "/lib64", "/lib32", "/usr/lib64")


def isolate(readable: Sequence[Path]) -> list[tuple[str, str]]:
    """Shut this process off, as far as it may; returns the locks that could not be closed, each with the reason.

    It must have one thread only. Files that are open stay so.
    """
    try:
        if os.geteuid():
            _become_root_of_nothing()
    except OSError as error:
        return [(NETWORK, str(error)), (FILE_VIEW, str(error))]
    found: list[tuple[str, str]] = []
    try:
        unshare(CLONE_NEWNET | CLONE_NEWIPC)
    except OSError as error:
        found.append((NETWORK, str(error)))
    try:
        unshare(CLONE_NEWNS)
        _enter_view(readable)
    except OSError as error:
        found.append((FILE_VIEW, str(error)))
    finally:
        os.chdir("/")
    return found


def _become_root_of_nothing() -> None:
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER)
    for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path("/proc/self", name).write_text(line)


def _enter_view(readable: Iterable[Path]) -> None:
    """Make a root folder of bind mounts, read-only, the only one there is."""
    mount("none", "/", "", _RECURSIVE | _PRIVATE)
    mount("tmpfs", str(_STAGE), "tmpfs", _NO_SETUID | _NO_DEVICES, "mode=755,size=1m")
    for path in readable:
        _show(path)
    for link in map(Path, _LINKS):
        shown = _in_stage(link)
        if link.is_symlink() and not shown.is_symlink() and not shown.exists():
            shown.parent.mkdir(parents=True, exist_ok=True)
            shown.symlink_to(link.readlink())
    mount("", str(_STAGE), "", _REMOUNT | _BIND | _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    os.chdir(_STAGE)
    system_call("pivot_root", b".", b".")
    unmount(".", _DETACH)
    if Path("/proc").exists() or os.access("/", os.W_OK):
        raise OSError(errno.EPERM, "the old root is still there")


def _show(path: Path) -> None:
    place = _in_stage(path)
    if path.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    mount(str(path), str(place), "", _BIND | _RECURSIVE)
    # What the original forbids stays forbidden: in a namespace of ours the kernel refuses to lift it.
    kept = os.statvfs(path).f_flag & (_NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    devices = 0 if path.is_char_device() else _NO_DEVICES
    mount("", str(place), "", _REMOUNT | _BIND | _READ_ONLY | _NO_SETUID | devices | kept)


def _in_stage(path: Path) -> Path:
    return _STAGE / path.relative_to("/")
