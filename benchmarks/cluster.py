"""Searches on a Dask cluster: what a worker more brings, what a task costs, and what that comes to with many workers.

Two workers on two cores share them with the service, the scheduler and the database. What many machines would do is
therefore argued from what one trial, one task and one share of data cost here, each measured by itself.
"""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final

import psutil

from benchmarks.backtests import goog
from benchmarks.peers.common import FASTS, SLOWS
from benchmarks.stack import scizor, stack
from benchmarks.startup import free_ports
from scizor.adapters.compute import compute_at
from scizor.backtest.v1.optimization_pb2 import TrialColumns
from scizor.client import Client
from scizor.domain.search_spaces import Axis, Space
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.ports.compute import Compute
from scizor.strategy.study import Study

_ROUNDS: Final = 3
_TASKS: Final = 2_000
_IN_FLIGHT: Final = 32
_ONE_BY_ONE: Final = 200
_MANY: Final = 100
_PIECE_S: Final = 0.25
"""What the service lets a task take."""
_WIRE_BYTES_S: Final = 125e6  # a gigabit a second
_EVENT: Final = ("sma_cross_event", FASTS, SLOWS)
_SWEEP: Final = ("sma_cross", FASTS, SLOWS)


@dataclass(frozen=True, slots=True)
class _Tasks:
    """What empty tasks cost: seconds from asking one to its answer, and many at once; of the processor, by process."""

    alone_s: float
    each_s: float
    scheduler_s: float
    client_s: float


@dataclass(frozen=True, slots=True)
class _Share:
    """A search's data: its size, and what went over the wires until every worker had it, and with a task after that."""

    size_bytes: int
    sent_bytes: int
    workers: int
    task_bytes: int


def lines() -> Iterator[str]:
    """Tables and an argument, in Markdown."""
    local = {n: _with_stack(lambda address: _rate(address, *_EVENT), SCIZOR_BACKTEST_WORKERS=str(n)) for n in (1, 2)}
    stored = _with_stack(lambda address: _rate(address, *_SWEEP))
    dask: dict[int, float] = {}
    for n in (1, 2):
        ports = iter(free_ports().values())
        settings = {
            "SCIZOR_CLUSTER_WORKERS": str(n),
            "SCIZOR_CLUSTER_PORT": next(ports),
            "SCIZOR_CLUSTER_HTTP_PORT": next(ports),
        }
        with stack(**settings) as environment:
            scizor(environment, "demo")
            dask[n] = _rate(f"127.0.0.1:{environment['SCIZOR_EDGE_PORT']}", *_EVENT)
            with closing(compute_at(f"tcp://127.0.0.1:{settings['SCIZOR_CLUSTER_PORT']}", 0)) as compute:
                tasks, share = _tasks(compute, int(settings["SCIZOR_CLUSTER_PORT"])), _share(compute, n)
    n_trials = len(_EVENT[1]) * len(_EVENT[2])
    yield f"CreateOptimization of a strategy in Python: {n_trials} trials on GOOG's days, each stored and streamed."
    yield "Workers share the cores with the service, the scheduler and the database."
    yield ""
    yield "| workers | trials/s with 1 | with 2 | speed-up |"
    yield "|---|---:|---:|---:|"
    for who, rates in (("processes of the service", local), ("a Dask cluster's", dask)):
        yield f"| {who} | {rates[1]:,.0f} | {rates[2]:,.0f} | {rates[2] / rates[1]:.2f} |"
    yield ""
    yield from _costs(tasks, share)
    yield from _argument(1.0 / dask[1], tasks, share, stored)


def _costs(tasks: _Tasks, share: _Share) -> Iterator[str]:
    alone_ms, each_ms = tasks.alone_s * 1e3, tasks.each_s * 1e3
    scheduler_ms, client_ms = tasks.scheduler_s * 1e3, tasks.client_s * 1e3
    yield f"An empty task takes {alone_ms:.1f} ms from being asked to its answer; with {_IN_FLIGHT} under way one ends"
    yield f"every {each_ms:.2f} ms, of which the scheduler computes {scheduler_ms:.2f}, who asks {client_ms:.2f}."
    yield f"What trials share, {share.size_bytes:,} bytes, cost {share.sent_bytes:,} on the wires until {share.workers}"
    yield f"workers had it, and a task after that {share.task_bytes:,}: data is sent to a worker once."
    yield ""


def _argument(trial_s: float, tasks: _Tasks, share: _Share, stored: float) -> Iterator[str]:
    """`trial_s`: a trial on the only worker; `stored`: trials a second that the service stores and streams."""
    batch, busiest_s = max(1.0, _PIECE_S / trial_s), max(tasks.scheduler_s, tasks.client_s)
    alone = batch / (batch * trial_s + tasks.alone_s)
    computed, handed_out = _MANY * alone, batch / busiest_s
    reached, most = min(computed, handed_out, stored), min(handed_out, stored) / alone
    spread_s = share.size_bytes * _MANY / _WIRE_BYTES_S
    yield f"**{_MANY} workers, on paper.** A trial takes t = {trial_s * 1e3:.1f} ms of a worker; a task holds the"
    yield f"b = {batch:.0f} trials that fill {_PIECE_S:g} s, is o = {tasks.alone_s * 1e3:.1f} ms on its way, and takes"
    yield f"d = {busiest_s * 1e3:.2f} ms of the busier of scheduler and service, which each have a thread for it. The"
    yield f"service stores and streams at least R = {stored:,.0f} trials/s: what it does in a sweep of a compiled"
    yield "strategy. With W workers"
    yield ""
    yield "    trials/s = min(W b / (b t + o), b / d, R)"
    yield ""
    yield f"which is min({computed:,.0f}, {handed_out:,.0f}, {stored:,.0f}) = {reached:,.0f} for W = {_MANY}:"
    yield f"{reached / alone:.0f} times one worker. More than {most:,.0f} of them bring nothing more to such short"
    yield f"trials. The data reach {_MANY} workers over one gigabit a second in {spread_s:.2f} s, once a search. Not in"
    yield "this: what networks between machines add to o, and what else a scheduler has to do."
    yield ""


def _with_stack(measure: Callable[[str], float], **settings: str) -> float:
    with stack(**settings) as environment:
        scizor(environment, "demo")
        return measure(f"127.0.0.1:{environment['SCIZOR_EDGE_PORT']}")


def _rate(address: str, strategy: str, fast: Sequence[int], slow: Sequence[int]) -> float:
    """Trials a second of a grid, from the question to the end of the stream of trials."""
    taken = []
    with Client(address) as client:
        for number in range(_ROUNDS + 1):
            began, seen = perf_counter(), 0
            asked = client.optimizations.create(
                strategy,
                ["GOOG"],
                {"fast": list(fast), "slow": list(slow)},
                capital=10_000,
                commission_bps=0.1,
                seed=number,
            )
            for update in client.optimizations.watch(asked.id):
                seen += len(update.number) if isinstance(update, TrialColumns) else 0
            taken.append((perf_counter() - began) / seen)
    return 1.0 / median(taken[1:])


def _tasks(compute: Compute, port: int) -> _Tasks:
    compute.share("one", 1)
    scheduler, here = _listener(port), psutil.Process()
    taken = []
    for _ in range(_ONE_BY_ONE):
        began = perf_counter()
        compute.submit(operator.add, "one", 1).result()
        taken.append(perf_counter() - began)
    before, began = (_cpu_s(scheduler), _cpu_s(here)), perf_counter()
    under_way: set[Any] = set()
    for _ in range(_TASKS):
        if len(under_way) >= _IN_FLIGHT:
            under_way = wait(under_way, return_when="FIRST_COMPLETED").not_done
        under_way.add(compute.submit(operator.add, "one", 1))
    wait(under_way)
    wall_s = perf_counter() - began
    scheduler_s, client_s = _cpu_s(scheduler) - before[0], _cpu_s(here) - before[1]
    return _Tasks(median(taken), wall_s / _TASKS, scheduler_s / _TASKS, client_s / _TASKS)


def _share(compute: Compute, workers: int) -> _Share:
    axes = Axis("fast", tuple(map(float, FASTS))), Axis("slow", tuple(map(float, SLOWS)))
    study = Study(Market(Panel.align({"GOOG": goog()})), Settings(), "sma_cross_event", Space(axes), {}, "sharpe")
    counted = _looped_bytes()
    compute.share("study", study)
    compute.submit(id, "study").result()
    sent_bytes, counted = _looped_bytes() - counted, _looped_bytes()
    for _ in range(_ONE_BY_ONE):
        compute.submit(id, "study").result()
    task_bytes = (_looped_bytes() - counted) // _ONE_BY_ONE
    return _Share(len(pickle.dumps(study, pickle.HIGHEST_PROTOCOL)), sent_bytes, workers, task_bytes)


def _looped_bytes() -> int:
    """What went over this machine's own network so far, whoever sent it."""
    sent: int = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
    return sent


def _listener(port: int) -> psutil.Process:
    """The process behind a port."""
    found = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.pid)
    return psutil.Process(next(one.pid for one in found if one.laddr and one.laddr.port == port))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
