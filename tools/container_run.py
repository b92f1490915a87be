"""Run a built image as Kubernetes would, on a machine without an engine: buildah mounts it, crun runs it.

with mounted("localhost/scizor:latest") as image, running(image, ["marketdata"], {"DATABASE_URL": ...}) as service:
    ...

A container has the image's own user, entry point and environment, a root it cannot write to, no privileges and no way
to new ones, and a /tmp and /var/lib/scizor of its own in memory. It shares the machine's network.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_STATES: Final = "/run/scizor-containers"
_DEADLINE_S: Final = 60.0
# crun knows a machine with the first or the second kind of control groups, not one with both: it is shown the second.
_RUN: Final = """
if [ -d /sys/fs/cgroup/unified ]; then mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup; fi
exec crun --root "$0" --cgroup-manager=disabled run --bundle "$1" "$2"
"""
_WRITABLE: Final = ("nosuid", "nodev", "size=512m")
_CAPABILITIES: Final = ("bounding", "effective", "inheritable", "permitted", "ambient")


@dataclass(frozen=True, slots=True)
class Image:
    """A built image. `root`: its files, here; the rest is what it says of itself."""

    root: Path
    entry: tuple[str, ...]
    environment: Mapping[str, str]
    user: str
    folder: str


class Container:
    """A program that runs in a container; `log` is what it has written."""

    def __init__(self, name: str, bundle: Path) -> None:
        self._name, self._log = name, bundle / "log"
        with self._log.open("wb") as log:
            command = ["unshare", "--mount", "sh", "-c", _RUN, _STATES, str(bundle), name]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """Everything written so far, to standard output and error."""
        return self._log.read_text(errors="replace")

    @property
    def root(self) -> Path:
        """Its files as it sees them."""
        state = json.loads((Path(_STATES) / self._name / "status").read_text())
        return Path(f"/proc/{state['pid']}/root")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to its first process; the exit status of that."""
        _crun("kill", self._name, str(int(number)))
        return self.ended()

    def ended(self, within_s: float = _DEADLINE_S) -> int:
        """Its exit status, once it has ended. Raises TimeoutExpired."""
        return self.process.wait(within_s)

    def discard(self) -> None:
        """Kill what still runs, and leave nothing."""
        _crun("delete", "--force", self._name)
        self.process.wait(_DEADLINE_S)


@contextmanager
def mounted(name: str) -> Iterator[Image]:
    """The image of that name, as long as the context lasts. Raises CalledProcessError where there is none."""
    container = _buildah("from", "--pull-never", name)
    try:
        told: dict[str, Any] = json.loads(_buildah("inspect", container))["OCIv1"]["config"]
        root = Path(_buildah("mount", container))
        variables = dict(one.split("=", 1) for one in told["Env"])
        yield Image(root, tuple(told["Entrypoint"]), variables, told["User"], told["WorkingDir"])
    finally:
        _buildah("rm", container)


@contextmanager
def running(
    image: Image,
    words: Sequence[str],
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, Path] | None = None,
    entry: Sequence[str] | None = None,
) -> Iterator[Container]:
    """A container of the image with these arguments. `files`: paths in it below /run, and what is seen there."""
    bundle = Path(tempfile.mkdtemp(prefix="scizor-container-"))
    arguments = [*(image.entry if entry is None else entry), *words]
    variables = {**image.environment, **(environment or {})}
    (bundle / "config.json").write_text(json.dumps(_specification(image, arguments, variables, files or {})))
    container = Container(f"scizor-{uuid.uuid4().hex[:12]}", bundle)
    try:
        yield container
    finally:
        container.discard()
        shutil.rmtree(bundle)


def _specification(
    image: Image, arguments: Sequence[str], environment: Mapping[str, str], files: Mapping[str, Path]
) -> dict[str, Any]:
    """What the Open Container Initiative's runtimes read."""
    uid, _, gid = image.user.partition(":")
    own = (*_WRITABLE, f"uid={uid}", f"gid={gid}", "mode=755")
    return {
        "ociVersion": "1.0.0",
        "hostname": "scizor",
        "root": {"path": str(image.root), "readonly": True},
        "process": {
            "user": {"uid": int(uid), "gid": int(gid)},
            "args": list(arguments),
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": image.folder,
            "capabilities": {kind: [] for kind in _CAPABILITIES},
            "noNewPrivileges": True,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            _in_memory("/dev", "nosuid", "mode=755", "size=1m"),
            _in_memory("/dev/shm", "nosuid", "nodev", "noexec", "mode=1777"),  # noqa: S108 - the container's, not ours
            _in_memory("/run", "nosuid", "nodev", "mode=755", "size=1m"),
            _in_memory("/tmp", *_WRITABLE, "mode=1777"),  # noqa: S108 - the container's, not ours
            _in_memory("/var/lib/scizor", *own),
            *(
                {"destination": to, "type": "bind", "source": str(seen), "options": ["bind"]}
                for to, seen in files.items()
            ),
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
            "maskedPaths": ["/proc/kcore", "/proc/keys"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def _in_memory(place: str, *options: str) -> dict[str, Any]:
    return {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": options}


def _buildah(*arguments: str) -> str:
    command = ["buildah", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=True).stdout.strip()


def _crun(*arguments: str) -> None:
    """What is asked of a container that has ended by itself need not succeed."""
    command = ["crun", "--root", _STATES, *arguments]
    subprocess.run(command, capture_output=True, timeout=_DEADLINE_S, check=False)
