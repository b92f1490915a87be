"""Become the program that the first argument names: one process to signal and to wait for."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from scizor.services.container.kernels import flags_of, seated
from scizor.services.container.roles import NotRunnable, program

_USAGE = 2


def main(words: list[str]) -> NoReturn:
    """Ends with status 2 where there is nothing to run."""
    try:
        command, environment = program(words, os.environ)
    except NotRunnable as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_USAGE)
    try:
        environment = seated(environment, flags_of(Path("/proc/cpuinfo").read_text()), Path(tempfile.gettempdir()))
    except OSError as error:
        sys.stderr.write(f"kernels are compiled anew, since those of the image cannot be used: {error}\n")
    os.execve(command[0], command, environment)  # noqa: S606 - it takes this process over


if __name__ == "__main__":
    main(sys.argv[1:])
