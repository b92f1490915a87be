"""A document and its arrays through a pipe."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from scizor.codec.frames import Frame, read_frame, write_frame

ARRAYS = {
    "days": np.array([1, 2, 3], np.int32),
    "matrix": np.array([[0.1, np.nan], [np.inf, -0.0]]),
    "none": np.empty(0),
    "flags": np.array([True, False]),
    "every other": np.arange(10)[::2],
}


def test_frames_come_out_one_by_one_as_they_went_in() -> None:
    pipe = BytesIO()
    write_frame(pipe, Frame({"name": "é\n", "n": 1}, ARRAYS))
    write_frame(pipe, Frame({"second": [1, None]}))
    pipe.seek(0)
    first, second = read_frame(pipe), read_frame(pipe)
    assert first.document == {"name": "é\n", "n": 1}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(first.arrays[name], array, strict=True)
    assert (second.document, dict(second.arrays)) == ({"second": [1, None]}, {})


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_frame_that_is_not_whole_is_an_end(cut: int) -> None:
    pipe = BytesIO()
    write_frame(pipe, Frame({"name": "x"}, ARRAYS))
    with pytest.raises(EOFError):
        read_frame(BytesIO(pipe.getvalue()[:cut]))
