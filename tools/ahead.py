"""A pytest plugin for a version that is tested on the schema of a later one: who migrates is the later one.

It is copied to where `tools.previous` runs the version before, and stands alone: all else there is of that version.
SCIZOR_AHEAD names the source roots of the later version, SCIZOR_BEHIND the folder of the version under test.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from scizor.adapters.sql import migrate as migration

_DEADLINE_S = 120.0


async def migrate_ahead(dsn: str) -> bool:
    """In place of the version's own: the later version's steps, by the later version's code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scizor.adapters.sql.migrate"),
        env=os.environ | {"DATABASE_URL": dsn, "PYTHONPATH": os.environ["SCIZOR_AHEAD"]},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_DEADLINE_S):
        said = (await process.communicate())[0].decode()
    if process.returncode != 0:
        raise RuntimeError("the later version cannot migrate")
    return "migrated" in said


if not Path(str(migration.__file__)).is_relative_to(os.environ["SCIZOR_BEHIND"]):
    raise RuntimeError(f"{migration.__file__} is not of the version under test")
migration.migrate = migrate_ahead
