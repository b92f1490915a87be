"""The schema's history, oldest first. Forward only: a step back would drop what people stored.

To add a step: change `tables`, write the next file of `versions/`, and raise HEAD; tests hold the three together.

A step only expands: whatever the version before reads and writes stays as it is, so that both can run at once. What no
version uses any longer is taken away by a step of its own, which says so: `contract = "0016"` names the schema of the
first version that no longer used it, and OLDEST is raised to it. `docs/operations.md` tells how versions are changed.
"""

from typing import Final

HEAD = "0015"
"""The newest revision; here so that a start finds its database current without loading Alembic."""

OLDEST = "0012"
"""The schema of the oldest code that works on this one: what every later step left usable."""

LOCK: Final = 0x5C120
"""Any number of our own; whoever holds it migrates or restores, the others wait."""

FUNCTIONS: Final = (
    "append_to_journal",
    "bars_belong",
    "bars_count_revision",
    "daily_prices_keep_revision",
    "sources_stay",
    "stays_as_written",
    "symbols_take_bars_along",
)
"""What the steps have made beside the tables."""

VERSION_TABLE = "scizor_schema_version"
"""Not Alembic's default name, which another program in the same database may use."""

READ_VERSION = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - a constant

READ_SERVED: Final = f"SELECT obj_description('{VERSION_TABLE}'::regclass, 'pg_class')"


def served_note(schema: str, oldest: str) -> str:
    """What is written beside the version's table: code that knows no later step reads there whether it may go on."""
    return f"schema {schema} serves code since schema {oldest}"
