"""The kernels of an image, found a place where numba takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scizor.services.container.kernels import flags_of, seated

HASWELL = frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt", "sse4_2"})


@pytest.fixture
def image(tmp_path: Path) -> dict[str, str]:
    """The environment of an image with one kernel."""
    kernels = tmp_path / "image" / "engine_0123"
    kernels.mkdir(parents=True)
    (kernels / "fills.at_price_nb.nbi").write_bytes(b"index")
    return {
        "NUMBA_CACHE_DIR": str(kernels.parent),
        "NUMBA_CPU_NAME": "x86-64-v3",
        "NUMBA_CPU_FEATURES": "",
        "LANG": "C",
    }


def test_they_are_copied_to_where_the_container_may_write(image: dict[str, str], tmp_path: Path) -> None:
    environment = seated(image, HASWELL, tmp_path)
    place = Path(environment["NUMBA_CACHE_DIR"])
    assert place.parent == tmp_path
    assert (place / "engine_0123" / "fills.at_price_nb.nbi").read_bytes() == b"index"
    assert environment == image | {"NUMBA_CACHE_DIR": str(place)}


def test_a_container_started_anew_goes_on_with_what_it_left(image: dict[str, str], tmp_path: Path) -> None:
    place = Path(seated(image, HASWELL, tmp_path)["NUMBA_CACHE_DIR"])
    (place / "compiled later").touch()
    assert seated(image, HASWELL, tmp_path)["NUMBA_CACHE_DIR"] == str(place)
    assert (place / "compiled later").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name != "image"] == [place.name]


def test_an_older_processor_compiles_for_itself(image: dict[str, str], tmp_path: Path) -> None:
    assert seated(image, HASWELL - {"avx2"}, tmp_path) == {"LANG": "C"}


def test_kernels_for_any_processor_ask_for_none(image: dict[str, str], tmp_path: Path) -> None:
    assert Path(seated(image | {"NUMBA_CPU_NAME": "generic"}, frozenset(), tmp_path)["NUMBA_CACHE_DIR"]).is_dir()


def test_without_kernels_nothing_is_done(tmp_path: Path) -> None:
    for environment in ({}, {"NUMBA_CACHE_DIR": str(tmp_path / "none")}):
        assert seated(environment, HASWELL, tmp_path) == environment
    assert list(tmp_path.iterdir()) == []


def test_no_room_leaves_nothing_half_done(image: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        seated(image, HASWELL, tmp_path / "nowhere")


def test_what_a_processor_can_do_is_read_from_its_first_core() -> None:
    told = "processor\t: 0\nflags\t\t: fpu avx2 fma\n\nprocessor\t: 1\nflags\t\t: fpu\n"
    assert flags_of(told) == {"fpu", "avx2", "fma"}
    assert flags_of("Features : fp asimd\n") == frozenset()
