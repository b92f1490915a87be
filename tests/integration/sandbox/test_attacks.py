"""Hostile strategies, each contained and told what it did; the service's side is unharmed."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from scizor.adapters.sandbox import LockedSandbox
from tests.integration.sandbox.attacks import ENDINGS, FILES, KERNEL, MEMORY, NETWORK, PROCESSES, TIME, Attack
from tests.integration.sandbox.containing import contained
from tests.integration.sandbox.forgeries import ANSWERS, FORGERIES


def named(attack: Attack) -> str:
    return attack.name


@pytest.mark.parametrize("attack", FILES, ids=named)
async def test_files_are_out_of_sight_and_nothing_is_written(
    sandbox: LockedSandbox, attack: Attack, open_folder: Path
) -> None:
    others = open_folder / "other_strategy.py"
    others.write_text("secret = 1")
    others.chmod(0o644)
    await contained(sandbox, attack, others)


@pytest.mark.parametrize("attack", NETWORK, ids=named)
async def test_there_is_no_network(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", PROCESSES, ids=named)
async def test_it_neither_makes_processes_nor_reaches_others(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", KERNEL, ids=named)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86_64")
async def test_the_kernel_s_other_calls_are_refused_however_they_are_made(
    sandbox: LockedSandbox, attack: Attack
) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", ENDINGS, ids=named)
async def test_however_it_ends_the_end_is_told(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", MEMORY, ids=named)
async def test_memory_and_descriptors_are_bounded(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", TIME, ids=named)
async def test_time_is_bounded(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)


@pytest.mark.parametrize("attack", [*FORGERIES, *ANSWERS], ids=named)
async def test_answers_are_believed_in_nothing(sandbox: LockedSandbox, attack: Attack) -> None:
    await contained(sandbox, attack)
