"""Answers that an attacker writes by itself, past our program."""

from __future__ import annotations

from textwrap import dedent

from tests.integration.sandbox.attacks import Attack

_TOOLS = """
    import json, os, struct

    def write(content):
        left = memoryview(content)
        while left:
            left = left[os.write(3, left):]

    def record(kind, content):
        write(struct.pack("<cQ", kind, len(content)) + content)

    def answer(header, content=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        record(b"A", struct.pack("<Q", len(text)) + text + content)

    def array(name, kind, shape, content=b""):
        answer({"document": {}, "arrays": [[name, kind, shape]]}, content)

"""
_BROKEN = "^broke its answer: "


def _forged(name: str, source: str, told: str) -> Attack:
    return Attack(name, dedent(_TOOLS) + dedent(source).strip() + "\nos._exit(0)", told)


FORGERIES = [
    _forged("no record", "write(b'hello, hello, hello')", _BROKEN + "what no answer begins with"),
    _forged("an answer without end", "write(struct.pack('<cQ', b'A', 1 << 62))", _BROKEN + ".* bytes: at most"),
    _forged("JSON without bottom", "answer(b'[' * 60_000)", _BROKEN + "no JSON: RecursionError"),
    _forged("two megabytes of lists", "answer(b'[' + b'[],' * 690_000 + b'0]')", _BROKEN + "more than 65,536 values"),
    _forged("objects", "array('x', 'O', [1], bytes(8))", _BROKEN + ".*no plain numbers"),
    _forged("a shape that wraps round", "array('x', 'f8', [1 << 32, 1 << 32], bytes(8))", _BROKEN + ".*not all there"),
    _forged("messages without number", "while True: record(b'M', b'{}')", _BROKEN + "too many messages"),
    _forged("a flood of output", "while True: os.write(1, bytes(65536))", "^floods its output"),
    _forged("a closed pipe", "os.close(3)", "ended its process with 0"),
]
MORE_FORGERIES = [
    _forged("a record cut off", "write(b'A' + bytes(3))", "ended its process with 0"),
    _forged("an answer cut off", "write(struct.pack('<cQ', b'A', 99) + bytes(3))", "ended its process with 0"),
    _forged("a message without end", "write(struct.pack('<cQ', b'M', 1 << 62))", _BROKEN + ".* bytes: at most"),
    _forged("our fault", "record(b'F', b'try again')", _BROKEN),
    _forged("locks closed again", "record(b'R', b'')", _BROKEN),
    _forged("two answers", "array('x', 'f8', [0])\nrecord(b'A', b'')", _BROKEN),
    _forged("nothing", "record(b'A', b'')", _BROKEN + "no header"),
    _forged("a header longer than all", "record(b'A', struct.pack('<Q', 1 << 40))", _BROKEN + "a header of"),
    _forged("no JSON", "answer(b'{')", _BROKEN + "no JSON"),
    _forged("no text", "answer(b'\\xff\\xfe{}')", _BROKEN + "no JSON"),
    _forged("numbers without end", "answer(b'1' * 1_000_000)", _BROKEN + "no JSON"),
    _forged("half a character", 'answer(b\'{"document": {"a": "\\\\ud800"}, "arrays": []}\')', _BROKEN + "strings"),
    _forged("no object", "answer([1])", _BROKEN + "no object"),
    _forged("no document", "answer({'arrays': []})", _BROKEN + "a header without"),
    _forged("arrays that are none", "answer({'document': {}, 'arrays': {'x': 1}})", _BROKEN + "a header without"),
    _forged("too many arrays", "answer({'document': {}, 'arrays': [['x', 'f8', [0]]] * 5000})", _BROKEN),
    _forged("a record", "array('x', 'i4,O', [1], bytes(16))", _BROKEN + ".*no plain numbers"),
    _forged("text", "array('x', 'U4', [1], b'\\xff' * 16)", _BROKEN + ".*no plain numbers"),
    _forged("a kind that is no text", "array('x', ['f8'], [1], bytes(8))", _BROKEN + ".*no plain numbers"),
    _forged("a name that is no text", "array(None, 'f8', [1], bytes(8))", _BROKEN + "an array without a name"),
    _forged("a negative shape", "array('x', 'f8', [-1], bytes(8))", _BROKEN + ".*no shape"),
    _forged("two negatives", "array('x', 'f8', [-1, -1], bytes(8))", _BROKEN + ".*no shape"),
    _forged("a shape of truth", "array('x', 'f8', [True], bytes(8))", _BROKEN + ".*no shape"),
    _forged("half a shape", "array('x', 'f8', [0.5], bytes(8))", _BROKEN + ".*no shape"),
    _forged("not a number", "array('x', 'f8', [float('nan')], bytes(8))", _BROKEN + ".*no shape"),
    _forged("a huge shape", "array('x', 'f8', [1 << 40], bytes(8))", _BROKEN + ".*not all there"),
    _forged("huge and empty", "array('x', 'f8', [1 << 61, 1 << 61, 0])", _BROKEN + "an array of shape"),
    _forged("too many dimensions", "array('x', 'f8', [1] * 65, bytes(8))", _BROKEN + ".*no shape"),
    _forged("truth values that are neither", "array('x', 'b1', [8], bytes(7) + b'\\x07')", _BROKEN + "truth values"),
    _forged("more than was described", "array('x', 'f8', [1], bytes(80))", _BROKEN + "bytes that belong"),
    _forged("an error that is none", "record(b'E', b'[]')", _BROKEN + "no object"),
    _forged("an error without words", "record(b'E', b'{}')", "^failed without a word"),
    _forged(
        "an error of odd parts", 'record(b\'E\', b\'{"message": 1, "metadata": [1], "violations": [[1]]}\')', "^fail"
    ),
    _forged("a message that is none", "record(b'M', b'1')", _BROKEN + "no object"),
    _forged("a flood of errors", "while True: os.write(2, bytes(65536))", "^floods its output"),
]

OUR_FAULT = _forged(
    "an error that asks for another try",
    'record(b\'E\', b\'{"strategy": false, "reason": "STORAGE_UNAVAILABLE", "message": "again"}\')',
    "^again$",
)

ANSWERS = [
    Attack(
        "an object for a document",
        """
        from scizor.ports.sandbox import Answer
        class Gadget:
            def __reduce__(self): return print, ("owned",)
        answer = Answer({"x": Gadget()})
        """,
        "TypeError: Object of type Gadget is not JSON serializable",
    ),
    Attack(
        "an array of objects",
        """
        import numpy
        from scizor.ports.sandbox import Answer
        answer = Answer({}, {"x": numpy.array([print], object)})
        """,
        "TypeError: arrays hold plain numbers, not object",
    ),
    Attack("no answer", "answer = 42", "AttributeError"),
    Attack("too long a message", "say({'x': 'x' * 100_000})", r"attack\.py:1: ValueError: a message of"),
    Attack(
        "too long a document",
        "from scizor.ports.sandbox import Answer\nanswer = Answer({'x': 'x' * (9 << 20)})",
        "ValueError: a document of",
    ),
]
