"""What every run needs, imported and compiled before there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any


def preload(names: Iterable[str]) -> None:
    """Import "package.module", and call "package.module:function"."""
    for name in names:
        module, _, function = name.partition(":")
        imported = import_module(module)
        if function:
            getattr(imported, function)()
    _keep_compiled_code_in_memory()


def _keep_compiled_code_in_memory() -> None:
    """Children compile what is not ready yet, but write nothing: numba would fail where it cannot store its work."""
    caching: Any = sys.modules.get("numba.core.caching")
    if caching is None:
        return
    load = caching.Cache.load_overload

    def load_if_readable(cache: object, *which: object) -> object:
        try:
            return load(cache, *which)
        except OSError:
            return None

    caching.Cache.load_overload = load_if_readable
    caching.Cache.save_overload = lambda *_: None
