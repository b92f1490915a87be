"""Runs all engines, each work in a process of its own, one after the other, and tells how they compare."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.engine import cold, data
from benchmarks.engine.works import DIFFERS, WORKS, Work
from benchmarks.peers.environments import PeerError, last_line, run_script


@dataclass(frozen=True)
class Figure:
    """What one engine made of one work; `problem`: why there is nothing to tell."""

    engine: str
    rate: float = 0.0
    units: int = 0
    peak_mb: float = 0.0
    outcome: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Measured:
    """One work by all engines."""

    work: Work
    ours: Figure
    limit: float | None
    peers: list[Figure]

    def times(self, engine: str) -> float | None:
        """By how many times this engine is faster than a peer; None where the peer did not run."""
        rates = [one.rate for one in self.peers if one.engine == engine and not one.problem]
        return self.ours.rate / rates[0] if rates else None


def measure() -> Iterable[str]:
    """The engine's part of the document, in Markdown."""
    with tempfile.TemporaryDirectory(prefix="scizor-bench-") as folder:
        data.save(Path(folder))
        found = [_measured(work, Path(folder)) for work in WORKS]
    yield from _summary(found)
    yield from cold.lines()
    yield from _memory(found[0])
    for one in found:
        yield from _details(one)


def _measured(work: Work, folder: Path) -> Measured:
    answer = _ours("ours", folder, work.name)
    ours = _figure("scizor", answer, f"{answer['trades']:,} trades")
    limit = None
    if work.of_limit is not None:
        bare = _ours("limits", folder, work.name)
        limit = bare["units"] / bare["seconds"]
    return Measured(work, ours, limit, [_of_peer(peer, work, folder) for peer in work.peers])


def _of_peer(peer: str, work: Work, folder: Path) -> Figure:
    try:
        answer = run_script(peer, folder, work.name)
    except PeerError as error:
        return Figure(peer, problem=str(error))
    return _figure(peer, answer, _compared(peer, work, folder, answer))


def _figure(engine: str, answer: dict[str, Any], outcome: str) -> Figure:
    return Figure(engine, answer["units"] / answer["seconds"], answer["units"], answer["peak_mb"], outcome)


def _compared(peer: str, work: Work, folder: Path, answer: dict[str, Any]) -> str:
    """What came of a peer's run beside ours on the same bars."""
    units, whole = answer["units"], _ours("ours", folder, work.name)
    fewer = units < whole["units"]
    if fewer and work.name == "sweep":
        return f"{units} of the pairs"
    ours = _ours("ours", folder, work.name, str(units // work.n_symbols)) if fewer else whole
    told = [f"{units:,} bars"] if fewer else []
    if work.name == "callback":
        return "; ".join(told)
    if answer["trades"] >= 0:
        told.append(f"{answer['trades']:,} trades, ours {ours['trades']:,}")
    off = abs(answer["final_equity"] / ours["final_equity"] - 1.0)
    told.append("same equity" if off < 1e-9 else f"equity {off:.1e} off")
    differs = DIFFERS.get((work.name, peer), "")
    return "; ".join(told) + (f": {differs}" if differs else "")


@cache
def _ours(script: str, folder: Path, *arguments: str) -> dict[str, Any]:
    return last_line([sys.executable, "-m", f"benchmarks.engine.{script}", folder, *arguments])


def _summary(found: list[Measured]) -> Iterator[str]:
    yield "| work | scizor | the limit | limit / scizor | scizor / peer | asked |"
    yield "|---|---:|---:|---:|---|---|"
    for one in found:
        work = one.work
        limit, over = ("", "") if one.limit is None else (_short(one.limit), f"{one.limit / one.ours.rate:.1f}")
        ratios = {peer: one.times(peer) for peer in work.marks}
        told = ", ".join(f"{peer} {ratio:.1f}x" if ratio else f"{peer} DID NOT RUN" for peer, ratio in ratios.items())
        marks = ", ".join(f"{peer} {mark:g}x" for peer, mark in work.marks.items())
        met = all(ratio is not None and ratio >= work.marks[peer] for peer, ratio in ratios.items())
        asked = f"{marks}: {'met' if met else 'MISSED'}"
        if work.of_limit is not None and one.limit is not None:
            asked += (
                f"; within {1 / work.of_limit:g}x: {'met' if one.ours.rate >= one.limit * work.of_limit else 'not yet'}"
            )
        yield f"| {work.title} | {_short(one.ours.rate)} {work.unit} | {limit} | {over} | {told} | {asked} |"
    yield ""


def _memory(one: Measured) -> Iterator[str]:
    yield "### Peak memory of the first work"
    yield ""
    yield "The most a process ever held: interpreter, libraries, bars and one run, compilation where there is one."
    yield ""
    yield "| engine | MB | bars |"
    yield "|---|---:|---:|"
    for figure in (one.ours, *one.peers):
        if not figure.problem:
            yield f"| {figure.engine} | {figure.peak_mb:,.0f} | {figure.units:,} |"
    yield ""


def _details(one: Measured) -> Iterator[str]:
    yield f"### {one.work.title}"
    yield ""
    yield f"| engine | {one.work.unit} | scizor / engine | what came of it |"
    yield "|---|---:|---:|---|"
    if one.limit is not None:
        yield f"| the limit | {one.limit:,.0f} | {one.ours.rate / one.limit:.2f} | equity, trades, drawdown |"
    yield f"| scizor | {one.ours.rate:,.0f} | 1 | {one.ours.outcome} |"
    for peer in one.peers:
        if peer.problem:
            yield f"| {peer.engine} | DID NOT RUN |  | {peer.problem} |"
        else:
            yield f"| {peer.engine} | {peer.rate:,.0f} | {one.ours.rate / peer.rate:,.1f} | {peer.outcome} |"
    yield ""


def _short(rate: float) -> str:
    return f"{rate / 1e6:,.1f} M" if rate >= 1e6 else f"{rate / 1e3:,.1f} k"


if __name__ == "__main__":
    for line in measure():
        print(line, flush=True)
