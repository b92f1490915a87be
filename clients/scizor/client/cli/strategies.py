"""`scizor strategy …`: the code that backtests run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scizor.backtest.v1.backtest_service_pb2 import (
    CreateStrategyResponse,
    DeleteStrategyResponse,
    GetStrategyResponse,
    ListStrategiesResponse,
    UpdateStrategyResponse,
)
from scizor.backtest.v1.strategy_pb2 import Strategy
from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import End, Json, Start, example, group, help_of
from scizor.client.cli.parse import one_of, settings, strategy_and_version, symbol_names
from scizor.client.cli.strategy_tables import (
    finding_line,
    parameters_table,
    strategies_table,
    strategy_facts,
    versions_table,
)
from scizor.client.cli.tables import show
from scizor.client.cli.usage import EXIT_FAILED, EXIT_USAGE, CommandFailed
from scizor.domain.strategies import StrategyKind, StrategyOrigin

commands = group(help_of("strategy"), "scizor strategy create my_strategy.py")

Id = Annotated[str, typer.Argument(metavar="ID", help="The strategy's id, such as my_cross.")]
IdAt = Annotated[str, typer.Argument(metavar="ID[@VERSION]", help="The strategy's id, and which version.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="The strategy's file, such as my_strategy.py.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A word to find it by; may be given again.")]
Etag = Annotated[str, typer.Option(help="Only if this is still its etag.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="strategy")


@commands.command("list", epilog=example("scizor strategy list --origin uploaded --tag trend"))
def list_strategies(
    kind: Annotated[str, typer.Option(help="Only those written as vector or event.", show_default="all")] = "",
    origin: Annotated[str, typer.Option(help="Only builtin or uploaded ones.", show_default="all")] = "",
    tags: Tags = None,
    text: Annotated[str, typer.Option(help="Only those that mention this.")] = "",
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most.", show_default="all")] = None,
    as_json: Json = False,
) -> None:
    """List strategies: those that are stored beside those that came with the system."""
    wanted = one_of(StrategyKind, kind, "--kind"), one_of(StrategyOrigin, origin, "--origin")
    with connect() as client:
        found = client.strategies.list(
            kind=wanted[0], origin=wanted[1], tags=tags or (), text=text, show_deleted=deleted, limit=limit
        )
    if as_json:
        print_json(ListStrategiesResponse(strategies=found))
    else:
        show(strategies_table(found))


@commands.command("show", epilog=example("scizor strategy show sma_cross --source"))
def show_strategy(
    strategy: IdAt,
    source: Annotated[bool, typer.Option("--source", help="Only its text, as a file could hold it.")] = False,
    as_json: Json = False,
) -> None:
    """Show a strategy with its parameters and versions, or its text."""
    strategy_id, number = strategy_and_version(strategy)
    with connect() as client:
        found, version = client.strategies.get(strategy_id), client.strategies.version(strategy_id, number)
        versions = client.strategies.versions(strategy_id)
    if as_json:
        print_json(GetStrategyResponse(strategy=found, version=version))
    elif source:
        typer.echo(version.source, nl=False)
    else:
        show(strategy_facts(found, version), parameters_table(version), versions_table(versions))


@commands.command("create", epilog=example("scizor strategy create my_strategy.py --tag trend"))
def create_strategy(
    file: File,
    strategy_id: Annotated[str, typer.Option("--id", help="What to call it.", show_default="its class's name")] = "",
    title: Annotated[str, typer.Option(help="A name for people.")] = "",
    description: Annotated[str, typer.Option(help="What it does.", show_default="its docstring")] = "",
    tags: Tags = None,
    as_json: Json = False,
) -> None:
    """Store a strategy's file in the service, as its first version."""
    text = _text_of(file)
    with connect() as client:
        stored = client.strategies.create(text, strategy_id, title=title, description=description, tags=tags or ())
    if as_json:
        print_json(CreateStrategyResponse(strategy=stored))
    else:
        show(f"stored as {stored.id}@{stored.latest_version}; `scizor backtest run {stored.id} --symbols …` runs it")


@commands.command("update", epilog=example("scizor strategy update my_cross my_strategy.py"))
def update_strategy(
    strategy_id: Id,
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Its next version.", show_default=False)] = "",
    title: Annotated[str | None, typer.Option(help="A name for people.", show_default=False)] = None,
    description: Annotated[str | None, typer.Option(help="What it does.", show_default=False)] = None,
    tags: Tags = None,
    etag: Etag = "",
    as_json: Json = False,
) -> None:
    """Store a strategy's next version, or change what it is called by."""
    text = _text_of(file) if file else None
    given = {"title": title, "description": description, "tags": tags, "source": text}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise CommandFailed("nothing to change: give a file, --title, --description or --tag", EXIT_USAGE)
    wanted = Strategy(id=strategy_id, etag=etag, title=title or "", description=description or "", tags=tags)
    wanted.source = text or ""
    with connect() as client:
        stored = client.strategies.update(wanted, changes)
    if as_json:
        print_json(UpdateStrategyResponse(strategy=stored))
    else:
        show(f"{stored.id}@{stored.latest_version} is its newest version")


@commands.command("check", epilog=example("scizor strategy check my_strategy.py --symbols AAPL"))
def check_strategy(
    strategy: Annotated[str, typer.Argument(metavar="FILE|ID[@VERSION]", help="A file, or a strategy of the service.")],
    symbols: Annotated[
        list[str] | None, typer.Option(help="Symbols to run it on, commas between.", show_default="made-up bars")
    ] = None,
    start: Start = "",
    end: End = "",
    parameters: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter.", show_default="its own")
    ] = None,
    as_json: Json = False,
) -> int:
    """Have the service look for mistakes: syntax, wrong names, a short run, a view of the future.

    Exit status 1 when something is found that is no mere warning.
    """
    is_file = strategy.endswith(".py")
    strategy_id, version = ("", 0) if is_file else strategy_and_version(strategy)
    source = _text_of(strategy) if is_file else ""
    names = symbol_names(symbols) if symbols else []
    with connect() as client:
        answer = client.strategies.check(
            strategy_id,
            version,
            source=source,
            parameters=settings(parameters or []),
            symbols=names,
            start=start,
            end=end,
        )
    if as_json:
        print_json(answer)
    else:
        show(*([finding_line(strategy, one) for one in answer.findings] or [f"{strategy}: nothing found"]))
    return 0 if answer.passed else EXIT_FAILED


@commands.command("delete", epilog=example("scizor strategy delete my_cross"))
def delete_strategy(strategy_id: Id, etag: Etag = "", as_json: Json = False) -> None:
    """Take a strategy out of the lists; what was run with it stays."""
    with connect() as client:
        gone = client.strategies.delete(strategy_id, etag=etag)
    if as_json:
        print_json(DeleteStrategyResponse(strategy=gone))
    else:
        show(f"{gone.id} deleted; its {gone.latest_version} versions are kept for what was run with them")


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandFailed(f"{file}: is no UTF-8 text", EXIT_USAGE) from None
    except FileNotFoundError:
        raise CommandFailed(f"{file}: there is no such file", EXIT_USAGE) from None
