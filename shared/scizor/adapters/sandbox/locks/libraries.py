"""What a run must be able to read: this interpreter's modules and the libraries these are linked to."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

_MAPPED = re.compile(r"\s(/\S.*/)[^/]+\.so(?:\.[\w.]+)?$")
_ALWAYS = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom")


def readable_paths(more: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Folders and files as they are asked for and as they are called without links; none lies in another."""
    asked = [*map(Path, (*sys.path, *_library_folders(), *_ALWAYS)), *more]
    spelled = {path for path in asked if path.is_absolute() and os.access(path, os.R_OK)}
    wanted = spelled | {path.resolve() for path in spelled}
    return tuple(sorted(path for path in wanted if not wanted & set(path.parents)))


def _library_folders() -> set[str]:
    mapped = Path("/proc/self/maps").read_text(encoding=sys.getfilesystemencoding(), errors="surrogateescape")
    found = map(_MAPPED.search, mapped.splitlines())
    return {os.path.dirname(line[1]) for line in found if line}  # noqa: PTH120 - text in, text out
