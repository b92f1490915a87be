"""Every error becomes one line on standard error that says what to do, and an exit status."""

from __future__ import annotations

import os
import sys

import typer

from scizor.client.channel import address_from_environment
from scizor.client.cli.usage import EXIT_FAILED, EXIT_NOT_REACHABLE, EXIT_USAGE, CommandFailed, complain
from scizor.client.errors import NOT_REACHABLE, CallError
from scizor.domain.errors import InvalidInput, ScizorError


def report(error: Exception) -> int:
    """Tell of an error and return the exit status it means."""
    if isinstance(error, CommandFailed):
        first, *more = str(error).splitlines()
        complain(first)
        typer.echo("".join(f"{line}\n" for line in more), nl=False, err=True)
        return error.status
    if isinstance(error, BrokenPipeError):  # the reader had enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    complain(line_of(error))
    if isinstance(error, CallError):
        return EXIT_NOT_REACHABLE if error.may_pass else EXIT_FAILED
    return EXIT_USAGE if isinstance(error, InvalidInput) else EXIT_FAILED


def line_of(error: Exception) -> str:
    """What an error is told as: its message and, of a failed call, its reason and what to do."""
    if isinstance(error, CallError):
        message = error.message
        if error.reason == NOT_REACHABLE:
            cause = "connection refused" if "Connection refused" in message else message
            message = f"{address_from_environment(os.environ)} does not answer: {cause}"
        return f"{message} ({error.reason})" + (f"; {error.hint}" if error.hint else "")
    if isinstance(error, ScizorError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"a fault of the command's own, please report it: {type(error).__name__}: {error}"
