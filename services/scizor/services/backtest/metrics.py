"""How busy a process of the service is. The queue is everybody's, and stands in the database."""

from __future__ import annotations

from scizor.ports.compute import Compute
from scizor.rpc.metrics import Figure
from scizor.services.backtest.optimization.runner import OptimizationRunner
from scizor.services.backtest.runner import Runner


def figures(runner: Runner, max_jobs: int, optimizing: OptimizationRunner, compute: Compute) -> list[Figure]:
    """`max_jobs`: how many backtests are run at a time; `compute`: where trials are."""
    return [
        Figure("scizor_backtest_jobs_running", "Backtests that this process runs.", lambda: {(): runner.running.now}),
        Figure("scizor_backtest_jobs_limit", "How many it runs at most.", lambda: {(): max_jobs}),
        Figure(
            "scizor_backtest_optimizations_running",
            "Optimizations that this process leads.",
            lambda: {(): optimizing.running.now},
        ),
        Figure(
            "scizor_backtest_trial_slots",
            "Trials that can be computed at a time: workers' processes of this one, or of the whole Dask cluster.",
            lambda: {(): compute.slots},
        ),
    ]
