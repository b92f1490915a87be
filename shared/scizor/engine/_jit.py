"""One way to compile a kernel: nopython, without the GIL, cached on disk, and typed.

numba keys a cached kernel by the source file of that kernel alone, so an edit to a function it *calls* in another file
would silently run the old code. Kernels here call each other across files; their cache name therefore carries a digest
of every source file of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def _source_digest(folder: Path) -> str:
    digest = sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = _source_digest(Path(__file__).parent)


def njit(function: Kernel) -> Kernel:
    """Compile `function` at its first call. Works uncached where no cache folder can be written."""
    return _compile(function, inline="never")


def njit_inline(function: Kernel) -> Kernel:
    """As `njit`, pasted into its callers: for what runs every session, where a call with arrays costs as much again."""
    return _compile(function, inline="always")


def _compile(function: Kernel, inline: Literal["never", "always"]) -> Kernel:
    function.__qualname__ = f"{function.__qualname__}_{_DIGEST}"
    try:
        return cast("Kernel", numba.njit(nogil=True, cache=True, inline=inline)(function))
    except RuntimeError:  # numba's word for "no writable cache folder"
        return cast("Kernel", numba.njit(nogil=True, inline=inline)(function))
