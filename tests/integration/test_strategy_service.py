"""Strategies over real gRPC and a real database; their code runs in a sandbox that locks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import strategy_pb2 as pb
from scizor.domain.errors import Unavailable
from scizor.services.backtest.strategies import calls
from tests.fakes.sandbox import FakeSandbox
from tests.integration.backtest_server import DEADLINE_S, Served, fields_of, reason_of, request_for, serving
from tests.unit.backtest.build import store_bars, waves
from tests.unit.backtest.texts import BROKEN, EVENT, GOOD, PEEKING, RAISING


@pytest.fixture
async def storage(sql_storage: SqlStorage) -> SqlStorage:
    await store_bars(sql_storage, "AAPL.NASDAQ", waves(300))
    return sql_storage


@pytest.fixture
def sandbox() -> FakeSandbox:
    return FakeSandbox()


@pytest.fixture
async def served(storage: SqlStorage, sandbox: FakeSandbox) -> AsyncIterator[Served]:
    async with serving(storage, sandbox=sandbox) as running:
        yield running


async def create(served: Served, source: str = GOOD, request_id: str = "", **fields: Any) -> pb.Strategy:
    request = rpc.CreateStrategyRequest(strategy=pb.Strategy(source=source, **fields), request_id=request_id)
    return (await served.stub.CreateStrategy(request, timeout=DEADLINE_S)).strategy


async def update(served: Served, *paths: str, request_id: str = "", **fields: Any) -> pb.Strategy:
    mask = FieldMask(paths=paths)
    request = rpc.UpdateStrategyRequest(strategy=pb.Strategy(**fields), update_mask=mask, request_id=request_id)
    return (await served.stub.UpdateStrategy(request, timeout=DEADLINE_S)).strategy


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), reason_of(caught.value)


async def test_a_strategy_is_stored_changed_run_by_version_and_deleted(served: Served) -> None:
    made = await create(served, title="Cross", tags=["trend"])
    assert (made.id, made.latest_version, made.etag, made.source) == ("my_cross", 1, "v1", "")
    assert (made.origin, made.kind) == (pb.STRATEGY_ORIGIN_UPLOADED, pb.STRATEGY_KIND_VECTOR)
    fast = made.parameters[0]
    assert (fast.name, fast.type, fast.default_value.number_value) == ("fast", pb.PARAMETER_TYPE_INT, 5)
    assert (fast.minimum, fast.maximum, fast.description) == (1, 100, "Window of the fast mean, bars")
    assert not made.parameters[3].HasField("minimum")
    assert list(made.parameters[3].choices) == ["long", "flat"]

    second = await update(served, "source", "title", id="my_cross", source=EVENT, title="Buys", etag="v1")
    assert (second.latest_version, second.title, list(second.tags), second.etag) == (2, "Buys", ["trend"], "v2")
    got = await served.stub.GetStrategy(rpc.GetStrategyRequest(id="my_cross", version=1), timeout=DEADLINE_S)
    assert (got.strategy, got.version.source, got.version.class_name) == (second, GOOD, "MyCross")
    assert got.version.code_hash == made.code_hash != second.code_hash

    old = await served.run(request_for(strategy_id="my_cross", parameters={"fast": 3}, strategy_version=1))
    new = await served.run(request_for(strategy_id="my_cross"))
    assert [one.state for one in (old, new)] == [bt.BACKTEST_STATE_SUCCEEDED] * 2
    assert (old.strategy_version, old.code_hash) == (1, made.code_hash)
    assert (new.strategy_version, new.code_hash) == (2, second.code_hash)
    assert dict(old.parameters) == {"fast": 3, "slow": 20, "part": 1, "side": "long", "quick": False}
    results = [
        (await served.stub.GetBacktestResults(rpc.GetBacktestResultsRequest(id=one.id), timeout=DEADLINE_S)).results
        for one in (old, new)
    ]
    assert results[0].fingerprint != results[1].fingerprint
    assert all(one.trades for one in results)

    gone = await served.stub.DeleteStrategy(rpc.DeleteStrategyRequest(id="my_cross"), timeout=DEADLINE_S)
    assert gone.strategy.HasField("delete_time")
    run = served.stub.CreateBacktest(request_for(strategy_id="my_cross"), timeout=DEADLINE_S)
    assert await refused(run) == (grpc.StatusCode.NOT_FOUND, "STRATEGY_NOT_FOUND")
    assert (await served.get(old.id)).code_hash == made.code_hash


async def test_strategies_and_versions_come_in_pages(served: Served) -> None:
    for number in range(3):
        await create(served, id=f"mine_{number}", tags=["mine", f"n{number}"])
    for number in range(3):
        await update(served, "source", id="mine_0", source=f"{GOOD}# {number}\n")

    async def ids(**query: Any) -> list[str]:
        found: list[str] = []
        request = rpc.ListStrategiesRequest(**query)
        while True:
            page = await served.stub.ListStrategies(request, timeout=DEADLINE_S)
            found += [one.id for one in page.strategies]
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return found

    everything = await ids()
    assert everything == sorted(everything) == await ids(page_size=2)
    assert {"mine_0", "mine_2", "sma_cross"} <= set(everything)
    assert await ids(origin=pb.STRATEGY_ORIGIN_UPLOADED, page_size=1) == ["mine_0", "mine_1", "mine_2"]
    assert await ids(tags=["mine", "n1"]) == ["mine_1"]
    assert "buy_and_hold_event" in await ids(kind=pb.STRATEGY_KIND_EVENT, text="HOLD")
    first = await served.stub.ListStrategyVersions(rpc.ListStrategyVersionsRequest(id="mine_0", page_size=3))
    rest = await served.stub.ListStrategyVersions(
        rpc.ListStrategyVersionsRequest(id="mine_0", page_size=3, page_token=first.next_page_token)
    )
    assert [[one.number for one in page.versions] for page in (first, rest)] == [[4, 3, 2], [1]]


async def test_a_request_that_is_sent_again_is_done_once(served: Served) -> None:
    assert await create(served, request_id="a") == await create(served, request_id="a")
    other = create(served, EVENT, request_id="a")
    assert await refused(other) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    again = create(served)
    assert await refused(again) == (grpc.StatusCode.ALREADY_EXISTS, "STRATEGY_EXISTS")
    changed = [await update(served, "title", id="my_cross", title="x", request_id="b") for _ in range(2)]
    assert changed[0] == changed[1]


async def test_what_is_wrong_is_refused_with_its_field_or_line(served: Served, sandbox: FakeSandbox) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert await refused(create(served, BROKEN)) == (invalid, "STRATEGY_FAILED")
    for field, call in {
        "strategy": create(served, ""),
        "strategy.id": create(served, id="No-Good"),
        "strategy.source": create(served, "#" * 262_145),
        "strategy.tags[0]": create(served, tags=["No Good"]),
    }.items():
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert fields_of(caught.value) == [field]
    made = await create(served)
    for wrong in (
        update(served, id=made.id),
        update(served, "id", id=made.id),
        update(served, "source", id=made.id),
        update(served, "title", title="x"),
    ):
        assert await refused(wrong) == (invalid, "FIELD_INVALID")
    assert await refused(update(served, "title", id=made.id, title="x", etag="v9")) == (
        grpc.StatusCode.ABORTED,
        "ETAG_STALE",
    )
    assert await refused(update(served, "title", id="sma_cross", title="x")) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "STRATEGY_BUILTIN",
    )
    sandbox.failure = Unavailable("gone")
    assert await refused(create(served, id="other")) == (grpc.StatusCode.UNAVAILABLE, "SANDBOX_UNAVAILABLE")


async def upload(served: Served, *pieces: bytes, **fields: Any) -> rpc.UploadStrategyResponse:
    def messages() -> Iterator[rpc.UploadStrategyRequest]:
        header = rpc.UploadStrategyHeader(strategy=pb.Strategy(**fields), request_id="up")
        yield rpc.UploadStrategyRequest(header=header)
        for piece in pieces:
            yield rpc.UploadStrategyRequest(data=piece)

    return await served.stub.UploadStrategy(messages(), timeout=DEADLINE_S)


async def test_a_file_is_uploaded_in_pieces(served: Served) -> None:
    text = (GOOD + "# é\n").encode()
    pieces = [text[at : at + 100] for at in range(0, len(text), 100)]
    made = (await upload(served, *pieces, id="mine")).strategy
    assert (await upload(served, text, id="mine")).strategy == made
    got = await served.stub.GetStrategy(rpc.GetStrategyRequest(id="mine"), timeout=DEADLINE_S)
    assert got.version.source.encode() == text
    for wrong in (upload(served, b"\xff", id="other"), upload(served, id="x"), upload(served, b"#" * 262_145, id="y")):
        assert await refused(wrong) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    headless = served.stub.UploadStrategy(iter([rpc.UploadStrategyRequest(data=b"x")]), timeout=DEADLINE_S)
    assert await refused(headless) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_a_file_that_drips_in_for_ever_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_LONGEST_UPLOAD_S", 0.3)

    async def drops() -> AsyncIterator[rpc.UploadStrategyRequest]:
        yield rpc.UploadStrategyRequest(header=rpc.UploadStrategyHeader(strategy=pb.Strategy(id="mine")))
        while True:
            yield rpc.UploadStrategyRequest(data=b"#")
            await asyncio.sleep(0.01)

    with pytest.raises(grpc.aio.AioRpcError, match=r"must come whole within 0\.3 s: nothing was stored") as caught:
        await served.stub.UploadStrategy(drops(), timeout=DEADLINE_S)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_check_tells_what_it_finds(served: Served) -> None:
    async def check(**order: Any) -> rpc.CheckStrategyResponse:
        return await served.stub.CheckStrategy(rpc.CheckStrategyRequest(**order), timeout=DEADLINE_S)

    answer = await check(source=PEEKING, symbols=["AAPL"])
    assert not answer.passed
    (finding,) = answer.findings
    assert (finding.kind, finding.severity) == (pb.FINDING_KIND_LOOKAHEAD, pb.FINDING_SEVERITY_ERROR)
    assert (finding.line, finding.column) == (7, 20)
    assert (answer.version.class_name, answer.version.number) == ("Mine", 0)
    await create(served)
    good = await check(id="my_cross", start="2020-02-01", symbols=["AAPL"])
    assert (good.passed, good.version.number) == (True, 1)
    assert not (await check(source=BROKEN)).HasField("version")
    for wrong in (check(), check(id="x", source="x")):
        assert await refused(wrong) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert await refused(check(id="nope")) == (grpc.StatusCode.NOT_FOUND, "STRATEGY_NOT_FOUND")
    assert await refused(check(source=GOOD, symbols=["NOPE"])) == (grpc.StatusCode.NOT_FOUND, "SYMBOL_NOT_FOUND")


async def test_code_that_fails_is_told_as_the_backtests_error(served: Served) -> None:
    await create(served, RAISING, id="mine")
    job = await served.run(request_for(strategy_id="mine"))
    assert job.state == bt.BACKTEST_STATE_FAILED
    assert job.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert "mine.py:7 at " in job.error.message


async def test_a_backtest_that_was_computed_before_is_the_answer_where_that_is_allowed(served: Served) -> None:
    request = request_for()
    request.allow_cached = True
    first = await served.stub.CreateBacktest(request, timeout=DEADLINE_S)
    await served.finished(first.backtest.id)
    again = await served.stub.CreateBacktest(request, timeout=DEADLINE_S)
    assert (first.cached, again.cached, again.backtest.id) == (False, True, first.backtest.id)
    assert again.backtest.state == bt.BACKTEST_STATE_SUCCEEDED
    request.allow_cached = False
    assert (await served.stub.CreateBacktest(request, timeout=DEADLINE_S)).backtest.id != first.backtest.id


async def test_the_urgent_come_first_and_each_caller_has_its_share(storage: SqlStorage) -> None:
    async with serving(storage, max_jobs=0, caller_limit=2) as served:
        mine = (("x-scizor-caller", "me"),)
        calls = [
            await served.stub.CreateBacktest(request_for(priority=one), metadata=mine, timeout=DEADLINE_S)
            for one in (0, 9)
        ]
        assert [one.backtest.priority for one in calls] == [0, 9]
        third = served.stub.CreateBacktest(request_for(), metadata=mine, timeout=DEADLINE_S)
        assert await refused(third) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
        anybody = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest
        assert anybody.priority == 5
    async with serving(storage, max_jobs=1) as served:
        ended = [await served.until(one.backtest.id, lambda seen: seen.HasField("end_time")) for one in calls]
        assert ended[1].start_time.ToDatetime() < ended[0].start_time.ToDatetime()


async def test_an_ended_backtest_is_deleted_and_an_unfinished_one_is_not(storage: SqlStorage) -> None:
    async with serving(storage, max_jobs=0) as served:
        waiting = (await served.stub.CreateBacktest(request_for(), timeout=DEADLINE_S)).backtest.id
        delete = rpc.DeleteBacktestRequest(id=waiting, request_id="d")
        early = served.stub.DeleteBacktest(delete, timeout=DEADLINE_S)
        assert await refused(early) == (grpc.StatusCode.FAILED_PRECONDITION, "BACKTEST_NOT_FINISHED")
        await served.stub.CancelBacktest(rpc.CancelBacktestRequest(id=waiting), timeout=DEADLINE_S)
        for _ in range(2):
            await served.stub.DeleteBacktest(delete, timeout=DEADLINE_S)
        gone = served.stub.GetBacktest(rpc.GetBacktestRequest(id=waiting), timeout=DEADLINE_S)
        assert await refused(gone) == (grpc.StatusCode.NOT_FOUND, "BACKTEST_NOT_FOUND")


async def test_a_cancelled_run_of_stored_code_ends_within_a_second(served: Served, sandbox: FakeSandbox) -> None:
    await create(served)
    sandbox.held = asyncio.Event()
    job = (await served.stub.CreateBacktest(request_for(strategy_id="my_cross"), timeout=DEADLINE_S)).backtest
    await served.until(job.id, lambda seen: seen.progress.bars_total > 0)
    await served.stub.CancelBacktest(rpc.CancelBacktestRequest(id=job.id), timeout=DEADLINE_S)
    async with asyncio.timeout(1.0):
        while not sandbox.cancelled:  # noqa: ASYNC110 - a count tells nobody
            await asyncio.sleep(0.01)
