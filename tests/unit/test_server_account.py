"""Whether the account of the database's server can walk to its home."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scizor.adapters.sql.embedded import account
from scizor.adapters.sql.embedded.account import Account, demand_reachable
from scizor.domain.errors import FailedPrecondition, Reason, Unavailable

OTHER = Account("other", os.geteuid() + 1, os.getegid())


def walking(codes: Iterator[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, next(codes))

    monkeypatch.setattr(account.subprocess, "run", run)  # type: ignore[attr-defined] # the module that it imports


@pytest.mark.parametrize("codes", [[0], [-9, 0], [-9, -15, 0]])
def test_one_who_was_killed_on_the_way_walks_again(
    codes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(codes)
    walking(left, monkeypatch)
    demand_reachable(tmp_path, OTHER)
    assert list(left) == []


@pytest.mark.parametrize("codes", [[2], [-9, 1]])
def test_one_who_cannot_get_in_is_told_where(codes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walking(iter(codes), monkeypatch)
    with pytest.raises(FailedPrecondition, match="the account other, which cannot enter"):
        demand_reachable(tmp_path, OTHER)


def test_one_who_is_killed_each_time_has_found_out_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walking(iter([-9, -9, -15]), monkeypatch)
    with pytest.raises(Unavailable, match="signal 15 killed the process that tried, 3 times") as caught:
        demand_reachable(tmp_path, OTHER)
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE


def test_an_account_that_is_ones_own_walks_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walking(iter([]), monkeypatch)
    demand_reachable(tmp_path, Account("me", os.geteuid(), os.getegid()))
