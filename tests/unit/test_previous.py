"""Which version is the one before, and what is said where that cannot be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import previous

HASH = "8" * 40


def answering(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> None:
    monkeypatch.setattr(previous, "_git", lambda *words: answers.get(" ".join(words), ""))


TAG = "describe --tags --abbrev=0 --match v* HEAD^"


def test_the_newest_release_is_the_version_before(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {TAG: "v1.2.0", "rev-parse --verify --quiet v1.2.0^{commit}": HASH})
    assert previous.previous_commit() == HASH


def test_without_a_release_it_is_the_commit_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named = (previous.ROOT / "tools" / "PREVIOUS").read_text().split()[0]
    answering(monkeypatch, {f"rev-parse --verify --quiet {named}^{{commit}}": named})
    assert previous.previous_commit() == named


def test_a_clone_without_it_says_loudly_that_nothing_was_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, {})
    assert previous.main() == previous.NOT_THERE
    said = capsys.readouterr().err
    assert said.startswith("SKIPPED, NOT PROVED")
    assert "git fetch --unshallow" in said


def test_tests_of_its_own_schema_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "integration"
    folder.mkdir(parents=True)
    for name in ("test_sql_storage.py", "test_sql_schema.py", "test_sql_backup.py", "test_edge.py"):
        (folder / name).touch()
    assert previous.storage_tests(tmp_path) == ["tests/contracts", "tests/integration/test_sql_storage.py"]
