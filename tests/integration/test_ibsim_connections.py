"""What a gateway does with connections, well-behaved and not."""

from __future__ import annotations

import asyncio

import pytest

from scizor.services.ibsim.hooks import Faults
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.framing import pack
from tests.integration.ibsim_client import dialled, history, started
from tests.integration.ibsim_gateway import gateway_at


async def test_a_client_gets_its_version_account_and_first_order_id() -> None:
    async with gateway_at() as (_, port), dialled(port) as client:
        version, _ = await client.greet("v100..163")
        await client.start(5)
        assert version == "163"
        assert await client.next() == ["15", "1", "DUSIM0001"]
        assert await client.next() == ["9", "1", "1"]
        assert [(await client.next())[3] for _ in range(3)] == ["2104", "2106", "2158"]


async def test_nothing_is_said_between_the_version_and_the_start() -> None:
    async with gateway_at() as (gateway, port), dialled(port) as client:
        await client.greet()
        gateway.broadcast_error(1100, "lost")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.1)


async def test_a_second_client_with_the_same_id_is_told_so_and_hung_up_on() -> None:
    async with gateway_at() as (_, port), started(port, 7) as first, dialled(port) as second:
        await second.greet()
        await second.start(7)
        assert await second.error() == 326
        await second.until_closed()
        await first.send(49, 1)
        await first.wait(49)


async def test_an_id_is_free_again_when_its_client_is_gone() -> None:
    async with gateway_at() as (gateway, port):
        async with started(port, 7):
            pass
        async with asyncio.timeout(5):
            while gateway.connections:  # noqa: ASYNC110 - the gateway notices by itself
                await asyncio.sleep(0.01)
        async with started(port, 7) as again:
            await again.send(49, 1)
            await again.wait(49)


@pytest.mark.parametrize("bytes_", [b"\xff\xff\xff\xff", b"\0\0\0\0", pack(b"49")])
async def test_a_bad_length_ends_the_connection(bytes_: bytes) -> None:
    async with gateway_at() as (_, port), started(port) as client:
        client.writer.write(bytes_)
        assert await client.error() == 507
        await client.until_closed()


@pytest.mark.parametrize("greeting", [b"GET / HTTP/1.1\r\n\r\n", b"API\0" + pack(b"v10..20"), b"API\0\xff\xff\xff\xff"])
async def test_a_stranger_is_hung_up_on(greeting: bytes) -> None:
    async with gateway_at() as (_, port), dialled(port) as client:
        client.writer.write(greeting)
        await client.until_closed()


async def test_a_request_before_the_start_ends_the_connection() -> None:
    async with gateway_at() as (_, port), dialled(port) as client:
        await client.greet()
        await client.send(49, 1)
        await client.until_closed()


async def test_a_start_that_cannot_be_read_is_refused() -> None:
    async with gateway_at() as (_, port), dialled(port) as client:
        await client.greet()
        await client.send(71, 2, "seven", "")
        assert await client.error() == 320
        await client.until_closed()


async def test_messages_beyond_the_rate_are_refused_and_then_the_client() -> None:
    async with gateway_at() as (_, port), started(port) as client:
        for _ in range(100):
            await client.send(49, 1)
        assert await client.error() == 100
        await client.until_closed()
        answered = sum(message[0] == "49" for message in client.seen)
        assert 50 <= answered <= 80


async def test_messages_within_the_rate_are_all_answered() -> None:
    async with (
        gateway_at(limits=Limits(messages_per_s=10_000, message_burst=1000)) as (_, port),
        started(port) as client,
    ):
        for _ in range(500):
            await client.send(49, 1)
        for _ in range(500):
            await client.wait(49)


async def test_a_message_that_is_not_served_is_refused() -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(24, 1)
        assert await client.error() == 321
        await client.send("nonsense")
        assert await client.error() == 321


async def test_a_message_that_ends_early_is_refused() -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(20, 5, "AAPL")
        assert await client.error() == 320


async def test_a_client_that_leaves_takes_its_streams_with_it() -> None:
    async with gateway_at() as (gateway, port):
        async with started(port) as client:
            await client.send(*history(5, end="", size="1 min", duration="1800 S", updates=True))
            await client.wait(17)
            session = gateway.connections[1]
        async with asyncio.timeout(5):
            while gateway.connections:  # noqa: ASYNC110 - the gateway notices by itself
                await asyncio.sleep(0.01)
        assert session.streams.count(*Kind) == 0


class Deaf(Faults):
    """Takes no connection."""

    def accepts_connections(self) -> bool:
        return False


async def test_faults_decide_whether_anyone_gets_in() -> None:
    async with gateway_at() as (gateway, port):
        gateway.faults = Deaf()
        async with dialled(port) as client:
            await client.until_closed()
            assert client.seen == []
