"""The attacks that take their time, every forged answer, and all at once while wardens are killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from scizor.adapters.sandbox import LockedSandbox
from scizor.domain.errors import Unavailable
from scizor.strategy.errors import StrategyError
from tests.integration.sandbox.attacks import ENDINGS, MEMORY, NETWORK, PROCESSES, SLOW, TIME, Attack
from tests.integration.sandbox.conftest import SETTINGS
from tests.integration.sandbox.containing import PLAY, contained, honest
from tests.integration.sandbox.forgeries import FORGERIES, MORE_FORGERIES

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LockedSandbox]:
    made = LockedSandbox(SETTINGS)
    yield made
    await made.close()


@pytest.mark.parametrize("attack", [*SLOW, *MORE_FORGERIES], ids=lambda attack: attack.name)
async def test_the_attack_is_contained(sandbox: LockedSandbox, attack: Attack) -> None:
    await sandbox.start()
    await contained(sandbox, attack)


@pytest.mark.parametrize("seed", range(3))
async def test_attacks_at_the_same_time_change_nothing_for_honest_runs(sandbox: LockedSandbox, seed: int) -> None:
    await sandbox.start()
    warden, dice = sandbox.warden_pid, np.random.default_rng(seed)
    known = [*NETWORK, *PROCESSES, *ENDINGS, *MEMORY, *TIME, *FORGERIES, *MORE_FORGERIES]
    attacks = [known[at] for at in dice.integers(0, len(known), 100)]
    tried = [_told(sandbox, attack) for attack in attacks]
    sums = [honest(sandbox) for _ in range(50)]
    told, found = await asyncio.gather(asyncio.gather(*tried), asyncio.gather(*sums))
    for attack, message in zip(attacks, told, strict=True):
        assert re.search(attack.told, message), (attack.name, message)
    assert found == [45] * len(sums)
    assert sandbox.warden_pid == warden


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_wardens_die_of_each_run_ends_once_and_right(seed: int) -> None:
    dice = np.random.default_rng(seed)
    made = LockedSandbox(replace(SETTINGS, concurrency=2))

    async def tried_again() -> object:
        for _ in range(100):
            with suppress(Unavailable):
                return await honest(made)
        raise AssertionError("never through")

    async def murderer() -> None:
        for _ in range(4):
            await asyncio.sleep(dice.uniform(0.5, 2.0))
            if made.warden_pid is not None:
                os.kill(made.warden_pid, signal.SIGKILL)

    try:
        killing = asyncio.create_task(murderer())
        while not killing.done():
            assert await asyncio.gather(*(tried_again() for _ in range(10))) == [45] * 10
        await killing
    finally:
        await made.close()


async def _told(sandbox: LockedSandbox, attack: Attack) -> str:
    try:
        await sandbox.run(PLAY, {"source": attack.source}, {}, attack.limits)
    except StrategyError as error:
        return error.message
    return "it got through"
