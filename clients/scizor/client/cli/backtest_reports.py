"""`scizor backtest report`, `compare` and `performance`: what backtests came to. As light as `backtests`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scizor.client.cli.entry import Json, example

_AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
_ANOTHER_ID = "0190d3a2-8c14-7b5e-8f02-6a1d2c3e4f50"


class Kind(StrEnum):
    """What a tearsheet is made as."""

    HTML = "html"
    PNG = "png"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def report(
    backtest_id: Annotated[str, typer.Argument(metavar="ID", help="The backtest's id.")],
    kind: Annotated[
        Kind | None, typer.Option("--format", help="What to make.", show_default="as the output's name ends, or html")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it.", show_default="a name of its own, here")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write a backtest's tearsheet: one page that stands alone, a picture, or its data."""
    from scizor.client.cli import report_service  # noqa: PLC0415 - see the module's docstring

    suffix = "" if output is None else output.suffix.removeprefix(".")
    chosen = kind or (Kind(suffix) if suffix in set(Kind) else Kind.HTML)
    report_service.write_report(backtest_id, chosen.name, output, opened=opened, as_json=as_json)


def compare(
    backtest_ids: Annotated[list[str], typer.Argument(metavar="ID ID…", help="The backtests' ids, 2 to 20.")],
    every: Annotated[bool, typer.Option("--all", help="Every figure, not the main ones alone.")] = False,
    as_json: Json = False,
) -> None:
    """Show backtests side by side; differences are from the first."""
    from scizor.client.cli import report_service  # noqa: PLC0415 - see the module's docstring

    report_service.compare(backtest_ids, every=every, as_json=as_json)


def performance(
    strategy: Annotated[str, typer.Argument(help="The strategy's id.")],
    version: Annotated[int, typer.Option(min=0, help="Only runs of this version.", show_default="all")] = 0,
    rank_by: Annotated[str, typer.Option(help="The figure that makes a run best or worst.")] = "sharpe",
    as_json: Json = False,
) -> None:
    """Show how a strategy fared over all its runs."""
    from scizor.client.cli import report_service  # noqa: PLC0415 - see the module's docstring

    report_service.performance(strategy, version, rank_by, as_json=as_json)


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("report", epilog=example(f"scizor backtest report {_AN_ID} --open"))(report)
    group.command("compare", epilog=example(f"scizor backtest compare {_AN_ID} {_ANOTHER_ID}"))(compare)
    group.command("performance", epilog=example("scizor backtest performance sma_cross"))(performance)
