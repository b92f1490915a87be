"""What a run's end is called, and by whose fault."""

from __future__ import annotations

import re
import signal

import numpy as np
import pytest

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.answers import to_bytes
from scizor.adapters.sandbox.documents import Broken, json_bytes
from scizor.adapters.sandbox.gaps import FILE_RULES, FILE_VIEW, LIMITS, NETWORK, OWN_USER, SYSTEM_CALLS, gaps_of
from scizor.adapters.sandbox.reading import Flood, Printed, Records
from scizor.adapters.sandbox.verdicts import End, verdict
from scizor.adapters.sandbox.words import clean
from scizor.domain.errors import InvalidInput, Reason, Unavailable
from scizor.ports.sandbox import Answer, Limits
from scizor.strategy.errors import StrategyError

LIMITED = Limits(cpu_s=2.0, wall_s=3.0)
ENDED = End(0, 0.1, "")
ANSWER = b"".join(to_bytes({"a": 1}, {"x": np.arange(3)}))


def judged(
    end: End, *told: tuple[bytes, bytes], printed: bytes = b"", trouble: Exception | None = None, ready: bool = True
) -> Answer:
    records, output = Records(1 << 20, None, lambda _: None), Printed(lambda _: None)
    for kind, content in ([(wire.READY, b"")] if ready else []) + list(told):
        records.data_received(wire.HEAD.pack(kind, len(content)) + content)
    output.data_received(printed)
    return verdict(end, records, output, trouble, LIMITED)


def error_of(**told: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        judged(ENDED, (wire.ERROR, json_bytes(told)))
    return caught.value


async def test_an_answer_is_an_answer_with_what_was_printed() -> None:
    answer = judged(ENDED, (wire.ANSWER, ANSWER), printed=b"hello\x1b[2J\xff\n")
    assert answer.document == {"a": 1}
    assert answer.arrays["x"].tolist() == [0, 1, 2]
    assert answer.printed == "hello\ufffd[2J\ufffd\n"


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (End(-signal.SIGKILL, 0.1, "clock"), "no end within 3 s"),
        (End(-signal.SIGXCPU, 2.0, ""), "used up its 2 s of the processor's time"),
        (End(-signal.SIGKILL, 2.9, ""), "used up its 2 s of the processor's time"),
        (End(-signal.SIGKILL, 0.1, ""), "was killed: by itself, or by a system that ran out of memory"),
        (End(-signal.SIGSEGV, 0.1, ""), "crashed: SIGSEGV"),
        (End(-40, 0.1, ""), "crashed: signal 40"),
        (End(3, 0.1, ""), "ended its process with 3 in place of an answer"),
        (End(0, 0.1, ""), "ended its process with 0 in place of an answer"),
    ],
)
async def test_an_end_without_an_answer_is_the_strategy_s_fault(end: End, told: str) -> None:
    with pytest.raises(StrategyError, match=f"^{re.escape(told)}$") as caught:
        judged(end, printed=b"so far")
    assert caught.value.reason is Reason.STRATEGY_FAILED
    assert caught.value.metadata["printed"] == "so far"


async def test_an_answer_of_a_process_that_failed_counts_for_nothing() -> None:
    with pytest.raises(StrategyError, match="crashed"):
        judged(End(-signal.SIGSEGV, 0.1, ""), (wire.ANSWER, ANSWER))


async def test_a_run_that_never_began_is_our_fault() -> None:
    with pytest.raises(Unavailable, match="landlock: no"):
        judged(End(1, 0.0, ""), (wire.FAULT, b"OSError: landlock: no"), ready=False)
    with pytest.raises(Unavailable, match="fork: no memory"):
        judged(End(1, 0.0, "", "fork: no memory"), ready=False)
    with pytest.raises(Unavailable, match="its process ended with 1"):
        judged(End(1, 0.0, ""), ready=False)


async def test_trouble_comes_before_everything_else() -> None:
    with pytest.raises(StrategyError, match=r"^broke its answer: how$"):
        judged(ENDED, (wire.ANSWER, ANSWER), trouble=Broken("how"))
    with pytest.raises(StrategyError, match=r"^floods$"):
        judged(ENDED, (wire.ANSWER, ANSWER), trouble=Flood("floods"))
    with pytest.raises(KeyError):
        judged(ENDED, (wire.ANSWER, ANSWER), trouble=KeyError("the listener's own"))


async def test_an_error_keeps_what_is_known_of_it() -> None:
    found = error_of(
        strategy=True,
        reason="STRATEGY_FAILED",
        message="my.py:4: no",
        metadata={"file": "my.py", "line": "4"},
        violations=[["quantity", "must be whole"]],
    )
    assert isinstance(found, StrategyError)
    assert (found.message, found.file, found.line) == ("my.py:4: no", "my.py", 4)
    assert found.violations[0].field == "quantity"


async def test_a_refused_question_is_no_strategy_s_fault() -> None:
    found = error_of(strategy=False, reason="DATE_RANGE_INVALID", message="end: before start")
    assert (type(found), found.reason) == (InvalidInput, Reason.DATE_RANGE_INVALID)


@pytest.mark.parametrize("reason", ["STORAGE_UNAVAILABLE", "INTERNAL", "SHUTTING_DOWN", "nonsense", 7, None])
async def test_no_child_says_that_it_is_our_fault(reason: object) -> None:
    found = error_of(strategy=False, reason=reason, message="try again")
    assert (type(found), found.reason) == (InvalidInput, Reason.STRATEGY_FAILED)


async def test_forged_parts_of_an_error_are_left_out_or_cut() -> None:
    metadata = {"line": "four", "odd": 7, "file": "x" * 9000, "\x1b": "\x07"}
    found = error_of(strategy=True, message="m\x01" * 5000, metadata=metadata, violations=[1, [2], ["a", 3]])
    assert isinstance(found, StrategyError)
    assert found.line == 0
    assert len(found.message) <= 2000
    assert "\x01" not in found.message
    assert found.metadata.keys() == {"odd", "file"}
    assert [(one.field, one.description) for one in found.violations] == [("a", "")]


async def test_all_that_is_forged_about_an_error_fits_in_its_trailers() -> None:
    smiles = "\N{GRINNING FACE}" * 100
    metadata = {f"{letter}{'x' * 31}": smiles for letter in "abcdefghijklmnop"} | {"x" * 900: "too long a name"}
    found = error_of(strategy=False, message="m", metadata=metadata, violations=[[smiles, smiles]] * 40)
    about = [*found.metadata, *found.metadata.values()]
    about += [text for one in found.violations for text in (one.field, one.description)]
    assert {len(text.encode()) for text in about} == {32, 160}
    assert sum(len(text.encode()) for text in about) < 4500


@pytest.mark.parametrize("line", ["9" * 7, "9" * 2000, "\u0664", "-1", ""])
async def test_a_line_that_no_text_has_is_left_out(line: str) -> None:
    found = error_of(strategy=True, message="m", metadata={"line": line, "file": "my.py"})
    assert isinstance(found, StrategyError)
    assert (found.line, found.metadata) == (0, {"file": "my.py"})


def test_text_of_any_origin_loses_what_terminals_obey() -> None:
    assert clean("a\tb\nc é \N{SNOWMAN} \N{GRINNING FACE}") == "a\tb\nc é \N{SNOWMAN} \N{GRINNING FACE}"
    assert clean("\x1b\x00\x7f\x9b\r\ud800") == "\ufffd" * 6
    assert clean("a\u202eb\u2066c") == "a\ufffdb\ufffdc"
    assert clean(("x" * 99 + "\x9b") * 5000) == ("x" * 99 + "\ufffd") * 5000


def open_gaps(*missing: str, root: bool = True) -> set[str]:
    found = gaps_of([(lock, "why") for lock in missing], root=root)
    return {gap.lock for gap in found if not gap.made_up_for}


def test_a_missing_lock_may_be_made_up_for_by_another() -> None:
    assert open_gaps(FILE_VIEW) == open_gaps(FILE_RULES) == open_gaps(NETWORK) == set()
    assert open_gaps(FILE_VIEW, FILE_RULES) == {FILE_VIEW, FILE_RULES}
    assert open_gaps(SYSTEM_CALLS) == {SYSTEM_CALLS}
    assert open_gaps(NETWORK, SYSTEM_CALLS) == {NETWORK, SYSTEM_CALLS}
    assert open_gaps(LIMITS) == {LIMITS}


def test_root_must_give_runs_a_user_of_their_own_and_nobody_else_can() -> None:
    assert open_gaps(OWN_USER) == {OWN_USER}
    assert open_gaps(OWN_USER, root=False) == set()
    assert open_gaps(OWN_USER, SYSTEM_CALLS, root=False) == {OWN_USER, SYSTEM_CALLS}
