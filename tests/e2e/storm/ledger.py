"""What the database itself saw of every job: that it ended once, and that nothing was written to it thereafter."""

from __future__ import annotations

from typing import Final

from tests.integration.collecting import execute, query

_JOBS: Final = {"backtest_jobs": 3, "optimizations": 4}
"""Tables of jobs, and the first of their states that is an end."""
_WATCHED: Final = """
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state >= TG_ARGV[0]::int THEN
        INSERT INTO seen_ends VALUES (NEW.id, 'written to after its end');
    ELSIF NEW.state >= TG_ARGV[0]::int THEN
        INSERT INTO seen_ends VALUES (NEW.id, 'ended');
    END IF;
    RETURN NULL;
END $$
"""


async def watch_ends(dsn: str) -> None:
    """Have every end written down from now on, in the transaction that brings it."""
    triggers = [
        f"CREATE TRIGGER seen AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION seen({end})"
        for table, end in _JOBS.items()
    ]
    await execute(dsn, "CREATE TABLE seen_ends (id text NOT NULL, what text NOT NULL)", _WATCHED, *triggers)


async def discrepancies(dsn: str, expected: set[str]) -> list[str]:
    """What is wrong with the stored jobs, which must be the expected ones and no other."""
    stored: set[str] = set()
    for table in _JOBS:
        stored |= {row["id"] for row in await query(dsn, f"SELECT id FROM {table}")}  # noqa: S608 - one of ours
    found = [f"{id_} is lost" for id_ in sorted(expected - stored)]
    found += [f"{id_} was asked for by nobody" for id_ in sorted(stored - expected)]
    ends = await query(dsn, "SELECT id, string_agg(what, ', ') AS what FROM seen_ends GROUP BY id")
    told = {row["id"]: row["what"] for row in ends}
    found += [f"{id_}: {told.get(id_, 'did not end')}" for id_ in sorted(stored) if told.get(id_) != "ended"]
    for sentence, select in _MUST_BE_EMPTY.items():
        found += [f"{row['id']} {sentence}" for row in await query(dsn, select)]
    return found


async def attempts(dsn: str) -> int:
    """How often jobs were begun again."""
    (row,) = await query(dsn, "SELECT coalesce(sum(attempts - 1), 0) AS again FROM backtest_jobs WHERE attempts > 1")
    return int(row["again"])


_MUST_BE_EMPTY: Final = {
    "has other results than its end says": """
        SELECT jobs.id FROM backtest_jobs jobs LEFT JOIN backtest_results results ON results.backtest_id = jobs.id
        WHERE (jobs.state = 3) <> (results.backtest_id IS NOT NULL)
    """,
    "has another number of trials than it says": """
        SELECT jobs.id FROM optimizations jobs
        WHERE done <> (SELECT count(*) FROM trials WHERE optimization_key = key)
        OR done <> (SELECT coalesce(sum(count), 0) FROM trial_batches WHERE optimization_key = key)
    """,
}
