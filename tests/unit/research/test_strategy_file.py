"""A strategy that imports what lies beside its file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from scizor.services.research.strategy_file import load_file
from scizor.strategy.errors import StrategyError
from scizor.strategy.loader import load

SOURCE = """
import beside_it
from scizor.strategy import EventStrategy

class Mine(EventStrategy):
    def on_bar(self, ctx):
        ctx.target(ctx.symbols[0], beside_it.WEIGHT)
"""
ALONE = SOURCE.replace("import beside_it", "import json").replace("beside_it.WEIGHT", "1.0")


@pytest.fixture(autouse=True)
def imported_afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.modules.pop("beside_it", None)


def version_with(folder: Path, helper: str) -> str:
    sys.modules.pop("beside_it", None)
    invalidate_caches()
    (folder / "beside_it.py").write_text(helper)
    return load_file(str(folder / "mine.py"), SOURCE).version


def test_a_module_beside_it_is_found_and_tells_versions_apart(tmp_path: Path) -> None:
    half = version_with(tmp_path, "WEIGHT = 0.5")
    assert half == version_with(tmp_path, "WEIGHT = 0.5")
    assert half != version_with(tmp_path, "WEIGHT = 0.25  # less")


def test_without_one_the_version_is_the_texts_alone(tmp_path: Path) -> None:
    file = str(tmp_path / "mine.py")
    assert load_file(file, ALONE).version == load(ALONE, file).version


def test_a_module_that_is_not_there_is_an_error_of_the_line(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=r"mine\.py:2: ModuleNotFoundError: No module named 'beside_it'"):
        load_file(str(tmp_path / "mine.py"), SOURCE)
