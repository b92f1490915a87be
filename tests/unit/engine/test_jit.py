from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scizor.engine import _jit
from scizor.engine.costs import budget
from scizor.engine.portfolio import loop


def test_a_change_in_any_file_a_kernel_reaches_retires_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "scizor" / "part"
    package.mkdir(parents=True)
    (package / "caller.py").write_text("from scizor.part.middle import middle\n")
    (package / "middle.py").write_text("from scizor.part.callee import callee\n")
    (package / "callee.py").write_text("callee = 1\n")
    (package / "apart.py").write_text("apart = 1\n")
    monkeypatch.setattr(_jit, "_ROOT", tmp_path)

    def digest() -> str:
        _jit._imports.cache_clear()
        _jit._source.cache_clear()
        return _jit.source_digest(package / "caller.py")

    before = digest()
    (package / "apart.py").write_text("apart = 2\n")
    assert digest() == before
    (package / "callee.py").write_text("callee = 2\n")
    assert digest() != before


def test_the_cache_name_of_a_kernel_carries_the_digest_of_what_its_file_reaches() -> None:
    source = Path(str(sys.modules[budget.__name__].__file__))
    assert budget.needed_nb.__qualname__ == f"needed_nb_{_jit.source_digest(source)}"


def test_kernels_run_without_the_gil() -> None:
    assert vars(loop.run_nb)["targetoptions"]["nogil"] is True
