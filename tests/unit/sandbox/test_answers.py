"""Answers as bytes, and bytes that are no answers."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.adapters.sandbox.answers import MAX_HEADER_BYTES, from_bytes, to_bytes
from scizor.adapters.sandbox.documents import MAX_DEPTH, MAX_VALUES, Broken

ARRAYS = {
    "prices": np.array([[1.5, np.nan], [np.inf, -0.0]]),
    "days": np.arange(3, dtype=np.int32),
    "flags": np.array([True, False]),
    "small": np.arange(5, dtype=np.uint8),
    "none": np.empty((0, 3)),
    "scalar": np.array(2.5, np.float32),
    "every other": np.arange(9.0)[::2],
}


def whole(document: dict[str, Any], arrays: dict[str, Any]) -> bytearray:
    return bytearray(b"".join(to_bytes(document, arrays)))


def made(header: object, content: bytes = b"") -> bytearray:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return bytearray(struct.pack("<Q", len(text)) + text + content)


def one_array(kind: object, shape: object, content: bytes = b"") -> bytearray:
    return made({"document": {}, "arrays": [["x", kind, shape]]}, content)


def test_an_answer_comes_back_as_it_was() -> None:
    document = {"text": "größer\n\N{SNOWMAN}\N{GRINNING FACE}", "list": [1, None, 2.5, {"a": True}]}
    answer = from_bytes(whole(document, ARRAYS))
    assert answer.document == document
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(answer.arrays[name], array, strict=True)
        assert answer.arrays[name].flags.aligned
        assert answer.arrays[name].flags.writeable


BROKEN = {
    "nothing": bytearray(),
    "a header longer than all": bytearray(struct.pack("<Q", 64)),
    "a header longer than may be": bytearray(struct.pack("<Q", MAX_HEADER_BYTES + 8)) + bytes(MAX_HEADER_BYTES + 8),
    "no JSON": made(b"{"),
    "no text": made(b"\xff"),
    "UTF-16": made('{"document": {}, "arrays": []}'.encode("utf-16")),
    "a NUL": made(b'{"document": {"a": "\\u0000"}, "arrays": []}'),
    "half a character": made(b'{"document": {"a": "\\uDBff"}, "arrays": []}'),
    "JSON without bottom": made(b"[" * 100_000),
    "objects without bottom": made(b'{"a":' * 100_000),
    "a number without end": made(b"1" * 100_000),
    "a long number": made({"document": {"a": 10**20}, "arrays": []}),
    "more values than may be": made({"document": {"a": [0] * MAX_VALUES}, "arrays": []}),
    "more lists than may be": made(b'{"document": {"a": [' + b"[]," * MAX_VALUES + b"0]}}"),
    "more levels than may be": made(b'{"document": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b', "arrays": []}'),
    "no object": made([]),
    "no document": made({"arrays": []}),
    "no arrays": made({"document": {}}),
    "a document that is none": made({"document": 1, "arrays": []}),
    "arrays that are none": made({"document": {}, "arrays": {"x": 1}}),
    "too many arrays": made({"document": {}, "arrays": [["x", "f8", [0]]] * 2000}),
    "an array that is not described": made({"document": {}, "arrays": [7]}),
    "an array described too well": made({"document": {}, "arrays": [["x", "f8", [0], 0]]}),
    "no name": made({"document": {}, "arrays": [[None, "f8", [0]]]}),
    "a name without end": made({"document": {}, "arrays": [["x" * 10_000, "f8", [0]]]}),
    "a name twice": made({"document": {}, "arrays": [["x", "f8", [0]], ["x", "f8", [0]]]}),
    "objects": one_array("O", [1], bytes(8)),
    "records": one_array("i4,O", [1], bytes(16)),
    "text": one_array("U2", [1], b"\xff" * 8),
    "the other byte order": one_array(">f8", [1], bytes(8)),
    "a longer float": one_array("f16", [1], bytes(16)),
    "days": one_array("M8[D]", [1], bytes(8)),
    "a kind that is a list": one_array(["f8"], [1], bytes(8)),
    "a negative shape": one_array("f8", [-1], bytes(8)),
    "two negatives": one_array("f8", [-1, -1], bytes(8)),
    "truth for a shape": one_array("f8", [True], bytes(8)),
    "half a shape": one_array("f8", [0.5], bytes(8)),
    "NaN for a shape": one_array("f8", [float("nan")], bytes(8)),
    "a number for a shape": one_array("f8", 1, bytes(8)),
    "a huge shape": one_array("f8", [1 << 50], bytes(8)),
    "a shape that wraps round": one_array("f8", [1 << 32, 1 << 32], bytes(8)),
    "huge and empty": one_array("f8", [1 << 61, 1 << 61, 0]),
    "beyond 64 bits": one_array("f8", [1 << 70, 0]),
    "too many dimensions": one_array("f8", [1] * 40, bytes(8)),
    "not all there": one_array("f8", [2], bytes(8)),
    "more than there should be": one_array("f8", [1], bytes(16)),
    "truth values that are neither": one_array("b1", [8], b"\x02" * 8),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_answer_is_told_and_harms_nobody(content: bytearray) -> None:
    with pytest.raises(Broken):
        from_bytes(content)


@given(st.data())
def test_bytes_changed_at_random_are_an_answer_or_broken(data: st.DataObject) -> None:
    content = whole({"a": [1, {"b": "c"}]}, {"x": np.arange(4.0), "y": np.array([True, False])})
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    try:
        answer = from_bytes(content)
    except Broken:
        return
    assert sum(array.nbytes for array in answer.arrays.values()) <= len(content)


@pytest.mark.parametrize(
    "array",
    [np.array([print], object), np.array(["a"]), np.zeros(1, "i4,f8"), np.zeros(1, ">f8"), np.zeros(1, np.complex128)],
    ids=["objects", "text", "records", "the other byte order", "complex"],
)
def test_only_plain_numbers_are_sent(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(TypeError, match="plain numbers"):
        to_bytes({}, {"x": array})


def test_a_document_that_could_not_be_read_is_not_sent() -> None:
    with pytest.raises(ValueError, match="a document of"):
        to_bytes({"x": "x" * MAX_HEADER_BYTES}, {})
    with pytest.raises(ValueError, match="a document of more than 65,536 values"):
        to_bytes({"x": [0] * MAX_VALUES}, {})
    with pytest.raises(ValueError, match="surrogates"):
        to_bytes({"x": "\ud800"}, {})
    with pytest.raises(ValueError, match="NUL"):
        to_bytes({"x": "a\0"}, {})
    with pytest.raises(TypeError):
        to_bytes({"x": object()}, {})


def test_texts_of_an_answer_come_without_what_terminals_obey() -> None:
    told = {"a\x1b[2J": ["b\x9bc\td\ne", {"f": "\x7f\u202e"}], "g": "\r", "h": "\N{GRINNING FACE}"}
    escaped = from_bytes(made({"document": told, "arrays": []}))
    plain = from_bytes(whole(told, {}))
    assert escaped.document == plain.document
    assert plain.document == {
        "a\ufffd[2J": ["b\ufffdc\td\ne", {"f": "\ufffd\ufffd"}],
        "g": "\ufffd",
        "h": "\N{GRINNING FACE}",
    }


def test_numbers_of_64_bits_are_no_long_ones() -> None:
    document = {"least": -(2**63), "most": 2**64 - 1, "real": -1.7976931348623157e308}
    assert from_bytes(whole(document, {})).document == document


def test_as_much_as_may_be_said_comes_through() -> None:
    deep: Any = 0
    for _ in range(MAX_DEPTH - 2):
        deep = [deep]
    document = {"deep": deep, "many": [0] * (MAX_VALUES - MAX_DEPTH - 5)}
    assert from_bytes(whole(document, {})).document == document


def test_backslashes_are_text_like_any_other() -> None:
    document = {"a": "\\", "b": "\\u0000", "c": "\\\\ud800", "d": "\\" * 9}
    assert from_bytes(whole(document, {})).document == document
