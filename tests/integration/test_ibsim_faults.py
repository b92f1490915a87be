"""Faults on demand, as a client meets them: a real ib_async over TCP, the demands over the control port."""

from __future__ import annotations

import asyncio
from pathlib import Path

import ib_async
import pytest

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.control import Demands, read_scenario
from scizor.services.ibsim.faults import DemandedFaults
from tests.integration.ibsim_stage import AAPL, stage


async def test_a_disconnect_hangs_up_and_refuses_callers_for_its_time(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        assert await on.demand(do="disconnect", seconds=0.3) == {"ok": True}
        await on.until(lambda: not on.ib.isConnected())
        with pytest.raises((ConnectionError, TimeoutError, OSError)):
            await on.connect(within_s=0.3)
        await asyncio.sleep(0.3)  # the demanded time itself
        await on.connect()
        assert len(await on.closes()) == 3


async def test_lost_servers_are_told_and_subscriptions_are_lost_with_1101_only(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        ticker = on.ib.reqMktData(AAPL)
        await on.until(lambda: ticker.last > 0)
        await on.demand(do="lose", seconds=0.1, code=1102)
        await on.until(lambda: 1102 in on.errors)
        assert on.errors.index(1100) < on.errors.index(1102)
        assert (await on.demand(do="status"))["clients"] == [7]
        assert len(on.gateway.connections[7].streams) == 1
        await on.demand(do="lose", seconds=0.1, code=1101)
        await on.until(lambda: 1101 in on.errors)
        assert len(on.gateway.connections[7].streams) == 0


async def test_servers_lost_again_are_restored_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="lose", seconds=0.1, code=1101)
        await on.demand(do="lose", seconds=0.2, code=1102)
        await on.until(lambda: 1102 in on.errors)
        assert 1101 not in on.errors


async def test_a_reset_says_that_the_servers_are_lost_and_hangs_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="reset", seconds=0.1)
        await on.until(lambda: not on.ib.isConnected())
        assert on.errors[-1] == 1100


async def test_broken_farms_end_subscriptions_and_refuse_history_until_they_are_well(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        on.ib.RaiseRequestErrors = True
        ticker = on.ib.reqMktData(AAPL)
        await on.until(lambda: ticker.last > 0)
        await on.demand(do="farms", seconds=0.2)
        with pytest.raises(ib_async.wrapper.RequestError, match="HMDS server disconnect"):
            await on.closes()
        assert len(on.gateway.connections[7].streams) == 0
        await on.until(lambda: 2106 in on.errors[on.errors.index(2105) :])
        assert len(await on.closes()) == 3


async def test_a_message_held_back_is_not_for_the_next_with_that_id() -> None:
    faults = DemandedFaults()
    faults.reorder(1)
    assert await faults.on_reply(7, 3, b"old") == ()
    faults.claims(7)
    assert await faults.on_reply(7, 15, b"new") == (b"new",)


async def test_a_stall_is_silent_and_ends(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="stall", seconds=0.4)
        began = asyncio.get_running_loop().time()
        await on.ib.reqCurrentTimeAsync()
        assert asyncio.get_running_loop().time() - began >= 0.3
        assert on.ib.isConnected()


async def test_a_demanded_pacing_violation_meets_history_and_nothing_else(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        on.ib.RaiseRequestErrors = True
        await on.demand(do="pacing", count=1)
        await on.ib.reqCurrentTimeAsync()
        with pytest.raises(ib_async.wrapper.RequestError, match="pacing violation"):
            await on.closes()
        assert len(await on.closes()) == 3


async def test_a_claimed_client_id_is_a_clash(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.demand(do="clash", count=1)
        with pytest.raises((ConnectionError, TimeoutError)):
            await on.connect(within_s=1.0)
        assert 326 in on.errors
        await on.connect()


async def test_repeated_and_swapped_messages_arrive_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="repeat", count=3)
        assert len(await on.closes()) == 3
        statuses: list[str] = []
        on.ib.orderStatusEvent += lambda trade: statuses.append(trade.orderStatus.status)
        await on.demand(do="reorder", count=2)
        trade = on.ib.placeOrder(AAPL, ib_async.MarketOrder("BUY", 1))
        await on.until(lambda: trade.fills)
        assert statuses


async def test_a_split_rewrites_history_as_a_gateway_does(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        before = await on.closes()
        demand = {"do": "split", "symbol": "AAPL", "currency": "USD", "ex_date": "2026-11-20", "ratio": 2.0}
        assert await on.demand(**demand) == {"ok": True}
        after = await on.closes()
        assert after[:2] == pytest.approx([close / 2 for close in before[:2]])


@pytest.mark.parametrize(
    ("demand", "names"),
    [
        ({"do": "dance"}, "do"),
        ({"do": "stall"}, "seconds"),
        ({"do": "stall", "seconds": -1}, "seconds"),
        ({"do": "stall", "seconds": True}, "seconds"),
        ({"do": "stall", "seconds": 1, "minutes": 2}, "minutes"),
        ({"do": "lose", "seconds": 1, "code": 1103}, "code"),
        ({"do": "notice", "code": 2105, "text": 5}, "text"),
        ([], "demand"),
    ],
)
def test_a_demand_that_breaks_a_rule_names_field_and_rule(demand: object, names: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{names}: "):
        Demands(DemandedFaults()).obey(demand)


async def test_a_scenario_is_played_in_its_order(tmp_path: Path) -> None:
    script = tmp_path / "scenario.jsonl"
    script.write_text('{"at_s": 0.05, "do": "disconnect", "seconds": 0.1}\n{"at_s": 0, "do": "pacing", "count": 1}\n')
    async with stage(tmp_path) as on:
        await on.connect()
        await asyncio.wait_for(Demands(on.faults).play(read_scenario(script)), 5)
        await on.until(lambda: not on.ib.isConnected())
    script.write_text('{"do": "stall", "seconds": 1}\n')
    with pytest.raises(InvalidInput, match="at_s"):
        read_scenario(script)
