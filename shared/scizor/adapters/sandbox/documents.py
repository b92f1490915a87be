"""Documents as JSON, written by our program and read by one who believes nothing of them.

A document may fill two megabytes, and whoever reads it serves others at the same time: so the steps that no other
thread can interrupt are short ones, whatever the text is made of.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from scizor.adapters.sandbox.words import clean
from scizor.ports.sandbox import Document

MAX_VALUES: Final = 1 << 16
"""Of a document: its commas and opening brackets are counted, those in its texts too."""
MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 20  # of 64 bits, and a sign: to read a number takes the square of its length
_NO_TEXT: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Broken(Exception):
    """An answer that cannot be one; the message says how."""


def json_bytes(document: Document) -> bytes:
    """An object as text. Raises TypeError for what JSON cannot hold, ValueError for strings that are no text."""
    text = json.dumps(dict(document), ensure_ascii=False).encode()
    if _NO_TEXT.search(text):
        raise ValueError("strings with NUL are no text")
    if values_in(text) > MAX_VALUES:
        raise ValueError(f"a document of more than {MAX_VALUES:,} values; arrays may be longer")
    return text


def json_object(text: bytes | bytearray, most_values: int = MAX_VALUES) -> dict[str, Any]:
    """An object of a text of any origin, its strings cleaned.

    Raises Broken, also for strings that are no text: nobody could store them.
    """
    if values_in(text) > most_values:
        raise Broken(f"more than {most_values:,} values")
    try:
        read = json.loads(text.decode(), parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise Broken(f"no JSON: {type(error).__name__}") from error
    if not isinstance(read, dict):
        raise Broken("no object")
    return {_text(name): _believed(value, MAX_DEPTH - 1) for name, value in read.items()}


def values_in(text: bytes | bytearray) -> int:
    """At least as many as the values in a text of JSON."""
    return sum(map(text.count, (b",", b"[", b"{")))


def _believed(value: Any, deeper: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict | list):
        return value
    if not deeper:
        raise Broken(f"more than {MAX_DEPTH} levels")
    if isinstance(value, list):
        return [_believed(one, deeper - 1) for one in value]
    return {_text(name): _believed(one, deeper - 1) for name, one in value.items()}


def _text(told: str) -> str:
    try:
        told.encode()
    except UnicodeEncodeError:
        raise Broken("strings with half characters") from None
    if "\0" in told:
        raise Broken("strings with NUL")
    return clean(told)


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of more than {_MAX_DIGITS} digits")
    return int(digits)
