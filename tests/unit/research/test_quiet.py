"""What is written while nobody is to hear it."""

from __future__ import annotations

import os
import sys

import pytest

from scizor.services.research.quiet import unheard


def as_in_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python writes goes through the process's own outputs, which a test's is kept from."""
    monkeypatch.setattr(sys, "stdout", os.fdopen(1, "w", closefd=False))
    monkeypatch.setattr(sys, "stderr", os.fdopen(2, "w", closefd=False))


def test_only_what_is_written_within_is_dropped(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    as_in_a_program(monkeypatch)
    sys.stdout.write("before, ")
    with unheard():
        sys.stdout.write("within")
        sys.stderr.write("within")
        os.write(1, b"within, beneath Python")
    sys.stdout.write("after")
    sys.stdout.flush()
    assert tuple(capfd.readouterr()) == ("before, after", "")


def test_an_error_within_leaves_the_outputs_as_they_were(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    as_in_a_program(monkeypatch)
    with pytest.raises(ValueError, match="it"), unheard():
        raise ValueError("it")
    sys.stderr.write("after")
    sys.stderr.flush()
    assert capfd.readouterr().err == "after"
