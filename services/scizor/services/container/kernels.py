"""The kernels that were compiled while the image was built, and how a container that may not write there uses them.

numba takes a cache folder only when it can write to it, and would compile everything anew beside one it can only read.
So the kernels are copied to where the container may write. They are compiled for a level of processors, not for the one
that built the image: each copy on another machine would otherwise be refused. A machine below that level compiles for
itself.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FOLDER: Final = "NUMBA_CACHE_DIR"
_PROCESSOR: Final = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "x86-64-v2": frozenset({"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    "x86-64-v3": frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt", "sse4_2"}),
}
"""What /proc/cpuinfo tells of a processor of each level."""


def seated(environment: Mapping[str, str], processor: frozenset[str], scratch: Path) -> dict[str, str]:
    """The environment with a cache folder that numba takes. `scratch` is a folder to write to.

    What cannot be used is left out: then kernels are compiled when they are first called. Raises OSError when there is
    no room for the kernels.
    """
    if not processor >= _NEEDED.get(environment.get(_PROCESSOR[0], ""), frozenset()):
        return {name: value for name, value in environment.items() if name not in (FOLDER, *_PROCESSOR)}
    baked = Path(environment.get(FOLDER) or os.devnull)
    if not baked.is_dir():
        return dict(environment)
    return {**environment, FOLDER: str(_copied(baked, scratch / "scizor-kernels"))}


def flags_of(cpuinfo: str) -> frozenset[str]:
    """What the first processor of /proc/cpuinfo can do; nothing where it does not say."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def _copied(baked: Path, place: Path) -> Path:
    """A container that is started anew finds what it left."""
    if not place.is_dir():
        fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
        try:
            shutil.copytree(baked, fresh, dirs_exist_ok=True, copy_function=shutil.copyfile)
            fresh.rename(place)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            if not place.is_dir():  # nobody else was faster
                raise
    return place
