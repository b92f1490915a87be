"""A strategy from the folder its user keeps it in, with the modules that lie beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from scizor.strategy.base import Strategy
from scizor.strategy.loader import load


def load_file(file: str, source: str) -> type[Strategy]:
    """The strategy of a file, which may import what lies beside it: from here on the whole program may.

    Its `version` tells states of those modules apart too that it imports while it is loaded. Raises StrategyError.
    """
    folder = Path(file).resolve().parent
    sys.path.insert(0, str(folder))  # as for a script: what is the user's own comes first
    before = set(sys.modules)
    found = load(source, file)
    helpers = _files_in(folder, (module for name, module in sys.modules.items() if name not in before))
    if helpers:
        texts = b"".join(sha256(helper.read_bytes()).digest() for helper in helpers)
        found.version = f"sha256:{sha256(found.version.encode() + texts).hexdigest()}"
    return found


def _files_in(folder: Path, modules: Iterable[ModuleType]) -> list[Path]:
    """The modules' files within the folder, but for installed packages; the strategy's own has no spec."""
    origins = {module.__spec__.origin or "" for module in modules if module.__spec__ is not None}
    return sorted(
        path for path in map(Path, origins) if path.is_relative_to(folder) and "site-packages" not in path.parts
    )
