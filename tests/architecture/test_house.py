"""The house's own rules: what a stranger may rely on when reading it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ("shared", "services", "clients", "protos/gen")
LONGEST_FILE = 350
MIDDLE_FILE = 130


def own_python() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    ).stdout.split()
    return [ROOT / name for name in names if not name.startswith("protos/gen/")]


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_the_namespace_has_no_init_file_of_its_own(root: str) -> None:
    assert not (ROOT / root / "scizor" / "__init__.py").exists()


def test_every_package_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in own_python()
        if path.name == "__init__.py" and not path.read_text().lstrip().startswith('"""')
    ]
    assert silent == []


def test_files_stay_short_enough_to_hold_in_the_head() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in own_python()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
    assert median(lengths.values()) <= MIDDLE_FILE


def test_the_lock_pins_by_hash_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"index-url|find-links|https?://", lock)
    pins = re.findall(r"^[a-z0-9][\w.\[\]-]*==", lock, re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 50
    assert lock.count("--hash=sha256:") >= len(pins)


def test_the_readme_names_the_two_commands_first() -> None:
    readme = (ROOT / "README.md").read_text()
    assert 0 < readme.index("make demo") < readme.index("make test") < readme.index("## grpcurl")
