"""Questions in memory that host and child share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from scizor.adapters.sandbox.locks.libraries import readable_paths
from scizor.adapters.sandbox.questions import pack, unpack
from tests.unit.sandbox.test_answers import ARRAYS


def test_a_question_comes_out_as_it_went_in() -> None:
    packed = pack({"text": "größer", "n": 1}, ARRAYS)
    try:
        question = unpack(packed)
    finally:
        os.close(packed.fd)
    assert question.document == {"text": "größer", "n": 1}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(question.arrays[name], array, strict=True)
        assert question.arrays[name].flags.aligned


def test_what_a_reader_writes_to_it_nobody_else_sees() -> None:
    packed = pack({}, {"x": np.zeros(4)})
    try:
        unpack(packed).arrays["x"][:] = 1.0
        assert not unpack(packed).arrays["x"].any()
        with pytest.raises(PermissionError):
            os.pwrite(packed.fd, b"x", 0)
    finally:
        os.close(packed.fd)


def test_only_plain_numbers_are_asked_about() -> None:
    with pytest.raises(TypeError, match="plain numbers"):
        pack({}, {"x": np.array(["text"])})


def test_libraries_are_readable_and_no_folder_is_named_twice(tmp_path: Path) -> None:
    found = readable_paths([tmp_path])
    assert any(Path(os.__file__).is_relative_to(path) for path in found)
    assert tmp_path in found
    assert not [path for path in found if set(path.parents) & set(found)]
    assert not {Path("/"), Path("/etc"), Path("/proc"), Path("/tmp"), Path("/home")} & set(found)
