"""Measure, print, and keep it in RESULTS.md: `python -m benchmarks` for everything, or with the names of sections."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import backtests, cluster, collection, live, marketdata, sandbox, searches, startup, storage
from benchmarks.engine import table
from benchmarks.trading import live_strategies, order_path, risk_check
from scizor.adapters.sql.embedded import EmbeddedPostgres

RESULTS = Path(__file__).parent / "RESULTS.md"
_HEADING = """# Measured

What `make bench` printed last. Figures of one machine and one day: what counts is how two of a table
compare.
"""


def main(names: list[str]) -> None:
    """Run the sections named, or all, one after the other; nothing else should run on the machine meanwhile."""
    kept = dict(_sections(RESULTS.read_text())) if RESULTS.exists() else {}
    for title, measured in _SECTIONS.items():
        if not names or title.split()[0].lower() in names:
            kept[title] = "\n".join([f"Measured {_where()}", "", *measured()]).strip()
            print(f"## {title}\n\n{kept[title]}\n", flush=True)
            # What was measured is kept, whatever becomes of the rest.
            found = [f"## {one}\n\n{kept[one]}\n" for one in _SECTIONS if one in kept]
            RESULTS.write_text("\n".join([_HEADING, *found]))


def _sections(document: str) -> Iterator[tuple[str, str]]:
    for section in document.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        yield title, text.strip()


def _where() -> str:
    # A bare loop is a third slower in an interpreter that was built without: it tells in callbacks.
    tuned = "with" if "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")) else "without"
    python = (
        f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()}, {tuned} PGO)"
    )
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}"
    return f"{datetime.now(UTC):%Y-%m-%d}: {python}, {machine}."


def _bars() -> Iterable[str]:
    home = Path(tempfile.mkdtemp(prefix="scizor-bench-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home / "home")
    try:
        dsn = server.start()
        stored, served = asyncio.run(storage.measure(dsn)), asyncio.run(marketdata.measure(dsn))
    finally:
        server.stop()
        shutil.rmtree(home)
    bare = {figure.name: figure.bare for figure in stored}
    yield "Bare is the textbook's: binary COPY into a temporary table and one upsert into a table without rules; binary"
    yield "COPY out of it, viewed as a numpy record array. Client, server and database share the cores."
    yield ""
    yield "| work | rows/s | bare, rows/s | of bare |"
    yield "|---|---:|---:|---:|"
    for figure in stored:
        yield f"| {figure.name} | {figure.ours:,.0f} | {figure.bare:,.0f} | {figure.ratio:.0%} |"
    for one in served:
        limit = bare["read bars" if one.name == "StreamBars" else "write new bars"]
        yield f"| {one.name} | {one.rate:,.0f} | {limit:,.0f} | {one.rate / limit:.0%} |"
    yield ""


def _collection() -> Iterable[str]:
    found, saved = collection.measure()
    yield "Through ib_async over TCP from ibsim, which keeps the broker's rules: 50 messages/s, 50 open requests."
    yield "The last line is ib_async alone on the requests of the line before: nothing judged, nothing stored. CPU"
    yield "seconds say where the time goes; the rest is waiting for the broker's rate."
    yield ""
    yield "| work | seconds | requests | new bars | bars a request | bars/s | pacing errors | CPU seconds |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for one in found:
        per_request = f"{one.bars / one.requests:,.0f}" if one.requests else ""
        busy = ", ".join(f"{name} {seconds:.1f}" for name, seconds in one.busy_s.items())
        yield (
            f"| {one.name} | {one.seconds:.1f} | {one.requests:,} | {one.bars:,} | {per_request} |"
            f" {one.bars / one.seconds:,.0f} | {one.pacing_errors} | {busy} |"
        )
    yield ""
    yield f"Validating daily for a quarter asks the broker {saved.asked:,} times in place of {saved.without:,}:"
    yield f"{saved.fraction:.1%} of the questions are saved."
    yield ""


def _live() -> Iterable[str]:
    yield "Each stream reads all symbols; service and readers share the cores. What a reader cannot take is overtaken"
    yield f"by what is newer, and counted. The hub takes {asyncio.run(live.fanout_ns()):,.0f} ns a tick and reader."
    yield ""
    yield "| streams | ticks/s in | quotes/s out | p50, ms | p99, ms | overtaken |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for one in asyncio.run(live.measure()):
        yield (
            f"| {one.streams} | {one.ticks_in:,.0f} | {one.quotes_out:,.0f} | {one.p50_ms:.2f} | {one.p99_ms:.1f} |"
            f" {one.conflated:.0%} |"
        )
    yield ""


def _engine() -> Iterable[str]:
    yield "Every engine in an environment and a process of its own, one after the other, on the same bars, under the"
    yield "same rules (`benchmarks/peers/common.py`); warm, the median of several runs, data made ready outside of the"
    yield "clock. The limit is a compiled loop of the arithmetic alone. Engines that would take minutes get fewer bars."
    yield ""
    yield from table.measure()


def _trading() -> Iterable[str]:
    yield from order_path.lines()
    yield from risk_check.lines()
    yield from live_strategies.lines()


def _startup() -> Iterable[str]:
    yield "| work | seconds |"
    yield "|---|---:|"
    for name, seconds in startup.measure().items():
        yield f"| {name} | {seconds:.1f} |"


_SECTIONS = {
    "Bars in and out of PostgreSQL, one million daily rows": _bars,
    "Collecting daily bars from the broker": _collection,
    "Live quotes of 100 symbols": _live,
    "Engine of backtests": _engine,
    "Backtests as jobs": backtests.lines,
    "Searches as jobs": searches.lines,
    "Cluster of Dask workers": cluster.lines,
    "Uploaded code behind locks": sandbox.lines,
    "Trading from an order to the broker": _trading,
    "Startup of everything: a newcomer's wait": _startup,
}


if __name__ == "__main__":
    main(sys.argv[1:])
