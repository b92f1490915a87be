"""A whole stack of services to measure."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.startup import BIN, free_ports


@contextmanager
def stack(**settings: str) -> Iterator[dict[str, str]]:
    """The environment of a stack on free ports, with other settings, that lives as long as the block."""
    home = Path(tempfile.mkdtemp(prefix="scizor-bench-"))
    home.chmod(0o755)
    environment = os.environ | free_ports() | {"SCIZOR_HOME": str(home)} | settings
    try:
        scizor(environment, "up", "--detach")
        yield environment
    finally:
        scizor(environment, "down")
        shutil.rmtree(home, ignore_errors=True)


def scizor(environment: dict[str, str], *arguments: str) -> None:
    """One command."""
    subprocess.run([BIN / "scizor", *arguments], env=environment, capture_output=True, timeout=300, check=True)
