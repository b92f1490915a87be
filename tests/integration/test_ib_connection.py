"""The broker's connection over a real socket: everything that ends or stalls it, and how it comes back."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbBroker, RestartWindow
from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.intervals import Interval
from scizor.ports.broker import HistoryRequest
from scizor.services.ibsim.server import serve
from scizor.services.ibsim.streams import Kind
from tests.integration.ib_stage import AAPL, QUICK, Stage, stage, until

STATE = ConnectionState
FRIDAY = date(2026, 11, 20)


async def ask(on: Stage) -> int:
    contract = await on.find()
    answer = await on.broker.history.bars(HistoryRequest(contract, Interval.DAY_1, date(2026, 11, 9), FRIDAY))
    return len(answer.bars)


async def test_it_becomes_ready_and_knows_the_simulator(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        status = on.broker.connection.status
        assert (status.state, status.server_version, status.simulated) == (STATE.READY, 178, True)
        assert status.address == f"127.0.0.1:{on.port}"
    assert on.broker.connection.status.state is STATE.DOWN


async def test_a_gateway_killed_and_started_again_is_found_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        epoch = on.broker.connection.epoch
        await on.stop_gateway()
        await on.becomes(STATE.DOWN, "cannot connect")
        waiting = asyncio.create_task(ask(on))
        await on.start_gateway()
        assert await waiting == 10, "a call made during the outage waits for its end"
        assert on.broker.connection.epoch == epoch + 1


async def test_calls_fail_in_time_when_the_gateway_stays_away(tmp_path: Path) -> None:
    async with stage(tmp_path, ready_s=0.2) as on:
        contract = await on.find()
        await on.stop_gateway()
        with pytest.raises(SourceFailure, match="not connected") as failed:
            async with asyncio.timeout(5):
                await on.broker.history.bars(HistoryRequest(contract, Interval.DAY_1, FRIDAY, FRIDAY))
        assert (failed.value.category, failed.value.code) == (FailureCategory.DISCONNECTED, 504)


async def test_a_request_under_way_when_the_gateway_dies_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, history_s=30.0, latency_s=60.0) as on:
        asking = asyncio.create_task(ask(on))
        await until(lambda: on.open_streams(Kind.HISTORY))
        await on.stop_gateway()
        with pytest.raises(SourceFailure) as failed:
            async with asyncio.timeout(10):
                await asking
        assert failed.value.category is FailureCategory.DISCONNECTED


@pytest.mark.parametrize(("code", "epochs"), [(1101, 1), (1102, 0)])
async def test_a_lost_link_degrades_and_calls_wait_for_it(tmp_path: Path, code: int, epochs: int) -> None:
    async with stage(tmp_path) as on:
        epoch = on.broker.connection.epoch
        on.faults.lose(0.3, code)
        await on.becomes(STATE.DEGRADED, "1100")
        assert await ask(on) == 10
        assert on.broker.connection.status.state is STATE.READY
        assert on.broker.connection.epoch == epoch + epochs


async def test_a_request_that_the_lost_link_swallowed_fails_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path, history_s=30.0, latency_s=60.0) as on:
        asking = asyncio.create_task(ask(on))
        await until(lambda: on.open_streams(Kind.HISTORY))
        on.faults.lose(0.3, 1102)
        with pytest.raises(SourceFailure, match="lost its link") as failed:
            async with asyncio.timeout(5):
                await asking
        assert failed.value.category is FailureCategory.DISCONNECTED
        await on.becomes(STATE.READY)
        await until(lambda: not on.open_streams(Kind.HISTORY))


async def test_a_stall_without_a_disconnect_is_found_in_bounded_time(tmp_path: Path) -> None:
    async with stage(tmp_path, silence_s=0.3, probe_s=0.3) as on:
        on.faults.stall(1.5)
        began = asyncio.get_running_loop().time()
        await on.becomes(STATE.DOWN, "silent")
        assert asyncio.get_running_loop().time() - began < 1.5
        await on.becomes(STATE.READY)
        assert await ask(on) == 10


async def test_a_quiet_gateway_that_answers_the_probe_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path, silence_s=0.05) as on:
        epoch = on.broker.connection.epoch
        await asyncio.sleep(0.5)
        assert (on.broker.connection.status.state, on.broker.connection.epoch) == (STATE.READY, epoch)


async def test_a_client_id_in_use_is_told_by_its_number(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.faults.clash(3)
        on.faults.disconnect(0.01)
        await on.becomes(STATE.DOWN, "client id 17 is in use by another program (326)")
        await on.becomes(STATE.READY)


async def test_a_broken_data_service_degrades_until_it_is_well_and_stops_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.faults.notice(2105, "HMDS data farm connection is broken:euhmds")
        await on.becomes(STATE.DEGRADED, "euhmds")
        assert await ask(on) == 10
        on.faults.notice(2106, "HMDS data farm connection is OK:euhmds")
        await on.becomes(STATE.READY)


async def test_a_new_port_is_followed_and_given_up_when_nobody_is_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        async with serve(on.gateway) as other:
            on.faults.notice(1300, f"Socket port has been reset. Please reconnect on the new port -{other}")
            await until(lambda: on.broker.connection.status.address.endswith(str(other)))
            on.gateway.hang_up()
            await on.becomes(STATE.DOWN)
            await on.becomes(STATE.READY)
        await until(lambda: on.broker.connection.status.address.endswith(str(on.port)))
        await on.becomes(STATE.READY)


async def test_the_restart_window_drains(tmp_path: Path) -> None:
    window = RestartWindow(time(10), time(11), "America/New_York")  # the stage's clock stands there
    async with stage(tmp_path, becomes=STATE.DRAINING, restart_window=window, ready_s=0.1) as on:
        assert "restart window" in on.broker.connection.status.message
        with pytest.raises(SourceFailure, match="restart window"):
            await on.broker.contracts.find(AAPL)


async def test_who_waits_when_the_program_stops_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, history_s=30.0, latency_s=60.0) as on:
        asking = asyncio.create_task(ask(on))
        await until(lambda: on.open_streams(Kind.HISTORY))
        await on.broker.stop()
        with pytest.raises(SourceFailure, match="stopped"):
            await asking
        assert on.broker.connection.status.state is STATE.DOWN


@asynccontextmanager
async def odd_gateway(answer: bytes) -> AsyncIterator[IbBroker]:
    """A broker that meets one which says this to whoever connects, and no more."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    settings = replace(QUICK, port=server.sockets[0].getsockname()[1], connect_s=0.2)
    broker = IbBroker(settings, SystemClock())
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">I", 13) + b"178\0" + b"20261120\0"],
    ids=["silence", "another protocol", "half a handshake"],
)
async def test_whoever_is_no_gateway_is_left_in_time(answer: bytes) -> None:
    async with odd_gateway(answer) as broker, asyncio.timeout(5):
        async for status in broker.connection.watch():
            if status.state is STATE.DOWN and "no answer to the handshake" in status.message:
                break
