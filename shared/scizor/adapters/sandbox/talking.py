"""The child's side of a conversation: questions through its standard input, answers through the pipe of a run's."""

from __future__ import annotations

import io
import os
import sys

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.answers import from_bytes
from scizor.adapters.sandbox.bell import Bell
from scizor.adapters.sandbox.saying import Head, Voice
from scizor.ports.sandbox import Answer, Opening, Question


def talk(opening: Opening, question: Question, voice: Voice, bell: Bell, printing: Head) -> None:
    """Answer until nobody asks any more. Raises what the program raises, OSError where a question is cut off."""
    sys.stdin = io.StringIO()  # what the code reads there must not be a question
    respond = opening(question)
    bell.rest()
    voice.answer(Answer({}))
    while (asked := _next()) is not None:
        printing.renew()
        bell.within(asked.document["deadline_s"])
        answer = respond(Question(asked.document["document"], asked.arrays))
        bell.rest()
        voice.answer(answer)


def _next() -> Answer | None:
    """The next question as it was written down; None at the end."""
    head = os.read(wire.QUESTIONS_FD, wire.HEAD.size)
    if not head:
        return None
    kind, length = wire.HEAD.unpack(head + _read(wire.HEAD.size - len(head)))
    if kind != wire.QUESTION:
        raise OSError("what comes is no question")
    return from_bytes(_read(length))


def _read(length: int) -> bytearray:
    content = bytearray(length)
    left = memoryview(content)
    while left:
        taken = os.readv(wire.QUESTIONS_FD, [left])
        if not taken:
            raise OSError("a question was cut off")
        left = left[taken:]
    return content
