"""Our own program of a conversation in these tests: strangers' code answers, and remembers."""

from __future__ import annotations

from typing import Any

from scizor.ports.sandbox import Answer, Question, Responder


def opened(question: Question) -> Responder:
    """Run `source` as a file called attack.py; its `answer(document, arrays)` gives what is told as `loot`."""
    names: dict[str, Any] = {"question": question}
    exec(compile(str(question.document["source"]), "attack.py", "exec", dont_inherit=True), names)  # noqa: S102 - as a loader does

    def respond(asked: Question) -> Answer:
        found = names["answer"](asked.document, asked.arrays)
        return found if isinstance(found, Answer) else Answer({"loot": found})

    return respond
