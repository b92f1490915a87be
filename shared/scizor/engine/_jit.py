"""One way to compile a kernel: nopython, without the GIL, cached on disk, and typed.

numba keys a cached kernel by the source file of that kernel alone, so an edit to a function it *calls* in another file
would silently run the old code. Kernels here call each other across files; their cache name therefore carries a digest
of every file of this project that their own file imports, directly or not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numba
from numba.core import types

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_IMPORT = re.compile(rb"^\s*(?:from|import)\s+(scizor(?:\.\w+)+)", re.MULTILINE)
_ROOT = Path(__file__).parents[2]  # the folder that holds `scizor`


def njit(function: Kernel) -> Kernel:
    """Compile `function` at its first call. Works uncached where no cache folder can be written."""
    return _compile(function, inline="never")


def njit_inline(function: Kernel) -> Kernel:
    """As `njit`, pasted into its callers: for what runs every row, where a call with arrays costs as much again."""
    return _compile(function, inline="always")


def source_digest(path: Path) -> str:
    """12 hex digits over a source file and all it imports of this project."""
    digest = sha256()
    for found in sorted(_reach(path)):
        digest.update(found.name.encode())
        digest.update(_source(found))
    return digest.hexdigest()[:12]


def _reach(path: Path) -> set[Path]:
    reached: set[Path] = set()
    waiting = [path]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting.extend(_imports(one))
    return reached


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    names = {name.decode() for name in _IMPORT.findall(_source(path))}
    places = [_ROOT.joinpath(*name.split(".")) for name in sorted(names)]
    candidates = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
    return tuple(file for file in candidates if file.is_file())


@cache
def _source(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _digest_of(path: Path) -> str:
    return source_digest(path)


def _compile(function: Kernel, inline: Literal["never", "always"]) -> Kernel:
    # The module being run as a program is `__main__`, whose file is as good a name.
    source = sys.modules[function.__module__].__file__
    if source is not None and Path(source).is_relative_to(_ROOT):
        function.__qualname__ = f"{function.__qualname__}_{_digest_of(Path(source))}"
    try:
        kernel = numba.njit(nogil=True, cache=True, inline=inline)(function)
    except RuntimeError:  # numba's word for "no writable cache folder"
        kernel = numba.njit(nogil=True, inline=inline)(function)
    _compile_once(kernel)
    return cast("Kernel", kernel)


def _compile_once(kernel: Any) -> None:
    """Let a kernel that calls this one with a constant or a narrow integer take the version for any int64.

    numba would compile a version for each: a dozen of the same code, for orders alone.
    """
    template_of = kernel.get_call_template

    def get_call_template(args: Iterable[Any], kws: Mapping[str, Any]) -> Any:
        return template_of(tuple(map(_widest, args)), {name: _widest(kind) for name, kind in kws.items()})

    kernel.get_call_template = get_call_template


def _widest(kind: Any) -> Any:
    kind = cast("Any", types).unliteral(kind)
    return types.int64 if isinstance(kind, types.Integer) and cast("Any", kind).signed else kind
