"""`scizor optimize …` and `scizor optimization …`: search for a strategy's parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scizor.client.cli import backtest_options as options
from scizor.client.cli.entry import End, Json, Start, example, group, help_of
from scizor.client.cli.parse import Adjust, Length, Size, settings, symbol_names

_SHOWN = "scizor optimize sma_cross --symbols AAPL --param fast=2:27 --param slow=28:62"
_AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
commands = group(help_of("optimization"), f"scizor optimization show {_AN_ID}")

Id = Annotated[str, typer.Argument(metavar="ID", help="The optimization's id.")]


class MethodWord(StrEnum):
    """How trials are found."""

    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"
    CMA_ES = "cma_es"


class SchemeWord(StrEnum):
    """How sessions are divided."""

    NONE = "none"
    ANCHORED = "anchored"
    ROLLING = "rolling"
    PURGED_K_FOLD = "purged_k_fold"
    COMBINATORIAL_PURGED = "combinatorial_purged"


_PARAM_HELP = "LOW:HIGH, LOW:HIGH:STEP, LOW:HIGH:log, or values with commas between. Repeat it for each parameter."
_OBJECTIVE_HELP = (
    "sharpe, sortino, calmar, cagr, max_drawdown, …; with a - before it, as low as can be. May be repeated."
)
Searched = Annotated[list[str], typer.Option("--param", metavar="NAME=RANGE", help=_PARAM_HELP)]
Objectives = Annotated[
    list[str] | None, typer.Option("--objective", metavar="METRIC", help=_OBJECTIVE_HELP, show_default="sharpe")
]
Constraints = Annotated[
    list[str] | None,
    typer.Option("--constraint", metavar="METRIC>=BOUND", help="What a trial must keep, >= or <=. May be repeated."),
]
MethodChoice = Annotated[MethodWord, typer.Option(help="How trials are found.")]
MaxTrials = Annotated[int, typer.Option(min=0, help="How many at most.", show_default="the whole grid, else 100")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed, the same trials.")]
SchemeChoice = Annotated[SchemeWord, typer.Option("--validation", help="Hold what is found against other sessions.")]
Folds = Annotated[int, typer.Option(min=0, max=100, help="How many windows, or groups of sessions.", show_default="5")]
Train = Annotated[int, typer.Option(min=0, help="Sessions a window is trained on.", show_default="what tests leave")]
Test = Annotated[int, typer.Option(min=0, help="Sessions a window is tested on.", show_default="an equal part")]
TestFolds = Annotated[int, typer.Option(min=0, max=50, help="Groups tested at a time.", show_default="2")]
Purge = Annotated[int, typer.Option(min=0, help="Sessions left out before what is tested.")]
Embargo = Annotated[int, typer.Option(min=0, help="Sessions left out after what is tested; not walking forward.")]


def register(app: typer.Typer) -> None:
    """Add the command and the group; whichever word was called."""
    app.command("optimize", help=help_of("optimize"), epilog=example(_SHOWN))(optimize)
    app.add_typer(commands, name="optimization")


def optimize(
    strategy: Annotated[str, typer.Argument(help="A built-in one such as sma_cross, or a stored one such as mine@2.")],
    searched: Searched,
    symbols: options.Symbols = None,
    method: MethodChoice = MethodWord.GRID,
    objectives: Objectives = None,
    constraints: Constraints = None,
    max_trials: MaxTrials = 0,
    seed: Seed = 0,
    validation: SchemeChoice = SchemeWord.NONE,
    folds: Folds = 0,
    train: Train = 0,
    test: Test = 0,
    test_folds: TestFolds = 0,
    purge: Purge = 0,
    embargo: Embargo = 0,
    start: Start = "",
    end: End = "",
    capital: options.Capital = "100000",
    currency: options.Currency = "USD",
    parameters: options.Settings = None,
    commission_bps: options.CommissionBps = 0.0,
    commission: options.Commission = "",
    slippage_bps: options.SlippageBps = 0.0,
    slippage: options.Slippage = "",
    sizing: options.Sizing = Size.AT_DECISION,
    adjustment: options.Adjustment = Adjust.SPLIT,
    interval: options.Interval = Length.DAY_1,
    account: options.AccountKind = options.Account.UNLEVERED,
    fill_timing: options.FillTiming = options.Timing.NEXT_OPEN,
    financing: options.Financed = True,
    title: options.Title = "",
    wait: options.Wait = True,
    as_json: Json = False,
) -> None:
    """Search for a strategy's parameters: watch the trials, then show the best and what they prove."""
    from scizor.client.cli import optimization_service as service  # noqa: PLC0415 - grpc takes longer than --help may
    from scizor.client.cli.optimization_request import Search  # noqa: PLC0415

    asked = options.Asked(
        strategy,
        symbol_names(symbols or ()),
        start=start,
        end=end,
        capital=capital,
        currency=currency,
        parameters=settings(parameters or []),
        commission_bps=commission_bps,
        commission=commission,
        slippage_bps=slippage_bps,
        slippage=slippage,
        sizing=sizing,
        adjustment=adjustment,
        interval=interval,
        account=account,
        fill_timing=fill_timing,
        financing=financing,
        title=title,
    )
    sizes = {"folds": folds, "train_sessions": train, "test_sessions": test, "test_folds": test_folds}
    gaps = {"purge_sessions": purge, "embargo_sessions": embargo}
    search = Search(
        searched,
        method.name,
        objectives or ["sharpe"],
        constraints or [],
        max_trials,
        seed,
        validation.name,
        sizes | gaps,
    )
    service.run(asked, search, wait=wait, as_json=as_json)


@commands.command("watch", epilog=example(f"scizor optimization watch {_AN_ID}"))
def watch(optimization_id: Id, as_json: Json = False) -> None:
    """Watch an optimization to its end, then show what it came to."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.watch(optimization_id, as_json=as_json)


@commands.command("show", epilog=example(f"scizor optimization show {_AN_ID}"))
def show(
    optimization_id: Id,
    x: Annotated[str, typer.Option(help="The map's parameter along x.", show_default="the last")] = "",
    y: Annotated[str, typer.Option(help="The map's parameter along y.", show_default="the first")] = "",
    as_json: Json = False,
) -> None:
    """Show the best trials so far, what they prove, and the map of two parameters."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.show_one(optimization_id, x, y, as_json=as_json)


@commands.command("trials", epilog=example(f"scizor optimization trials {_AN_ID} --by sharpe --limit 20"))
def trials(
    optimization_id: Id,
    by: Annotated[str, typer.Option(help="A metric, the best first.", show_default="number")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List trials."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.show_trials(optimization_id, by, limit, as_json=as_json)


@commands.command("list", epilog=example("scizor optimization list --limit 10"))
def show_list(
    strategy: Annotated[str, typer.Option(help="Only this strategy.", show_default="all")] = "",
    state: Annotated[str, typer.Option(help="Only this state, such as running.", show_default="all")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List optimizations, newest first."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.show_list(strategy, state, limit, as_json=as_json)


@commands.command("pause", epilog=example(f"scizor optimization pause {_AN_ID}"))
def pause(optimization_id: Id, as_json: Json = False) -> None:
    """Let an optimization rest; its trials are kept."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.turn("pause", optimization_id, as_json=as_json)


@commands.command("resume", epilog=example(f"scizor optimization resume {_AN_ID}"))
def resume(optimization_id: Id, as_json: Json = False) -> None:
    """Let a resting optimization go on."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.turn("resume", optimization_id, as_json=as_json)


@commands.command("cancel", epilog=example(f"scizor optimization cancel {_AN_ID}"))
def cancel(optimization_id: Id, as_json: Json = False) -> None:
    """End an optimization; its trials are kept."""
    from scizor.client.cli import optimization_service  # noqa: PLC0415 - see above

    optimization_service.turn("cancel", optimization_id, as_json=as_json)
