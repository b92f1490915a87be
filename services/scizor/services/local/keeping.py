"""The database of the home, or the one that was named, as a file and back.

The home's own server is started for it where the stack does not run, and ends with it. Meanwhile the home is held, so
that no supervisor starts into it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from scizor.adapters.clock import SystemClock
from scizor.adapters.sql.backup import Manifest, TableEntry, restore_backup, take_backup
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.embedded.home import Layout, make_home
from scizor.adapters.sql.migrations import HEAD
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.services.local.instance import only_instance
from scizor.services.local.settings import LocalSettings
from scizor.services.local.state import read_state


def back_up(settings: LocalSettings, path: Path) -> None:
    """Write the database to a new file, whether the stack runs or not; a line of JSON for each table and for all.

    Raises what `take_backup` does, and FailedPrecondition where nothing was ever stored.
    """
    if not settings.database_url and not Layout(settings.home).data.exists():
        raise FailedPrecondition(f"nothing was ever stored in {settings.home}", Reason.STORAGE_UNAVAILABLE)
    with _database(settings, running=_serves(settings.home)) as dsn:
        manifest = asyncio.run(take_backup(dsn, path, SystemClock().now(), _tell_table))
    _tell({"done": "backup", "file": str(path), "bytes": path.stat().st_size, **_facts(manifest)})


def put_back(settings: LocalSettings, path: Path, *, replace: bool) -> None:
    """Make the database what the file holds, while no stack runs; a line of JSON for each table and for all.

    Raises what `restore_backup` does, and FailedPrecondition while the stack of the home runs.
    """
    if _serves(settings.home):
        raise FailedPrecondition("the services run: stop them with `scizor down`", Reason.STORAGE_UNAVAILABLE)
    make_home(settings.home)
    with _database(settings, running=False) as dsn:
        manifest = asyncio.run(restore_backup(dsn, path, replace=replace, told=_tell_table))
    _tell({"done": "restore", "file": str(path), "migrated_to": HEAD, **_facts(manifest)})


def _serves(home: Path) -> bool:
    state = read_state(home)
    return state is not None and state.is_alive()


@contextmanager
def _database(settings: LocalSettings, *, running: bool) -> Iterator[str]:
    """The database's DSN while it serves."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.home)
    with nullcontext() if running else only_instance(settings.home):
        stays = server.is_running()
        if running and not stays:
            raise FailedPrecondition(
                "the services run, their database does not answer: see `scizor status`", Reason.STORAGE_UNAVAILABLE
            )
        server.start(die_with_parent=True)
        try:
            yield server.dsn
        finally:
            if not stays:
                server.stop()


def _facts(manifest: Manifest) -> dict[str, Any]:
    return {"schema": manifest.schema, "time": manifest.time, "tables": len(manifest.tables), "rows": manifest.rows}


def _tell_table(entry: TableEntry) -> None:
    _tell({"table": entry.name, "rows": entry.rows, "bytes": entry.length, "sha256": entry.sha256})


def _tell(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
