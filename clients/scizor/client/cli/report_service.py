"""What `scizor backtest report`, `compare` and `performance` do through the Backtest service."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.report_tables import (
    common_sessions,
    correlations_table,
    figures_table,
    performance_facts,
    settings_table,
    spreads_table,
)
from scizor.client.cli.tables import show
from scizor.client.cli.usage import CommandFailed
from scizor.client.reports import TearsheetFormat

_STDOUT = Path("-")


def write_report(backtest_id: str, kind: str, output: Path | None, *, opened: bool, as_json: bool) -> None:
    """Write a tearsheet to a file, or to standard output for `-`."""
    wanted = TearsheetFormat[kind]
    with connect() as client:
        sheet = client.backtests.tearsheet(backtest_id, format=wanted)
    if output == _STDOUT:
        sys.stdout.buffer.write(sheet.content)
        return
    path = output or Path(f"backtest-{backtest_id}{wanted.suffix}")
    try:
        path.write_bytes(sheet.content)
    except OSError as error:
        raise CommandFailed(f"cannot write {path}: {error.strerror}") from None
    shown = opened and webbrowser.open(path.resolve().as_uri())
    if as_json:
        told = {"file": str(path), "bytes": len(sheet.content), "contentType": sheet.content_type, "opened": shown}
        print_json(told)
        return
    show(f"{path}: {len(sheet.content):,} bytes")
    if opened and not shown:
        show("no browser was found to show it; open the file in one")


def compare(backtest_ids: Sequence[str], *, every: bool, as_json: bool) -> None:
    """Backtests side by side."""
    with connect() as client:
        found = client.backtests.compare(backtest_ids)
    if as_json:
        print_json(found)
        return
    show(settings_table(found), figures_table(found, every=every), correlations_table(found), common_sessions(found))


def performance(strategy: str, version: int, rank_by: str, *, as_json: bool) -> None:
    """A strategy over its runs."""
    with connect() as client:
        found = client.backtests.performance(strategy, strategy_version=version, rank_by=rank_by)
    if as_json:
        print_json(found)
        return
    show(performance_facts(found), spreads_table(found))
