"""How an attack is tried, and what it must leave unharmed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scizor.adapters.sandbox import LockedSandbox
from scizor.ports.sandbox import Sandbox
from scizor.strategy.errors import StrategyError
from tests.integration.sandbox.attacks import HONEST, Attack

PLAY = "stage:play"


async def contained(sandbox: LockedSandbox, attack: Attack, outside: Path | None = None) -> StrategyError:
    """Try it: the strategy is told what it did, the warden is the same, and the next run is as if nothing had been."""
    warden = sandbox.warden_pid
    given = {"outside": str(outside), "folder": str(outside and outside.parent)}
    with pytest.raises(StrategyError) as caught:
        await sandbox.run(PLAY, {"source": attack.source, **given}, {}, attack.limits)
    assert re.search(attack.told, caught.value.message), caught.value.message
    assert sandbox.warden_pid == warden
    assert await honest(sandbox) == 45
    return caught.value


async def honest(sandbox: Sandbox) -> object:
    """What a strategy without tricks comes to: 45."""
    answer = await sandbox.run(PLAY, {"source": HONEST.source}, {}, HONEST.limits)
    return answer.document["loot"]
