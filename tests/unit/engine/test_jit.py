from __future__ import annotations

from pathlib import Path

from scizor.engine import kernels
from scizor.engine._jit import _source_digest


def test_a_change_in_any_source_file_retires_every_cached_kernel(tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text("a")
    (tmp_path / "callee.py").write_text("b")
    before = _source_digest(tmp_path)
    (tmp_path / "callee.py").write_text("c")
    assert _source_digest(tmp_path) != before


def test_the_cache_name_of_a_kernel_carries_the_digest_of_its_package() -> None:
    folder = Path(kernels.__file__).parent
    assert kernels.run_nb.__qualname__ == f"run_nb_{_source_digest(folder)}"


def test_kernels_run_without_the_gil() -> None:
    assert vars(kernels.run_nb)["targetoptions"]["nogil"] is True
