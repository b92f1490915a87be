"""How commands are declared, without the weight of carrying them out: all that `scizor --help` loads."""

from __future__ import annotations

from typing import Annotated

import typer

COMMANDS = {
    "up": ("services", "Start all services on this machine, on 127.0.0.1 only; without --detach until Ctrl-C."),
    "down": ("services", "Stop what `scizor up` started on this machine; no process stays, all data does."),
    "status": ("services", "Show how the services are; exit status 3 when they do not answer."),
    "backup": ("backups", "Write all that is stored to a file, while the services run or not."),
    "restore": ("backups", "Put back what `scizor backup` wrote, while the services do not run."),
    "demo": (
        "demo",
        "See it work: start the services, collect bars and prove them, run a backtest on them, place an order.",
    ),
    "symbols": ("symbols", "The instruments that bars are kept of."),
    "bars": ("bars", "Bars: import, read, examine, delete."),
    "collect": ("collect", "Ask the broker for the bars that are lacking; follow, look at and end such work."),
    "stream": ("stream", "Prices as they happen, as a live table or as lines."),
    "coverage": ("truth", "Compare the stored bars with the exchange's calendar: what is there, what is not, and why."),
    "quality": ("truth", "Show how imports were judged, the rows kept aside, and what looks wrong in stored bars."),
    "market-hours": ("truth", "Show an exchange's sessions, and whether it is open now."),
    "actions": ("actions", "Splits and dividends; prices are adjusted by them when read."),
    "strategy": ("strategies", "Strategies: store, change, look at and check the code that backtests run."),
    "backtest": ("backtests", "Strategies run over history."),
    "optimize": ("optimizing", "Search for a strategy's parameters, watch the trials, show the best and their proof."),
    "optimization": ("optimizing", "Searches for parameters: watch, look at, pause, resume and end them."),
    "trade": ("trade.commands", "Trade on an account at the broker: orders, positions, risk, strategies at work."),
}
"""Every first word: the module that has its commands, and what its help says."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines; the last line is the result.")]
Start = Annotated[str, typer.Option(help="First session, YYYY-MM-DD.", show_default="the oldest stored")]
End = Annotated[str, typer.Option(help="Last session, YYYY-MM-DD.", show_default="the newest stored")]
SymbolName = Annotated[str, typer.Argument(help="AAPL, BHP.ASX or BHP.ASX.AUD.", metavar="SYMBOL")]


def group(about: str, shown: str) -> typer.Typer:
    """A group of commands; called alone it shows its help, which ends with the command `shown`."""
    app = typer.Typer(
        help=about,
        epilog=example(shown),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_stay_a_group)
    return app


def help_of(name: str) -> str:
    """What the help says of a first word."""
    return COMMANDS[name][1]


def example(command: str) -> str:
    """The last line of a command's help."""
    escaped = command.replace("[", r"\[")
    return f"Example: [bold]{escaped}[/bold]"


def _stay_a_group() -> None:
    """A group with one command would otherwise become that command."""
