"""`scizor backup` and `scizor restore`: all that is stored as one file, and back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from scizor.client.cli import local
from scizor.client.cli.common import print_json
from scizor.client.cli.entry import Json, example, help_of
from scizor.client.cli.tables import console, counted, show
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed

File = Annotated[Path, typer.Argument(metavar="FILE", help="Such as scizor-2026-11-23.tar.zst.")]
_NOT_STOPPED_S = 10.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup", help=help_of("backup"), epilog=example("scizor backup scizor.tar.zst"))(backup)
    app.command("restore", help=help_of("restore"), epilog=example("scizor restore scizor.tar.zst"))(restore)


def backup(file: File, as_json: Json = False) -> None:
    """Write all that is stored, as it is at one instant, to a new file.

    The services may go on. The database is DATABASE_URL's, else the one of this machine.
    """
    last = _run("backup", str(file.absolute()), as_json=as_json)
    if not as_json:
        show(f"{file}: {counted(last['rows'], 'row')} of schema {last['schema']}, {last['bytes'] / 1e6:,.1f} MB")


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what is stored now.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Put back what `scizor backup` wrote, all of it or nothing.

    Nothing is touched when the file is damaged or newer than this version, when services use the database, or when it
    holds anything and --replace is not given. A backup of an older version is migrated to this one.
    """
    if replace and not yes:
        _confirm()
    words = ["--replace"] if replace else []
    last = _run("restore", str(file.absolute()), *words, as_json=as_json)
    if not as_json:
        since = "" if last["schema"] == last["migrated_to"] else f", migrated to {last['migrated_to']}"
        show(f"{counted(last['rows'], 'row')} of {last['time']} are back; schema {last['schema']}{since}")


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise CommandFailed("give up what is stored: nobody is there to be asked, say --yes", EXIT_USAGE)
    if not typer.confirm("give up what is stored?", err=True):
        raise CommandFailed("nothing was done")


def _run(*words: str, as_json: bool) -> dict[str, Any]:
    """Let the supervisor's program do it, show how far it is, and return what it said last."""
    local.demand_server()
    last: dict[str, Any] = {}
    if as_json:
        for last in _lines(*words):
            print_json(last)
        return last
    with console().status("reading") as status:
        for last in _lines(*words):
            if "table" in last:
                status.update(f"{last['table']}: {counted(last['rows'], 'row')}")
    return last


def _lines(*words: str) -> Iterator[dict[str, Any]]:
    """Each line it says. A command that ends before it takes it along, and then nothing was done."""
    with subprocess.Popen(
        [*local.SUPERVISOR, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield from map(json.loads, process.stdout or ())
            said = process.stderr.read() if process.stderr else ""
            if process.wait() != 0:
                first = said.strip().splitlines()[-1:] or [f"it ended with status {process.returncode}"]
                raise CommandFailed(first[0].replace("or replace what is stored", "or say --replace"))
        finally:
            _ended(process)


def _ended(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_NOT_STOPPED_S)
        except subprocess.TimeoutExpired:
            process.kill()
