"""Worker processes: what they are told once, how they are replaced, and how they end."""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Iterator

import psutil
import pytest

from scizor.adapters.compute import ProcessCompute, compute_at
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, Unavailable

SOON_S = 30.0
# Data that is a program: `exec` and `eval` take it as their first argument, as a task takes its data.
DIE = "import os; os._exit(9)"
SLEEP = "import time; time.sleep(60)"
SECRET = "__import__('os').environ.get('DATABASE_URL')"
PID = "__import__('os').getpid()"


@pytest.fixture
def compute() -> Iterator[ProcessCompute]:
    found = ProcessCompute(2)
    yield found
    found.close()


def ours() -> list[psutil.Process]:
    children = psutil.Process(os.getpid()).children()
    return [child for child in children if "scizor.adapters.compute.worker" in " ".join(child.cmdline())]


def fill(compute: ProcessCompute) -> None:
    for _ in range(3):
        compute.submit(exec, "sleep")


def test_tasks_are_answered_with_what_their_function_makes_of_shared_data(compute: ProcessCompute) -> None:
    compute.share("numbers", 40)
    futures = [compute.submit(operator.add, "numbers", number) for number in range(50)]
    assert [future.result(SOON_S) for future in futures] == list(range(40, 90))


def test_what_a_function_raises_is_raised_here(compute: ProcessCompute) -> None:
    compute.share("one", 1)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        compute.submit(operator.truediv, "one", 0).result(SOON_S)
    compute.share("program", "from scizor.domain.errors import *; raise InvalidInput('no', Reason.FIELD_INVALID)")
    with pytest.raises(InvalidInput, match="no") as caught:
        compute.submit(exec, "program").result(SOON_S)
    assert caught.value.reason is Reason.FIELD_INVALID


def test_a_killed_workers_task_is_given_to_another(compute: ProcessCompute) -> None:
    compute.share("program", "__import__('time').sleep(0.5) or __import__('os').getpid()")
    first = compute.submit(eval, "program").result(SOON_S)
    task = compute.submit(eval, "program")
    deadline = time.monotonic() + SOON_S
    while not (victims := ours()):
        assert time.monotonic() < deadline
    for victim in victims:
        victim.kill()
    assert task.result(SOON_S) not in (None, first)


def test_a_task_that_takes_worker_after_worker_with_it_ends(compute: ProcessCompute) -> None:
    compute.share("program", DIE)
    with pytest.raises(Unavailable, match="3 workers"):
        compute.submit(exec, "program").result(SOON_S)
    compute.share("one", 1)
    assert compute.submit(operator.add, "one", 1).result(SOON_S) == 2


def test_giving_up_a_task_frees_its_worker(compute: ProcessCompute) -> None:
    compute.share("sleep", SLEEP)
    compute.share("one", 1)
    tasks = [compute.submit(exec, "sleep") for _ in range(2)]
    deadline = time.monotonic() + SOON_S
    while len(ours()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for task in tasks:
        assert task.cancel()
    assert compute.submit(operator.add, "one", 1).result(SOON_S) == 2


def test_workers_know_no_secrets_and_are_others_than_this_process(
    compute: ProcessCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    compute.share("secret", SECRET)
    compute.share("pid", PID)
    assert compute.submit(eval, "secret").result(SOON_S) is None
    assert compute.submit(eval, "pid").result(SOON_S) != os.getpid()


def test_data_that_is_forgotten_or_was_never_shared_is_refused(compute: ProcessCompute) -> None:
    compute.share("one", 1)
    compute.forget("one")
    for key in ("one", "two"):
        with pytest.raises(InvalidInput):
            compute.submit(operator.add, key, 1)


def test_the_queue_has_a_bound() -> None:
    compute = ProcessCompute(1)
    try:
        compute.share("sleep", SLEEP)
        for _ in range(63):
            waiting = compute.submit(exec, "sleep")
        deadline = time.monotonic() + SOON_S
        while not ours():  # until then the first one waits too
            assert time.monotonic() < deadline
            assert not waiting.done()
        with pytest.raises(LimitExceeded):
            fill(compute)
    finally:
        compute.close()
    deadline = time.monotonic() + SOON_S  # sooner than what it slept for would be over
    while ours():
        assert time.monotonic() < deadline, "a process is left behind"
    with pytest.raises(Unavailable):
        compute.submit(exec, "sleep")


def test_an_empty_address_means_this_machine() -> None:
    compute = compute_at("", 3)
    assert isinstance(compute, ProcessCompute)
    assert compute.slots == 3
    compute.close()
