"""One line on standard error, an exit status, and what stops a command."""

from __future__ import annotations

import typer

from scizor.client.cli.tables import harmless

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_REACHABLE = 3
EXIT_INTERRUPTED = 130


class CommandFailed(Exception):
    """A command cannot go on. The first line says what to do; further ones (the end of a log) are shown below it."""

    def __init__(self, message: str, status: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.status = status


def complain(text: str) -> None:
    """One line on standard error."""
    typer.echo("scizor: " + harmless(" ".join(text.split())), err=True)


def report_usage(error: typer.TyperException) -> int:
    """Tell how a command was called wrongly; a group called alone shows its help instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message())
        return EXIT_USAGE
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "scizor"
    complain(f"{error.format_message().rstrip('.')}; see `{command} --help`")
    return error.exit_code
