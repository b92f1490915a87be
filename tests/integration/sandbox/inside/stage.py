"""Our own program in these tests: it is behind the locks when it loads an attacker's code."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

from scizor.adapters.sandbox.locks import numbers
from scizor.domain.errors import InvalidInput
from scizor.ports.sandbox import Answer, OnMessage, Question


def play(question: Question, say: OnMessage) -> Answer:
    """Run the question's `source` as a file called attack.py; `answer` and `loot` are what it leaves."""
    names: dict[str, Any] = {"question": question, "say": say, "loot": None}
    exec(compile(str(question.document["source"]), "attack.py", "exec", dont_inherit=True), names)  # noqa: S102 - as a loader does
    answer: Answer = names.get("answer") or Answer({"loot": names["loot"]})
    return answer


def refuse(question: Question, say: OnMessage) -> Answer:
    """A question that is none."""
    raise InvalidInput.of_field("symbols", f"none of {len(question.document)} is known")


def sums(question: Question, say: OnMessage) -> Answer:
    """Something to compute."""
    for name in question.arrays:
        say({"at": name})
    return Answer({"sums": {name: float(array.sum()) for name, array in question.arrays.items()}}, question.arrays)


def twice() -> None:
    """What a warden may call before there are runs."""


def threads() -> None:
    """Something that a warden must not be made to preload."""
    Thread(target=Event().wait, daemon=True).start()


def weaken() -> None:
    """Make this process one of a machine whose system calls nobody knows the numbers of."""
    numbers._COLUMNS.clear()
