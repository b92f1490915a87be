"""Orders over the wire: who is told what, and what survives the gateway's death."""

from __future__ import annotations

import signal
from pathlib import Path

from scizor.services.ibsim.wire.fields import Value
from tests.integration.ibsim_client import AAPL, RawClient, started
from tests.integration.ibsim_gateway import gateway_at, gateway_process


async def place(client: RawClient, order_id: int, action: str, quantity: int, price: float | None) -> None:
    """An order as ib_async spells it at version 178."""
    kind, limit = ("MKT", "") if price is None else ("LMT", str(price))
    fields: list[Value] = [3, order_id, *AAPL, "", "", action, quantity, kind, limit, "", "GTC", "", "", "", 0, "a ref"]
    fields += [1, 0, 0, 0, 0, 0, 0, 0]  # transmit .. hidden
    fields += ["", 0, "", "", "", "", "", "", 0, "", -1, 0, "", "", 0]  # .. all or none
    fields += ["", "", 0, 0, "", 0, "", "", "", "", "", 0, "", "", "", ""]  # .. delta neutral
    fields += [0, "", "", "", "", "", "", "", "", "", "", 0, "", "", 0, 0, "", "", 0]  # .. what if
    fields += ["", 0, 0, 0, 0, "", "", ""]  # .. the offset of a limit
    await client.send(*fields)


async def statuses(client: RawClient, order_id: int, until: str) -> list[str]:
    told: list[str] = []
    while not told or told[-1] != until:
        message = await client.wait(3)
        if message[1] == str(order_id):
            told.append(message[2])
    return told


async def test_a_fill_is_told_to_its_owner_and_the_position_to_everyone() -> None:
    async with gateway_at() as (_, port), started(port, 1) as owner, started(port, 2) as other:
        for client in (owner, other):
            await client.send(61, 1)
            await client.wait(62)
        await place(owner, 1, "BUY", 10, None)
        assert await statuses(owner, 1, "Filled") == ["PreSubmitted", "Submitted", "Filled"]
        await owner.wait(59)
        assert (await other.wait(61))[14] == "10"
        assert not [message for message in other.seen if message[0] in {"3", "5", "11", "59"}]
        kinds = [message[0] for message in owner.seen if message[0] in {"3", "5", "11", "59"}]
        assert kinds == ["5", "3", "5", "3", "11", "5", "3", "59"]


async def test_open_orders_are_the_clients_own_unless_all_are_asked_for() -> None:
    async with gateway_at() as (_, port), started(port, 1) as one, started(port, 2) as two:
        await place(one, 1, "BUY", 10, 5.0)
        await statuses(one, 1, "Submitted")
        await two.send(5, 1)
        await two.wait(53)
        assert not [message for message in two.seen if message[0] == "5"]
        await two.send(16, 1)
        await two.wait(53)
        assert [message[1] for message in two.seen if message[0] == "5"] == ["1"]
        await two.send(58, 1)
        assert await statuses(one, 1, "Cancelled") == ["Cancelled"]
        assert await one.error(of=1) == 202


async def test_executions_pass_a_filter() -> None:
    async with gateway_at() as (_, port), started(port, 1) as client:
        await place(client, 1, "BUY", 10, None)
        await client.wait(59)
        for req_id, account, side in ((5, "", "BUY"), (6, "", "SELL"), (7, "DU1", "BUY")):
            await client.send(7, 3, req_id, 0, account, "", "", "", "", side)
            await client.wait(55)
        assert [message[1] for message in client.seen if message[0] == "11"] == ["-1", "5"]


async def test_account_updates_follow_every_fill() -> None:
    async with gateway_at() as (_, port), started(port, 1) as client:
        await client.send(6, 2, 1, "")
        await client.wait(54)
        await place(client, 1, "BUY", 10, None)
        assert (await client.wait(7))[3] == "AAPL"
        await client.wait(54)


async def test_what_a_client_was_told_survives_kill_9(tmp_path: Path) -> None:
    with gateway_process(tmp_path) as gateway:
        async with started(gateway.port, 1) as client:
            await place(client, 4, "BUY", 10, None)
            fill = await client.wait(11)
            await client.wait(59)
            await place(client, 5, "BUY", 10, 5.0)
            await statuses(client, 5, "Submitted")
            gateway.process.send_signal(signal.SIGKILL)
            await client.until_closed()
    async with gateway_at(state=tmp_path / "state.sqlite") as (_, port), started(port, 1) as client:
        assert client.seen[2] == ["9", "1", "6"]
        await client.send(5, 1)
        assert (await client.wait(5))[1] == "5"
        await client.send(61, 1)
        assert (await client.wait(61))[14] == "10"
        await client.send(7, 3, 9, 0, "", "", "", "", "", "")
        again = await client.wait(11)
        assert again[14:] == fill[14:]


async def test_it_ends_when_told_to(tmp_path: Path) -> None:
    with gateway_process(tmp_path) as gateway:
        async with started(gateway.port, 1) as client:
            gateway.process.send_signal(signal.SIGTERM)
            await client.until_closed()
        assert gateway.process.wait(10) == 0
