"""Runs and their warden: what goes in and out, and every way to an end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import current_thread, main_thread
from typing import Any

import numpy as np
import psutil
import pytest

from scizor.adapters.sandbox import LockedSandbox, SandboxSettings, runs
from scizor.adapters.sandbox.verdicts import verdict
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, Unavailable
from scizor.ports.sandbox import Answer, Limits
from tests.integration.sandbox.attacks import Attack
from tests.integration.sandbox.conftest import INSIDE, SECRET, SETTINGS
from tests.integration.sandbox.containing import PLAY, contained, honest
from tests.integration.sandbox.forgeries import OUR_FAULT

ENDLESS = {"source": "say({'begun': True})\nwhile True: pass"}
ARRAYS = {
    "close": np.array([[1.5, np.nan], [np.inf, -0.0]]),
    "days": np.arange(5, dtype=np.int32),
    "flags": np.array([True, False, True]),
    "none": np.empty((0, 4), np.float32),
    "every other": np.arange(10.0)[::2],
    "transposed": np.arange(6, dtype=np.uint16).reshape(2, 3).T,
    "one": np.array(7.0),
}


async def until(holds: Callable[[], bool], deadline_s: float = 5.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not holds():  # noqa: ASYNC110 - processes have no events
            await asyncio.sleep(0.01)


def children(sandbox: LockedSandbox) -> list[psutil.Process]:
    return psutil.Process(sandbox.warden_pid).children()


class Begun:
    """A run that goes on until it is stopped."""

    def __init__(self, sandbox: LockedSandbox, limits: Limits | None = None) -> None:
        self._begun = asyncio.Event()
        self.task = asyncio.create_task(sandbox.run(PLAY, ENDLESS, {}, limits or Limits(), self._on_message))

    async def wait(self) -> Begun:
        async with asyncio.timeout(10):
            await self._begun.wait()
        return self

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    def _on_message(self, _: Mapping[str, Any]) -> None:
        self._begun.set()


async def test_numbers_of_all_kinds_and_shapes_go_in_and_come_out(sandbox: LockedSandbox) -> None:
    said: list[Any] = []
    answer = await sandbox.run("stage:sums", {}, ARRAYS, Limits(), said.append)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(answer.arrays[name], array, strict=True)
    assert said == [{"at": name} for name in ARRAYS]
    assert answer.document["sums"]["days"] == 10


async def test_megabytes_go_in_and_come_out(sandbox: LockedSandbox) -> None:
    large = np.random.default_rng(1).random((1_000_000, 3))
    answer = await sandbox.run("stage:sums", {"text": "x" * 1_000_000}, {"large": large}, Limits())
    np.testing.assert_array_equal(answer.arrays["large"], large)


async def test_what_a_run_writes_to_its_question_stays_with_it(sandbox: LockedSandbox) -> None:
    given = np.zeros(1000)
    answer = await sandbox.run(
        PLAY, {"source": "question.arrays['x'][:] = 1\nloot = 'written'"}, {"x": given}, Limits()
    )
    assert answer.document["loot"] == "written"
    assert not given.any()


async def test_what_it_prints_comes_with_the_answer(sandbox: LockedSandbox) -> None:
    source = "import sys\nprint('größer')\nprint('odd', file=sys.stderr)"
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits())
    assert answer.printed == "größer\nodd\n"


async def test_what_it_answers_is_text_for_people_and_read_while_the_loop_goes_on(
    sandbox: LockedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[bool] = []

    def judged(*told: Any) -> Answer:
        places.append(current_thread() is main_thread())
        return verdict(*told)

    monkeypatch.setattr(runs, "verdict", judged)
    source = "loot = ['\\x1b[31mred\\x9b', {'a\\tb\\n': '\\u202e'}]"
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits())
    assert answer.document["loot"] == ["\ufffd[31mred\ufffd", {"a\tb\n": "\ufffd"}]
    assert places == [False]


async def test_of_too_much_print_the_beginning_is_kept_and_the_cut_is_told(sandbox: LockedSandbox) -> None:
    source = "for i in range(100_000): print(i, 'x' * 90)\nloot = 'through'"
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits())
    assert answer.document["loot"] == "through"
    assert answer.printed.startswith("0 xxx")
    assert answer.printed.endswith("[the rest is left out]\n")
    assert len(answer.printed) < 70_000


async def test_what_it_printed_before_it_failed_is_told_with_the_error(sandbox: LockedSandbox) -> None:
    error = await contained(sandbox, Attack("failing", "print('so far')\n1 / 0", r"attack\.py:2: ZeroDivisionError"))
    assert error.metadata["printed"] == "so far\n"
    assert (error.file, error.line, error.reason) == ("attack.py", 2, Reason.STRATEGY_FAILED)


async def test_a_program_may_refuse_its_question(sandbox: LockedSandbox) -> None:
    with pytest.raises(InvalidInput, match="symbols: none of 1 is known") as caught:
        await sandbox.run("stage:refuse", {"a": 1}, {}, Limits())
    assert caught.value.violations[0].field == "symbols"
    assert caught.value.reason is Reason.FIELD_INVALID


async def test_no_child_can_make_its_end_our_fault(sandbox: LockedSandbox) -> None:
    with pytest.raises(InvalidInput, match=OUR_FAULT.told) as caught:
        await sandbox.run(PLAY, {"source": OUR_FAULT.source}, {}, Limits())
    assert caught.value.reason is Reason.STRATEGY_FAILED


async def test_a_program_that_is_not_there_is_our_fault(sandbox: LockedSandbox) -> None:
    with pytest.raises(Unavailable, match="could not be begun: ModuleNotFoundError"):
        await sandbox.run("nowhere.at_all:run", {}, {}, Limits())


async def test_what_the_listener_raises_ends_the_run_and_comes_back(sandbox: LockedSandbox) -> None:
    def refuse(_: object) -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        await sandbox.run(PLAY, ENDLESS, {}, Limits(), refuse)
    await until(lambda: not children(sandbox))


async def test_a_cancelled_run_is_killed_at_once(sandbox: LockedSandbox) -> None:
    begun = await Begun(sandbox).wait()
    assert len(children(sandbox)) == 1
    await begun.stop()
    await until(lambda: not children(sandbox), 1.0)
    assert await honest(sandbox) == 45


async def test_threads_within_the_limit_work(sandbox: LockedSandbox) -> None:
    source = "from concurrent.futures import ThreadPoolExecutor as P\nloot = sum(P(3).map(abs, range(-9, 0)))"
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits())
    assert answer.document["loot"] == 45


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give")
async def test_runs_at_the_same_time_are_users_of_their_own(sandbox: LockedSandbox) -> None:
    both = [await Begun(sandbox).wait() for _ in range(2)]
    users = {one.uids().real for one in children(sandbox)}
    for one in both:
        await one.stop()
    assert len(users) == 2
    assert min(users) >= SETTINGS.first_uid


async def test_no_more_run_at_a_time_than_are_allowed_and_only_so_many_wait() -> None:
    made = LockedSandbox(SandboxSettings(concurrency=1, waiting=1, import_roots=(INSIDE,)))
    try:
        running = await Begun(made).wait()
        waiting = asyncio.create_task(honest(made))
        await asyncio.sleep(0)
        with pytest.raises(LimitExceeded, match="too many") as caught:
            await honest(made)
        assert caught.value.reason is Reason.QUEUE_FULL
        assert not waiting.done()
        await running.stop()
        assert await waiting == 45
    finally:
        await made.close()


async def test_everything_that_can_be_found_in_a_child_is_its_own(sandbox: LockedSandbox) -> None:
    neighbour = asyncio.create_task(
        sandbox.run(PLAY, {"source": "import time; time.sleep(9)", "code": "the neighbour's"}, {}, Limits())
    )
    await until(lambda: len(children(sandbox)) == 1)
    source = """
import gc, socket, sys
found, frame = [], sys._getframe()
while frame is not None:
    found += [frame.f_code.co_name, frame.f_locals]
    frame = frame.f_back
objects = [*gc.get_objects(), *(v for one in gc.get_objects() if isinstance(one, dict) for v in one.values())]
texts = [one for one in objects if isinstance(one, str)]
loot = {
    "frames": [one for one in found if isinstance(one, str)],
    "sockets": sum(isinstance(one, socket.socket) for one in objects),
    "keepers": sum(type(one).__name__ in ("Keeper", "_Child") for one in objects),
    "secrets": [one for one in texts if "the-service" in one or one.startswith("the neighbour")],
}
"""
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits())
    neighbour.cancel()
    loot = answer.document["loot"]
    assert loot["frames"] == ["<module>", "play", "perform", "main", "<module>", "_run_code", "_run_module_as_main"]
    # What it looks for is in its own text.
    assert (loot["sockets"], loot["keepers"], loot["secrets"]) == (0, 0, [])


async def test_the_warden_has_no_secret_to_keep(sandbox: LockedSandbox) -> None:
    warden = psutil.Process(sandbox.warden_pid)
    assert SECRET in os.environ.values()
    assert SECRET not in warden.environ().values()
    assert set(warden.environ()) <= {
        *(
            "GLIBC_TUNABLES",
            "HOME",
            "LANG",
            "LD_LIBRARY_PATH",
            "MALLOC_ARENA_MAX",
            "MKL_NUM_THREADS",
            "NUMBA_CACHE_DIR",
        ),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHOME", "PYTHONPATH", "TZ"),
    }


async def test_runs_of_a_warden_that_dies_are_our_fault_and_the_next_one_is_there() -> None:
    made = LockedSandbox(SETTINGS)
    try:
        begun = await Begun(made).wait()
        first, orphans = made.warden_pid, children(made)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with pytest.raises(Unavailable, match="the sandbox ended"):
            await begun.task
        await until(lambda: not any(psutil.pid_exists(one.pid) for one in orphans))
        await until(lambda: made.warden_pid not in (None, first), 60)
        assert await honest(made) == 45
    finally:
        await made.close()


async def test_a_run_whose_process_is_killed_by_others_is_run_again(sandbox: LockedSandbox) -> None:
    begun = 0

    def kill(_: Mapping[str, Any]) -> None:
        nonlocal begun
        begun += 1
        for child in children(sandbox) if begun < 3 else ():
            child.kill()

    source = "import time\nsay({'begun': True})\ntime.sleep(0.5)\nloot = 'all of it'"
    answer = await sandbox.run(PLAY, {"source": source}, {}, Limits(), kill)
    assert (answer.document["loot"], begun) == ("all of it", 3)


async def test_closing_ends_all_runs() -> None:
    made = LockedSandbox(SETTINGS)
    begun = await Begun(made).wait()
    gone = [psutil.Process(made.warden_pid), *children(made)]
    await made.close()
    with pytest.raises(Unavailable):
        await begun.task
    await until(lambda: not any(one.is_running() for one in gone))
    with pytest.raises(Unavailable, match="closed"):
        await honest(made)
