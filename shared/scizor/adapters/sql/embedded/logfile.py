"""A program's log: appended to, kept small, and quoted in errors."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_LIMIT_BYTES = 10 << 20
_TAIL_BYTES = 8192
_TAIL_LINES = 15


def open_log(path: Path) -> BinaryIO:
    """Open for appending; a log over 10 MB becomes `<name>.1` first, so two of them are the most there is."""
    if path.exists() and path.stat().st_size > _LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def log_tail(path: Path, since_byte: int = 0) -> str:
    """The last lines, of those after `since_byte`, as the end of an error message."""
    try:
        with path.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(since_byte, size - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError:
        return f"; see {path}"
    return f"; the end of {path}:\n" + "\n".join(f"  {line}" for line in lines) if lines else f"; see {path}"
