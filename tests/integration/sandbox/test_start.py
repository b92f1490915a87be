"""Wardens at their start: what this machine lacks is said, and they end with their hosts."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

import psutil
import pytest

from scizor.adapters.sandbox import LockedSandbox
from scizor.domain.errors import FailedPrecondition, Unavailable
from tests.integration.sandbox.conftest import INSIDE, SETTINGS
from tests.integration.sandbox.containing import honest

HOST = """
import asyncio, sys
from pathlib import Path
from scizor.adapters.sandbox import LockedSandbox, SandboxSettings

async def main():
    made = LockedSandbox(SandboxSettings(import_roots=(Path(sys.argv[1]),)))
    await made.start()
    print(made.warden_pid, file=sys.stderr, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


async def test_this_machine_lacks_nothing_that_is_not_made_up_for(sandbox: LockedSandbox) -> None:
    gaps = await sandbox.start()
    assert [gap for gap in gaps if not gap.made_up_for] == []
    if os.geteuid() == 0:
        assert gaps == ()
    else:
        assert [gap.lock for gap in gaps] == ["own user"]


async def test_without_locks_uploaded_code_is_refused_unless_that_is_allowed() -> None:
    weaker = replace(SETTINGS, preload=("stage:weaken",))
    made = LockedSandbox(weaker)
    with pytest.raises(FailedPrecondition, match="seccomp: no table of system calls"):
        await made.start()
    assert made.warden_pid is None
    await made.close()
    made = LockedSandbox(replace(weaker, allow_weaker=True))
    try:
        assert {"seccomp", "landlock"} <= {gap.lock for gap in await made.start()}
        assert await honest(made) == 45
    finally:
        await made.close()


@pytest.mark.parametrize("preload", ["stage:threads", "nowhere.at_all"])
async def test_a_warden_that_cannot_be_started_is_our_fault(preload: str) -> None:
    made = LockedSandbox(replace(SETTINGS, preload=(preload,)))
    with pytest.raises(Unavailable, match="before it was ready"):
        await honest(made)
    await made.close()


async def test_a_warden_ends_with_its_host_however_that_ends() -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, str(INSIDE), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert host.stderr is not None
    async with asyncio.timeout(60):
        warden = psutil.Process(int(await host.stderr.readline()))
        host.kill()
        await host.wait()
        while warden.is_running() and warden.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - as it has no event
            await asyncio.sleep(0.01)
