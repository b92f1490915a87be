"""What every storage promises about transactions and request ids."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from scizor.domain.errors import AlreadyExists, Reason, ScizorError
from scizor.domain.sessions import SessionRange
from scizor.ports.storage import Storage
from scizor.ports.symbols import SymbolFilter
from tests.fakes.samples import AAPL, BHP_ASX, bars_of, import_of, job_of, keys_of, rejected, stored_symbol, write


class GivenUpError(Exception):
    """Raised by a test inside a unit of work."""


async def test_a_unit_of_work_that_raises_leaves_nothing(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(date(2024, 1, 1), [1.0]))

    async def change_everything_and_give_up() -> None:
        async with storage.begin() as work:
            await work.symbols.add(BHP_ASX)
            await work.symbols.update(stored.key, AAPL, "")
            bars = bars_of(date(2024, 1, 1), [2.0, 3.0])
            async with work.bars.writer("other") as writer:
                await writer.add(keys_of(stored, bars), bars)
                await writer.store()
            await work.imports.add(import_of("01"), [rejected(1)])
            await work.backtests.add(job_of("b1"))
            await work.idempotency.begin("Import", "r1", b"hash")
            raise GivenUpError

    with pytest.raises(GivenUpError):
        await change_everything_and_give_up()
    async with storage.begin() as work:
        assert await work.symbols.count(SymbolFilter()) == 1
        assert await work.symbols.get("AAPL") == stored
        assert (await work.bars.read(stored, SessionRange())).bars["close"].tolist() == [1.0]
        assert await work.imports.summaries("", "", 10) == []
        assert await work.backtests.count_unfinished("") == (0, 0)
        assert await work.idempotency.begin("Import", "r1", b"other hash") is None


async def test_a_deletion_that_is_undone_brings_everything_back(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(date(2024, 1, 1), [1.0]))
    async with storage.begin() as work:
        await work.imports.add(import_of("01"), [rejected(1)])

    async def delete_and_give_up() -> None:
        async with storage.begin() as work:
            assert await work.imports.forget_rejections([rejected(1).symbol]) == 1
            await work.symbols.delete(stored.key)
            raise GivenUpError

    with pytest.raises(GivenUpError):
        await delete_and_give_up()
    async with storage.begin() as work:
        assert await work.symbols.get("AAPL") == stored
        assert await work.bars.count(stored) == 1


async def test_the_same_request_gets_the_first_answer(storage: Storage) -> None:
    async with storage.begin() as work:
        assert await work.idempotency.begin("Create", "r1", b"hash") is None
        await work.idempotency.finish("Create", "r1", b"\x00answer")
    async with storage.begin() as work:
        assert await work.idempotency.begin("Create", "r1", b"hash") == b"\x00answer"
        assert await work.idempotency.begin("Delete", "r1", b"hash") is None
        with pytest.raises(AlreadyExists) as caught:
            await work.idempotency.begin("Create", "r1", b"other")
    assert caught.value.reason is Reason.REQUEST_ID_REUSED


async def test_a_request_waits_for_its_twin(storage: Storage) -> None:
    claimed, twin_asks = asyncio.Event(), asyncio.Event()

    async def first() -> bytes | None:
        async with storage.begin() as work:
            answer = await work.idempotency.begin("Create", "r1", b"hash")
            claimed.set()
            await twin_asks.wait()
            await work.idempotency.finish("Create", "r1", b"answer")
            return answer

    async def twin() -> bytes | None:
        await claimed.wait()
        async with storage.begin() as work:
            twin_asks.set()
            return await work.idempotency.begin("Create", "r1", b"hash")

    async with asyncio.timeout(10):
        first_answer, twin_answer = await asyncio.gather(first(), twin())
    assert (first_answer, twin_answer) == (None, b"answer")


async def test_a_request_takes_over_from_a_twin_that_failed(storage: Storage) -> None:
    claimed, twin_asks = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with storage.begin() as work:
            await work.idempotency.begin("Create", "r1", b"hash")
            claimed.set()
            await twin_asks.wait()
            raise ScizorError("failed")

    async def twin() -> bytes | None:
        await claimed.wait()
        async with storage.begin() as work:
            twin_asks.set()
            return await work.idempotency.begin("Create", "r1", b"hash")

    async with asyncio.timeout(10):
        failed, answer = await asyncio.gather(first(), twin(), return_exceptions=True)
    assert isinstance(failed, ScizorError)
    assert answer is None


async def test_a_storage_that_is_there_answers(storage: Storage) -> None:
    assert await storage.ping()
