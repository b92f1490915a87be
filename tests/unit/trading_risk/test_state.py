"""Trading states: latched, audited, there again after a restart, and never loosened by a breach."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from scizor.domain.trading.trading_state import TradingState
from scizor.services.trading.use_cases import StateWish
from tests.unit.trading_desk.world import ACCOUNT, ME
from tests.unit.trading_risk.stage import Scene, scene


def states(on: Scene) -> Any:
    return on.room._states


@pytest.mark.parametrize("state", list(TradingState))
async def test_a_state_is_in_force_when_it_is_answered_and_after_a_restart(state: TradingState) -> None:
    async with scene() as on:
        await on.state(state)
        assert on.room.state(ACCOUNT).state is state
        await on.kill()
        await on.start()
        after = on.room.state(ACCOUNT)
        assert (after.state, after.reason, after.by) == (state, "wanted", ME.name)


async def test_a_state_is_told_and_audited_with_what_it_was() -> None:
    async with scene() as on:
        await on.state(TradingState.REDUCING)
        await on.state(TradingState.HALTED, flatten=True)
        assert [one.state for one in on.events] == [TradingState.REDUCING, TradingState.HALTED]
        assert on.events[1].message == "HALTED, closing everything: wanted"
        lines = list(on.storage.tables.trading.audit.values())
        assert [one.action for one in lines] == ["trading state", "trading state"]
        assert lines[0].before == ""
        assert json.loads(lines[1].before)["state"] == "REDUCING"
        assert json.loads(lines[1].after) == {"state": "HALTED", "reason": "wanted", "by": ME.name, "flattening": True}


async def test_a_breach_never_loosens() -> None:
    async with scene() as on:
        assert await states(on).tighten(ACCOUNT, TradingState.HALTED, "lost", "a limit")
        assert not await states(on).tighten(ACCOUNT, TradingState.REDUCING, "lost", "a limit")
        assert not await states(on).tighten(ACCOUNT, TradingState.HALTED, "lost", "a limit")
        assert on.room.state(ACCOUNT).state is TradingState.HALTED
        assert on.kinds() == ["STATE_CHANGED"]
        assert len(on.storage.tables.trading.audit) == 1


async def test_a_breach_does_not_loosen_what_was_set_where_it_did_not_look() -> None:
    """Committed, and not yet in force in this process: by another one, or by a call that is about to answer."""
    async with scene() as on:
        async with on.storage.begin() as work:
            wish = StateWish(ACCOUNT, TradingState.HALTED, "wanted", flatten=True)
            await on.room.set_state(cast("Any", work), wish, ME)
        assert not await states(on).tighten(ACCOUNT, TradingState.REDUCING, "lost", "a limit")
        after = on.room.state(ACCOUNT)
        assert (after.state, after.flattening) == (TradingState.HALTED, True)


async def test_a_kill_switch_that_is_done_ends_only_what_it_was_asked() -> None:
    async with scene() as on:
        first = await on.state(TradingState.HALTED, flatten=True)
        await on.state(TradingState.ACTIVE)
        await states(on).flattened(first)
        assert on.room.state(ACCOUNT).state is TradingState.ACTIVE
        again = await on.state(TradingState.HALTED, flatten=True)
        await states(on).flattened(first)
        assert on.room.state(ACCOUNT).flattening
        await states(on).flattened(again)
        after = on.room.state(ACCOUNT)
        assert (after.state, after.flattening) == (TradingState.HALTED, False)
