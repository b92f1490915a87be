"""What an operator, and the service that wires it, decide about the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """`preload`: what the warden imports before the first run, "package.module", and calls, "package.module:function".

    `import_roots`: folders to import from beside those of this interpreter; runs may read what lies in them.
    `allow_weaker`: run although this machine lacks locks that nothing makes up for.
    `conversations`: how many may be open, beside all runs. `first_uid`: where the service is root, runs and
    conversations are the users from this id on, one for each at a time.
    """

    concurrency: int = 2
    waiting: int = 256
    conversations: int = 64
    preload: tuple[str, ...] = ()
    import_roots: tuple[Path, ...] = ()
    allow_weaker: bool = False
    first_uid: int = 65_100
    start_s: float = 180.0
