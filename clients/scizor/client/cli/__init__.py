"""The `scizor` command.

Each first word has its module, and only the one that is called is loaded: grpc, numpy and protobuf take longer to load
than `scizor --help` may take. `entry` holds the table of first words.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from scizor.client.cli.entry import COMMANDS, group
from scizor.client.cli.usage import EXIT_INTERRUPTED, report_usage


def main() -> None:
    """The entry point: exit status 0 done, 1 failed, 2 wrongly called, 3 not reachable."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit status."""
    try:
        app = application(arguments[0] if arguments else "")
        status = app(list(arguments), prog_name="scizor", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return report_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: a user gets one line, never a traceback
        status = import_module("scizor.client.cli.failures").report(error)
    return status if isinstance(status, int) else 0


def application(word: str) -> typer.Typer:
    """The commands of one first word; for any other word the table of all of them."""
    app = group("Market data, backtests and the services behind them.", "scizor demo")
    if word in COMMANDS:
        import_module(f"scizor.client.cli.{COMMANDS[word][0]}").register(app)
        return app
    for name, (_module, about) in COMMANDS.items():
        app.command(name, help=about)(_only_listed)
    return app


def _only_listed() -> None:
    """Stands for a command that was not called."""
