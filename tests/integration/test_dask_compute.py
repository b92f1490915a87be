"""Computing on a Dask cluster, whose workers are killed."""

from __future__ import annotations

import operator
import time
from concurrent.futures import wait

import numpy as np
import pytest

from scizor.adapters.compute import compute_at
from scizor.domain.errors import Unavailable
from scizor.strategy.study import returns_of, try_sets
from tests.integration.dask_cluster import STARTS_WITHIN_S, cluster
from tests.unit.optimization.build import study

SLOWLY = "__import__('time').sleep(1.0) or __import__('os').getpid()"


def test_a_cluster_runs_tasks_over_data_sent_once_and_outlives_a_worker() -> None:
    pytest.importorskip("distributed")
    with cluster(2) as found:
        compute = compute_at(found.address, 1)
        try:
            asked, codes = study(), np.array([[2.0, 8.0], [5.0, 20.0]])
            compute.share("study", asked)
            done = compute.submit(try_sets, "study", codes).result(STARTS_WITHIN_S)
            here = try_sets(asked, codes)
            assert np.array_equal(done.figures["sharpe"], here.figures["sharpe"])
            assert np.array_equal(done.sums, here.sums)
            deadline = time.monotonic() + STARTS_WITHIN_S
            while compute.slots < 2:
                assert time.monotonic() < deadline
                compute.share("one", 1)
                time.sleep(0.05)

            compute.share("slowly", SLOWLY)
            tasks = [compute.submit(eval, "slowly") for _ in range(4)]
            time.sleep(0.5)  # both are at work
            found.workers[0].kill()
            assert not wait(tasks, STARTS_WITHIN_S).not_done
            assert found.workers[1].pid in {task.result() for task in tasks}
            returns = compute.submit(returns_of, "study", codes).result(STARTS_WITHIN_S)
            assert np.array_equal(returns, returns_of(asked, codes))

            compute.share("one", 1)
            with pytest.raises(ZeroDivisionError):
                compute.submit(operator.truediv, "one", 0).result(STARTS_WITHIN_S)
        finally:
            compute.close()


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_scheduler_that_is_killed_is_told_and_its_successor_found() -> None:
    pytest.importorskip("distributed")
    with cluster(1) as found:
        compute = compute_at(found.address, 1)
        try:
            compute.share("one", 1)
            assert compute.submit(operator.add, "one", 1).result(STARTS_WITHIN_S) == 2
            compute.share("slowly", SLOWLY)
            task = compute.submit(eval, "slowly")
            assert found.scheduler is not None
            found.scheduler.kill()
            found.scheduler.wait()
            with pytest.raises(Unavailable):
                task.result(STARTS_WITHIN_S)
            found.start_scheduler()
            found.start_worker()
            assert eventually(lambda: compute.submit(operator.add, "one", 2).result(STARTS_WITHIN_S)) == 3
        finally:
            compute.close()


def eventually(ask: object) -> object:
    assert callable(ask)
    deadline = time.monotonic() + 2 * STARTS_WITHIN_S
    while True:
        try:
            return ask()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
