"""Migrations only expand: the version before goes on reading and writing as it always did.

What a step does is taken from the statements it would execute; bodies of functions are left to `tools.previous`, which
runs the version before on the schema as it is now.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from alembic import op

from scizor.adapters.sql import migrations

BASELINE = "0012"
"""Until this step there was one version at a time."""

VERSIONS = Path(migrations.__file__).parent / "versions"
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
NAME = r'(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?(\w+)"?'
RULES = {
    "takes something away": rf"^DROP (?!INDEX)|^TRUNCATE|^DELETE|^ALTER TABLE {NAME} .*\bDROP COLUMN\b",
    "takes a column away": rf"^ALTER TABLE {NAME} (?:.*, )?DROP (?!COLUMN|CONSTRAINT|DEFAULT|NOT NULL|IDENTITY)",
    "takes a default away": r"\bDROP (?:DEFAULT|IDENTITY)\b",
    "gives another name": r"^ALTER .*\bRENAME\b",
    "demands a value that none was given for": r"\bADD (?:COLUMN )?(?!(?:[^,(]|\([^)]*\))*\bDEFAULT\b)"
    r"(?!(?:[^,(]|\([^)]*\))*\bGENERATED\b)(?!CONSTRAINT)(?:[^,(]|\([^)]*\))*\bNOT NULL\b",
    "demands a value from now on": r"\bSET NOT NULL\b",
    "changes a type": r"\bALTER (?:COLUMN )?\"?\w+\"? (?:SET DATA )?TYPE\b",
}


def steps() -> list[ModuleType]:
    """Every step, oldest first."""
    found = []
    for path in sorted(VERSIONS.glob("[0-9]*.py")):
        spec = importlib.util.spec_from_file_location(f"step_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module)
    return found


def statements_of(step: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a step executes, on one line each, without the bodies of functions."""
    said: list[str] = []
    monkeypatch.setattr(op, "execute", lambda statement: said.append(str(statement)))
    step.upgrade()
    return [" ".join(BODY.sub("$$ $$", statement).split()) for statement in said]


def breaches(statements: list[str]) -> list[str]:
    """What of this the version before would not bear."""
    made = {match[1] for one in statements if (match := re.match(rf"CREATE TABLE {NAME}", one))}
    found = [
        f"{what}: {one}"
        for one in statements
        for what, pattern in RULES.items()
        if re.search(pattern, one, re.IGNORECASE) and _table_of(one) not in made
    ]
    return found + [f"adds a rule to what is there: {one}" for one in statements if _new_rule(one, statements, made)]


def _table_of(statement: str) -> str:
    match = re.match(rf"ALTER TABLE {NAME}|CREATE UNIQUE INDEX .*? ON {NAME}", statement, re.IGNORECASE)
    return (match[1] or match[2]) if match else ""


def _new_rule(statement: str, statements: list[str], made: set[str]) -> bool:
    """A rule may take the place of one of its name, or be about a column that came with it."""
    if _table_of(statement) in made:
        return False
    if re.match("CREATE UNIQUE INDEX", statement, re.IGNORECASE):
        return True
    everything = " ".join(statements)
    columns = re.findall(r'ADD COLUMN (?:IF NOT EXISTS )?"?(\w+)"?', everything, re.IGNORECASE)
    for name, rule in re.findall(r"ADD CONSTRAINT (\w+) (.*?)(?=, ADD |, DROP |$)", statement, re.IGNORECASE):
        replaced = re.search(rf"DROP CONSTRAINT {name}\b", everything, re.IGNORECASE)
        if not replaced and not any(re.search(rf"\b{column}\b", rule) for column in columns):
            return True
    return False


def test_every_step_since_the_baseline_only_expands_or_says_that_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        step.revision: breaches(statements_of(step, monkeypatch))
        for step in steps()
        if step.revision > BASELINE and not hasattr(step, "contract")
    }
    assert {revision: broken for revision, broken in found.items() if broken} == {}


def test_what_is_taken_away_was_not_used_by_the_oldest_code_that_is_served() -> None:
    contracts = {step.revision: step.contract for step in steps() if hasattr(step, "contract")}
    for revision, stopped in contracts.items():
        assert re.fullmatch(r"\d{4}", stopped), revision
        assert BASELINE <= stopped < revision
    assert max([BASELINE, *contracts.values()]) == migrations.OLDEST <= migrations.HEAD


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE symbols",
        "DROP FUNCTION f CASCADE",
        "ALTER TABLE symbols DROP COLUMN sector",
        "ALTER TABLE symbols ADD COLUMN a TEXT, DROP sector",
        "ALTER TABLE symbols RENAME COLUMN sector TO branch",
        "ALTER TABLE symbols RENAME TO instruments",
        "ALTER INDEX a RENAME TO b",
        "ALTER TABLE symbols ADD COLUMN rank INTEGER NOT NULL",
        "ALTER TABLE symbols ADD COLUMN a TEXT DEFAULT '' NOT NULL, ADD COLUMN rank NUMERIC(3, 1) NOT NULL",
        "ALTER TABLE symbols ALTER COLUMN sector SET NOT NULL",
        "ALTER TABLE symbols ALTER sector TYPE VARCHAR(10)",
        "ALTER TABLE symbols ALTER COLUMN id SET DATA TYPE SMALLINT",
        "ALTER TABLE symbols ALTER COLUMN version DROP DEFAULT",
        "ALTER TABLE symbols ADD CONSTRAINT ck_new CHECK (sector <> '')",
        "CREATE UNIQUE INDEX uq_new ON symbols (sector)",
        "TRUNCATE symbols",
        "delete from symbols",
    ],
)
def test_what_the_version_before_would_not_bear_is_found(statement: str) -> None:
    assert breaches([statement]) != []


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE symbols ADD COLUMN rank INTEGER, ADD COLUMN note TEXT DEFAULT '' NOT NULL"],
        ["ALTER TABLE symbols ADD COLUMN rank NUMERIC(3, 1) DEFAULT 0 NOT NULL, ADD COLUMN key BIGINT"],
        ["ALTER TABLE symbols ADD COLUMN rank INTEGER, ADD CONSTRAINT ck_rank CHECK (rank > 0)"],
        ["ALTER TABLE symbols DROP CONSTRAINT ck_a, ADD CONSTRAINT ck_a CHECK (asset_type BETWEEN 0 AND 9)"],
        ["CREATE TABLE new (id INTEGER NOT NULL)", "CREATE UNIQUE INDEX uq_new ON new (id)"],
        ["CREATE INDEX ix_new ON symbols (sector)", "DROP INDEX ix_old"],
        ["ALTER TABLE symbols ALTER COLUMN sector SET STORAGE EXTERNAL"],
        ["ALTER TABLE symbols ALTER COLUMN sector DROP NOT NULL"],
        ["CREATE OR REPLACE FUNCTION f() RETURNS VOID LANGUAGE sql AS $$ $$"],
    ],
)
def test_what_only_expands_is_let_through(statements: list[str]) -> None:
    assert breaches(statements) == []


def test_bodies_of_functions_are_not_taken_for_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    step = ModuleType("step")
    body = "CREATE FUNCTION f() RETURNS VOID LANGUAGE sql AS $a$\nDROP TABLE x;\nDELETE FROM y $a$"
    step.upgrade = lambda: op.execute(body)  # type: ignore[attr-defined] # as a step has it
    assert statements_of(step, monkeypatch) == ["CREATE FUNCTION f() RETURNS VOID LANGUAGE sql AS $$ $$"]
