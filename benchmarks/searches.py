"""A search through the service beside the engine alone and beside vectorbt: 910 pairs of windows on GOOG's days."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.backtests import goog
from benchmarks.peers.common import FASTS, PAIRS, SLOWS
from benchmarks.peers.environments import PeerError, last_line, run_script
from benchmarks.stack import scizor, stack
from scizor.backtest.v1.optimization_pb2 import TrialColumns
from scizor.client import Client

_ROUNDS = 5
_MARK = 10.0


def lines() -> Iterator[str]:
    """A table, in Markdown."""
    with tempfile.TemporaryDirectory(prefix="scizor-bench-") as folder:
        _save(Path(folder))
        alone = last_line([sys.executable, "-m", "benchmarks.engine.ours", folder, "sweep"])
        try:
            vectorbt: float | None = len(PAIRS) / run_script("vectorbt", Path(folder), "sweep")["seconds"]
        except PeerError:
            vectorbt = None
    with stack() as environment:
        scizor(environment, "demo")
        address = f"127.0.0.1:{environment['SCIZOR_EDGE_PORT']}"
        there_s, ended_s = _search(address)
    served = len(PAIRS) / ended_s
    engine = len(PAIRS) / alone["seconds"]
    yield "Every trial stored and streamed to the caller; the others keep nothing. Trials a second, medians:"
    yield ""
    yield "| who | trials/s | CreateOptimization's are | asked |"
    yield "|---|---:|---:|---|"
    yield f"| CreateOptimization, until the stream ends | {served:,.0f} | | |"
    yield f"| the same, until the last trial is there | {len(PAIRS) / there_s:,.0f} | | |"
    yield f"| the engine alone | {engine:,.0f} | {served / engine:.2f} of it | |"
    if vectorbt:
        met = "met" if served >= _MARK * vectorbt else "MISSED"
        yield f"| vectorbt | {vectorbt:,.0f} | {served / vectorbt:.1f} times as many | {_MARK:g}: {met} |"
    yield ""


def _search(address: str) -> tuple[float, float]:
    """Seconds from the question to the last trial, and to the end of the stream, which tells of the verdict."""
    there, ended = [], []
    with Client(address) as client:
        for number in range(_ROUNDS + 1):
            began, seen, last = perf_counter(), 0, 0.0
            asked = client.optimizations.create(
                "sma_cross", ["GOOG"], {"fast": FASTS, "slow": SLOWS}, capital=10_000, commission_bps=0.1, seed=number
            )
            for update in client.optimizations.watch(asked.id):
                if isinstance(update, TrialColumns):
                    seen, last = seen + len(update.number), perf_counter()
            if seen != len(PAIRS):
                raise RuntimeError(f"{seen} of {len(PAIRS)} trials were streamed")
            there.append(last - began)
            ended.append(perf_counter() - began)
    return median(there[1:]), median(ended[1:])


def _save(folder: Path) -> None:
    """GOOG's bars as the peers read them."""
    bars = goog()
    open_ns = bars.sessions.astype(np.int64) * 86_400_000_000_000
    assert bars.volume is not None
    columns = {name: getattr(bars, name)[:, None] for name in ("open", "high", "low", "close", "volume")}
    np.savez(folder / "days.npz", open_ns=open_ns, close_ns=open_ns + 86_400_000_000_000, **columns)
