"""`scizor backup` and `scizor restore`, as far as they go before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scizor.client.cli import run
from scizor.client.cli.local import SUPERVISOR

NOBODY = (sys.executable, "-c", "import sys; sys.exit('no program was to be started')")


@pytest.fixture(autouse=True)
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scizor.client.cli.local.SUPERVISOR", NOBODY)


@pytest.mark.parametrize("word", ["backup", "restore"])
def test_every_help_ends_with_an_example(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word, "--help"]) == 0
    assert f"Example: scizor {word} scizor.tar.zst" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["backup", "restore"])
def test_a_file_must_be_named(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 2
    assert "FILE" in capsys.readouterr().err


def test_nothing_is_given_up_where_nobody_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["restore", str(tmp_path / "file"), "--replace"]) == 2
    assert "say --yes" in capsys.readouterr().err


def test_nothing_is_given_up_when_the_answer_is_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_args, **_kw: False)
    assert run(["restore", str(tmp_path / "file"), "--replace"]) == 1
    assert "nothing was done" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["backup"], ["restore"], ["restore", "--replace", "--yes"]])
def test_what_the_program_says_is_the_one_line(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, str(tmp_path / "file")]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "scizor: no program was to be started\n")


def test_a_file_is_found_from_where_the_command_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says = "import sys; sys.exit(' '.join(sys.argv[1:]))"
    monkeypatch.setattr("scizor.client.cli.local.SUPERVISOR", (SUPERVISOR[0], "-c", says))
    monkeypatch.chdir(tmp_path)
    assert run(["backup", "file"]) == 1
    assert capsys.readouterr().err == f"scizor: backup {tmp_path / 'file'}\n"
