"""Conversations with a locked process: what goes back and forth, and every way to the end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import psutil
import pytest

from scizor.adapters.sandbox import LockedSandbox, SandboxSettings, talks
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, Unavailable
from scizor.ports.sandbox import Conversation, Limits
from scizor.strategy.errors import StrategyError
from tests.integration.sandbox.conftest import INSIDE
from tests.integration.sandbox.containing import honest
from tests.integration.sandbox.test_runs import children, until

COUNT = """
told = []
def answer(document, arrays):
    told.append(document.get("say"))
    return [told, {name: float(array.sum()) for name, array in arrays.items()}]
"""


@asynccontextmanager
async def talking(sandbox: LockedSandbox, source: str, **limits: float) -> AsyncIterator[Conversation]:
    async with sandbox.converse("conversation_stage:opened", {"source": source}, {}, Limits(**limits)) as talk:  # type: ignore[arg-type] # each of its own type
        yield talk


def answering(body: str, before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{before}\ndef answer(document, arrays):\n{lines}"


async def failed(sandbox: LockedSandbox, source: str, match: str, deadline_s: float = 10.0, **limits: float) -> None:
    """The exchange ends in the strategy's fault, the same again when asked once more, and nobody else is harmed."""
    async with talking(sandbox, source, **limits) as talk:
        for _ in range(2):
            with pytest.raises(StrategyError, match=match):
                await talk.ask({}, deadline_s=deadline_s)
        await until(lambda: not children(sandbox))
    assert await honest(sandbox) == 45


async def test_the_process_remembers_what_it_was_told(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, COUNT) as talk:
        for turn in range(50):
            arrays = {"close": np.arange(turn, dtype=np.float64)}
            answer = await talk.ask({"say": turn}, arrays, deadline_s=5.0)
            assert answer.document["loot"] == [list(range(turn + 1)), {"close": float(sum(range(turn)))}]
    await until(lambda: not children(sandbox))


async def test_megabytes_go_both_ways_and_who_asks_meanwhile_waits_for_his_turn(sandbox: LockedSandbox) -> None:
    source = "from scizor.ports.sandbox import Answer\n" + answering("return Answer({}, {'back': arrays['x'] * 2})")
    async with talking(sandbox, source) as talk:
        large = np.random.default_rng(1).random(1_000_000)
        asking = (talk.ask({}, {"x": large * turn}, deadline_s=20.0) for turn in range(3))
        for turn, answer in enumerate(await asyncio.gather(*asking)):
            np.testing.assert_array_equal(answer.arrays["back"], large * turn * 2)


async def test_what_is_printed_comes_with_its_answer_however_much_was_printed_before(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, answering("print('x' * 60_000)\nreturn document['turn']")) as talk:
        printed = [await talk.ask({"turn": turn}, deadline_s=5.0) for turn in range(6)]
        assert sum(len(one.printed) for one in printed) > 200_000


async def test_an_error_names_its_line_and_is_the_end(sandbox: LockedSandbox) -> None:
    await failed(sandbox, answering("return 1 / 0"), r"attack\.py:3: ZeroDivisionError")


async def test_what_fails_at_the_opening_opens_nothing(sandbox: LockedSandbox) -> None:
    with pytest.raises(StrategyError, match=r"attack\.py:1: ZeroDivisionError"):
        async with talking(sandbox, "1 / 0"):
            pytest.fail("it was opened")
    with pytest.raises(StrategyError, match=r"attack\.py:1: no end within 0\.5 s"):
        async with talking(sandbox, "while True: pass", wall_s=0.5):
            pytest.fail("it was opened")
    with pytest.raises(Unavailable, match="could not be begun"):
        async with sandbox.converse("nowhere.at_all:opened", {}, {}, Limits()):
            pytest.fail("it was opened")


async def test_an_exchange_has_its_deadline_and_tells_the_line(sandbox: LockedSandbox) -> None:
    await failed(sandbox, answering("while True: pass"), r"attack\.py:3: no end within 0\.3 s", 0.3)


async def test_what_does_not_listen_to_the_bell_is_killed(sandbox: LockedSandbox) -> None:
    deaf = answering("while True: pass", "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)")
    await failed(sandbox, deaf, r"no end within 0\.2 s", 0.2)


async def test_time_that_one_exchange_took_is_not_taken_from_the_next(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, answering("import time\ntime.sleep(0.3)"), wall_s=0.5, cpu_s=1.0) as talk:
        for _ in range(4):
            await talk.ask({}, deadline_s=0.6)


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("import os\nos._exit(3)", "ended its process with 3 in place of an answer"),
        ("import os\nos._exit(0)", "ended its process with 0 in place of an answer"),
        ("raise SystemExit", "ended the program"),
        ("import ctypes\nctypes.string_at(0)", "crashed: SIGSEGV"),
        ("import os\nos.write(3, b'A' + bytes(8) * 99)", "broke its answer"),
        ("import os, struct\nos.write(3, struct.pack('<cQ', b'A', 1 << 40))", "broke its answer: .*at most"),
        ("return 'x' * 3_000_000", "a document of"),
        ("return list(range(100_000))", "a document of more than"),
        ("bytearray(1 << 40)", "needs more than its"),
        ("import socket\nsocket.socket()", r"attack\.py:4: PermissionError"),
        ("return open('/etc/passwd').read()", r"attack\.py:3: (FileNotFoundError|PermissionError)"),
        ("import os\nreturn os.fork()", r"attack\.py:4: PermissionError"),
        ("return input()", r"attack\.py:3: EOFError"),
    ],
)
async def test_what_breaks_out_breaks_down(sandbox: LockedSandbox, body: str, match: str) -> None:
    await failed(sandbox, answering(body), match)


async def test_what_steals_its_questions_hears_no_more_of_them(sandbox: LockedSandbox) -> None:
    steal = "import os, threading\ndef steal():\n    while os.read(0, 9): pass\n"
    thief = answering("return 1", steal + "threading.Thread(target=steal, daemon=True).start()")
    end = "no end within|is no question|needs more than"
    async with talking(sandbox, thief) as talk:
        with suppress(StrategyError):
            for _ in range(50):  # whose turn it is to read is chance: a thief may come too late for some
                await talk.ask({}, deadline_s=1.0)
        with pytest.raises(StrategyError, match=end):
            await talk.ask({}, deadline_s=1.0)
        await until(lambda: not children(sandbox))
    assert await honest(sandbox) == 45


async def test_an_answer_that_nobody_asked_for_ends_it(sandbox: LockedSandbox) -> None:
    unasked = answering(
        "threading.Timer(0.05, say).start()\nreturn 1",
        "import os, struct, threading\ndef say(): os.write(3, struct.pack('<cQ', b'A', 8) + bytes(8))",
    )
    async with talking(sandbox, unasked) as talk:
        await talk.ask({}, deadline_s=5.0)
        await until(lambda: not children(sandbox))
        with pytest.raises(StrategyError, match="broke its answer: what nobody asked for"):
            await talk.ask({}, deadline_s=5.0)


async def test_answers_are_bounded(sandbox: LockedSandbox) -> None:
    large = "import numpy as np\nfrom scizor.ports.sandbox import Answer\n"
    source = large + answering("return Answer({}, {'x': np.zeros(10_000)})")
    await failed(sandbox, source, "an answer of 80,", answer_bytes=10_000)


async def test_questions_are_bounded_and_one_that_is_too_long_is_not_asked(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, COUNT, question_bytes=1_000) as talk:
        with pytest.raises(InvalidInput, match=r"question: is of .* at most 1,000") as caught:
            await talk.ask({}, {"x": np.zeros(1_000)}, deadline_s=5.0)
        assert not isinstance(caught.value, StrategyError)
        assert (await talk.ask({"say": 1}, deadline_s=5.0)).document["loot"][0] == [1]


async def test_what_was_killed_by_nobody_known_is_not_the_strategys_fault(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, answering("import time\ntime.sleep(30)")) as talk:
        asking = asyncio.create_task(talk.ask({}, deadline_s=20.0))
        await until(lambda: len(children(sandbox)) == 1)
        children(sandbox)[0].kill()
        with pytest.raises(Unavailable, match="was killed"):
            await asking


async def test_an_exchange_that_is_cancelled_is_the_end(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, answering("import time\ntime.sleep(30)")) as talk:
        asking = asyncio.create_task(talk.ask({}, deadline_s=20.0))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: not children(sandbox))
        with pytest.raises(Unavailable, match="in the middle of an exchange"):
            await talk.ask({}, deadline_s=1.0)


async def test_what_computes_unasked_is_ended(sandbox: LockedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks, "_UNASKED_CPU_S", 0.05)
    monkeypatch.setattr(talks, "_BETWEEN_LOOKS_S", 0.1)
    busy = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()"
    async with talking(sandbox, answering("return 1", busy)) as talk:
        await until(lambda: not children(sandbox), 20.0)
        with pytest.raises(StrategyError, match="computes although it is not asked anything"):
            await talk.ask({}, deadline_s=5.0)


async def test_conversations_have_places_of_their_own_beside_runs() -> None:
    made = LockedSandbox(
        SandboxSettings(concurrency=1, conversations=2, preload=("stage:twice",), import_roots=(INSIDE,))
    )
    try:
        async with talking(made, COUNT) as first, talking(made, COUNT) as second:
            if os.geteuid() == 0:
                assert len({one.uids().real for one in children(made)}) == 2
            assert await honest(made) == 45
            with pytest.raises(LimitExceeded, match="as many conversations") as caught:
                async with talking(made, COUNT):
                    pytest.fail("it was opened")
            assert caught.value.reason is Reason.QUEUE_FULL
            await first.ask({"say": "a"}, deadline_s=5.0)
            assert (await second.ask({"say": "b"}, deadline_s=5.0)).document["loot"][0] == ["b"]
        async with talking(made, COUNT):
            pass
    finally:
        await made.close()


async def test_a_warden_that_dies_is_our_fault_and_takes_its_conversations_along() -> None:
    made = LockedSandbox(SandboxSettings(preload=("stage:twice",), import_roots=(INSIDE,)))
    try:
        async with talking(made, answering("import time\ntime.sleep(30)")) as talk:
            asking = asyncio.create_task(talk.ask({}, deadline_s=20.0))
            orphans = children(made)
            psutil.Process(made.warden_pid).kill()
            with pytest.raises(Unavailable, match="the sandbox ended"):
                await asking
            await until(lambda: not any(psutil.pid_exists(one.pid) for one in orphans))
    finally:
        await made.close()


async def test_an_exchange_is_quick(sandbox: LockedSandbox) -> None:
    async with talking(sandbox, answering("return 1")) as talk:
        taken = []
        for _ in range(300):
            begun = time.perf_counter()
            await talk.ask({}, {"row": np.zeros((5, 100))}, deadline_s=5.0)
            taken.append(time.perf_counter() - begun)
        assert sorted(taken)[len(taken) // 2] < 5e-3  # many times what it takes on a machine that does nothing else
