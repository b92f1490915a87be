"""Symbols checked with the broker, and the proof of what is stored, over a real server and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.bars import empty_bars
from scizor.domain.broker import ConnectionState, FailureCategory
from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DAY_NS, to_day
from scizor.marketdata.v1 import corporate_action_pb2, quality_pb2, symbol_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.ports.collections import GapKey
from scizor.services.marketdata.symbols.standing import VerificationSettings
from scizor.services.marketdata.symbols.universe import universe
from scizor.type.v1 import bars_pb2
from tests.fakes.broker import FakeBroker
from tests.integration.marketdata_server import (
    HEAD,
    SESSIONS,
    Code,
    calendar,
    create,
    csv_of,
    drained,
    import_csv,
    info_of,
    metadata_of,
    refused,
    serving,
)

if TYPE_CHECKING:
    from tests.integration.marketdata_server import Stub

HOUR = bars_pb2.BAR_INTERVAL_1H
NOW = datetime(2010, 2, 1, tzinfo=UTC)


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker(deadline_s=0.02)


@pytest.fixture
async def stub(sql_storage: SqlStorage, broker: FakeBroker) -> AsyncIterator[Stub]:
    """A server whose broker's words never hold, so that every validation asks."""
    never = VerificationSettings(valid_for=timedelta(0), failed_for=timedelta(0), grace=timedelta(0))
    async with serving(sql_storage, broker=broker, verification=never, heartbeat_s=60.0) as made:
        yield made


async def test_a_symbol_is_created_with_the_brokers_contract(stub: Stub, broker: FakeBroker) -> None:
    contract = broker.list("AAPL")
    made = (await create(stub)).symbol
    assert (made.verified_result, made.contract_id) == (symbol_pb2.VERIFICATION_VALID, contract.con_id)
    assert made.HasField("last_verified")


async def test_what_the_broker_does_not_know_is_not_created_unless_told_so(stub: Stub, broker: FakeBroker) -> None:
    await refused(create(stub), Code.FAILED_PRECONDITION, "SYMBOL_UNKNOWN_TO_BROKER")
    for name in ("Apple", "Pomaceous"):
        broker.list("AAPL", name=name)
    error = await refused(create(stub), Code.INVALID_ARGUMENT, "SYMBOL_AMBIGUOUS")
    assert metadata_of(error)["candidates"] == "AAPL.NASDAQ.USD (Apple); AAPL.NASDAQ.USD (Pomaceous)"
    broker.set_state(ConnectionState.DOWN)
    await refused(create(stub), Code.UNAVAILABLE, "BROKER_UNAVAILABLE")
    message = symbol_pb2.Symbol(symbol="AAPL", primary_exchange="NASDAQ", currency="USD")
    made = (await stub.CreateSymbol(pb.CreateSymbolRequest(symbol=message, skip_validation=True))).symbol
    assert (made.verified_result, made.contract_id, made.active) == (symbol_pb2.VERIFICATION_UNSPECIFIED, 0, True)


async def test_a_creation_sent_again_is_answered_though_the_broker_is_gone(stub: Stub, broker: FakeBroker) -> None:
    broker.list("AAPL")
    message = symbol_pb2.Symbol(symbol="AAPL", primary_exchange="NASDAQ", currency="USD")
    request = pb.CreateSymbolRequest(symbol=message, request_id="one")
    first = await stub.CreateSymbol(request)
    broker.set_state(ConnectionState.DOWN)
    assert await stub.CreateSymbol(request) == first


async def test_populating_without_a_broker_stores_nothing_and_says_the_way_around(
    stub: Stub, broker: FakeBroker
) -> None:
    broker.set_state(ConnectionState.DOWN)
    error = await refused(
        drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest())), Code.UNAVAILABLE, "BROKER_UNAVAILABLE"
    )
    assert "set force" in str(error.details())
    assert (await stub.ListSymbols(pb.ListSymbolsRequest())).total_size == 0
    forced = await drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest(force=True)))
    assert forced[0].progress == pb.PopulateProgress(done=357, total=357, created=357, unchecked=357)
    again = await drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest()))
    assert again[0].progress == pb.PopulateProgress(done=357, total=357, existing=357)


async def test_a_quiet_stream_gives_signs_of_life(sql_storage: SqlStorage, broker: FakeBroker) -> None:
    broker.list("AAPL")
    async with serving(sql_storage, broker=broker, heartbeat_s=0.05) as stub:
        await create(stub)
        broker.delay_s = 0.3
        request = pb.ValidateSymbolsRequest(force_revalidate=True)
        messages = await drained(stub.ValidateSymbols(request))
    kinds = [message.WhichOneof("event") for message in messages]
    assert kinds[0] == "heartbeat"
    assert kinds[-2:] == ["progress", "end"]
    assert [message.sequence for message in messages] == list(range(1, len(messages) + 1))
    assert messages[-1].end.message_count == 1


async def test_a_symbol_that_proves_unknown_is_deactivated_then_archived(stub: Stub, broker: FakeBroker) -> None:
    contract = broker.list("AAPL")
    await create(stub)
    await import_csv(stub, csv_of(SESSIONS))
    broker.delist(contract)
    first = (await drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest())))[0].progress
    assert (first.done, first.total, first.invalid) == (1, 1, 1)
    assert first.outcomes[0].action == pb.VALIDATION_ACTION_DEACTIVATED
    symbol = (await stub.GetSymbol(pb.GetSymbolRequest(symbol="AAPL"))).symbol
    assert not symbol.active
    assert symbol.HasField("deactivate_time")
    assert symbol.verified_reason == first.outcomes[0].reason == "the broker knows no AAPL.NASDAQ.USD"
    second = (await drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest(symbols=["AAPL"]))))[0].progress
    assert second.outcomes[0].action == pb.VALIDATION_ACTION_ARCHIVED
    assert second.outcomes[0].archive_id
    await refused(stub.GetSymbol(pb.GetSymbolRequest(symbol="AAPL")), Code.NOT_FOUND, "SYMBOL_NOT_FOUND")


async def test_the_universe_is_validated_in_one_go_and_a_failure_told(stub: Stub, broker: FakeBroker) -> None:
    for one in universe():
        broker.list(one.symbol, one.primary_exchange, one.currency)
    await drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest(force=True)))
    broker.fail_next(FailureCategory.TIMEOUT, what="contracts", symbol="AAPL", message="no answer")
    messages = await drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest()))
    last = messages[-2].progress
    assert (last.done, last.total, last.valid, last.failed) == (357, 357, 356, 1)
    outcomes = [outcome for message in messages for outcome in message.progress.outcomes]
    assert len(outcomes) == 357
    (failed,) = [outcome for outcome in outcomes if not outcome.result]
    assert (failed.symbol, failed.reason, failed.action) == ("AAPL.NASDAQ", "no answer", pb.VALIDATION_ACTION_KEPT)
    limited = (await drained(stub.ValidateSymbols(pb.ValidateSymbolsRequest(limit=1))))[0].progress
    assert (limited.total, limited.valid, limited.outcomes[0].symbol) == (1, 1, "AAPL.NASDAQ")


async def test_a_connection_lost_on_the_way_is_told_in_band_too(sql_storage: SqlStorage, broker: FakeBroker) -> None:
    messages = []

    async def listen(stub: Stub) -> None:
        async for message in stub.ValidateSymbols(pb.ValidateSymbolsRequest()):
            messages.append(message)
            broker.set_state(ConnectionState.DOWN)

    async with serving(sql_storage, broker=broker, verification=VerificationSettings(at_once=2)) as stub:
        await drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest(force=True)))
        for one in universe():
            broker.list(one.symbol, one.primary_exchange, one.currency)
        broker.delay_s = 0.01
        await refused(listen(stub), Code.UNAVAILABLE, "BROKER_UNAVAILABLE")
    assert info_of(messages[-1].status).reason == "BROKER_UNAVAILABLE"
    assert max(message.progress.valid for message in messages) > 0


async def test_health_tells_of_the_broker(stub: Stub, broker: FakeBroker) -> None:
    found = (await stub.GetHealth(pb.GetHealthRequest())).broker
    assert (found.state, found.address, found.server_version) == (pb.CONNECTION_STATE_READY, "fake:4002", 178)
    broker.set_state(ConnectionState.DEGRADED, "1100: connectivity lost")
    found = (await stub.GetHealth(pb.GetHealthRequest())).broker
    assert (found.state, found.message) == (pb.CONNECTION_STATE_DEGRADED, "1100: connectivity lost")


async def test_market_hours_know_holidays_and_half_days(stub: Stub) -> None:
    found = await stub.GetMarketHours(pb.GetMarketHoursRequest(exchange="NASDAQ", date="2024-11-29"))
    assert (found.calendar, found.time_zone) == ("XNYS", "America/New_York")
    assert found.session.close_time.ToDatetime(tzinfo=UTC) == datetime(2024, 11, 29, 18, tzinfo=UTC)
    assert (found.previous.date, found.next.date) == ("2024-11-27", "2024-12-02")
    sydney = await stub.GetMarketHours(pb.GetMarketHoursRequest(exchange="ASX", date="2024-01-26"))
    assert not sydney.HasField("session")
    assert sydney.time_zone == "Australia/Sydney"
    await refused(
        stub.GetMarketHours(pb.GetMarketHoursRequest(exchange="MOON")), Code.INVALID_ARGUMENT, "FIELD_INVALID"
    )


async def test_coverage_tells_the_state_of_every_date(stub: Stub, sql_storage: SqlStorage, broker: FakeBroker) -> None:
    broker.list("AAPL")
    await create(stub)
    await import_csv(stub, csv_of(SESSIONS[:3]))
    async with sql_storage.begin() as work:
        key = (await work.symbols.get("AAPL")).key
        gaps = [
            SessionGap(date(2010, 1, 7), SessionState.HALTED),
            SessionGap(date(2010, 1, 8), SessionState.FETCH_FAILED, "162: no permission"),
        ]
        await work.gaps.mark(GapKey(key, Interval.DAY_1), gaps, NOW)
    found = await stub.GetCoverage(pb.GetCoverageRequest(symbol="AAPL", start="2010-01-01", end="2010-01-12"))
    assert [(run.state, run.first, run.last, run.sessions, run.reason) for run in found.runs] == [
        (pb.SESSION_STATE_HOLIDAY, "2010-01-01", "2010-01-01", 1, ""),
        (pb.SESSION_STATE_PRESENT, "2010-01-04", "2010-01-06", 3, ""),
        (pb.SESSION_STATE_HALTED, "2010-01-07", "2010-01-07", 1, ""),
        (pb.SESSION_STATE_FETCH_FAILED, "2010-01-08", "2010-01-08", 1, "162: no permission"),
        (pb.SESSION_STATE_UNKNOWN, "2010-01-11", "2010-01-12", 2, ""),
    ]
    assert {count.state: count.sessions for count in found.counts}[pb.SESSION_STATE_PRESENT] == 3


async def test_a_split_is_suspected_until_it_is_recorded(stub: Stub, broker: FakeBroker) -> None:
    broker.list("AAPL")
    await create(stub)
    days = [str(day) for day in np.arange("2010-01-04", "2010-02-06", dtype="datetime64[D]")]
    held = [day for day in days if len(calendar().sessions("NASDAQ", date.fromisoformat(day), date.fromisoformat(day)))]
    await import_csv(stub, csv_of(held[:15]) + csv_of(held[15:], "5,5.5,4.5,5.25,200")[len(HEAD) :])
    (flag,) = (await stub.GetDataQuality(pb.GetDataQualityRequest(symbol="AAPL"))).flags
    assert (flag.kind, flag.ratio) == (quality_pb2.DATA_FLAG_KIND_SUSPECTED_SPLIT, 2.0)
    assert flag.session_date == held[15]
    split = corporate_action_pb2.CorporateAction(
        type=corporate_action_pb2.CORPORATE_ACTION_TYPE_SPLIT,
        ex_date=held[15],
        ratio=DecimalMessage(value="2"),
        source="issuer",
    )
    for _ in range(2):
        await stub.RecordCorporateAction(pb.RecordCorporateActionRequest(symbol="AAPL", action=split))
    assert not (await stub.GetDataQuality(pb.GetDataQualityRequest())).flags
    request = pb.GetBarsRequest(symbol="AAPL", adjustment=bars_pb2.ADJUSTMENT_SPLIT)
    bars = (await stub.GetBars(request)).bars
    assert set(bars.close) == {5.25}
    assert set(bars.volume) == {200.0}


async def give_hours(storage: SqlStorage) -> None:
    """AAPL gets three hourly bars on each of its sessions."""
    bars = empty_bars(3 * len(SESSIONS), Interval.HOUR_1)
    bars["day"] = np.repeat([to_day(date.fromisoformat(session)) for session in SESSIONS], 3)
    bars["time_ns"] = bars["day"].astype(np.int64) * DAY_NS + np.tile([14, 15, 16], len(SESSIONS)) * 3_600_000_000_000
    bars["open"] = bars["high"] = bars["low"] = bars["close"] = np.arange(len(bars)) + 1.0
    bars["volume"] = 100.0
    async with storage.begin() as work:
        key = (await work.symbols.get("AAPL")).key
        async with work.intraday.writer("test", Interval.HOUR_1) as writer:
            await writer.add(np.full(len(bars), key, dtype=np.int32), bars)
            await writer.store()


async def test_hourly_bars_are_paged_covered_and_removed(
    stub: Stub, sql_storage: SqlStorage, broker: FakeBroker
) -> None:
    broker.list("AAPL")
    await create(stub)
    await give_hours(sql_storage)
    request = pb.GetBarsRequest(symbol="AAPL", interval=HOUR, page_size=7)
    closes: list[float] = []
    while True:
        page = await stub.GetBars(request)
        assert page.bars.interval == HOUR
        closes += page.bars.close
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert closes == [place + 1.0 for place in range(18)]
    newest = (await stub.GetLatestBar(pb.GetLatestBarRequest(symbol="AAPL", interval=HOUR))).bar
    assert (newest.session_date[0], newest.close[0]) == (20100111, 18.0)
    coverage = await stub.GetCoverage(pb.GetCoverageRequest(symbol="AAPL", interval=HOUR))
    assert (coverage.sessions_expected, coverage.sessions_present) == (6, 6)
    await refused(
        drained(stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", interval=HOUR))),
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
    )
    removal = pb.DeleteBarsRequest(symbol="AAPL", interval=HOUR, start=SESSIONS[-1], request_id="one")
    assert [(await stub.DeleteBars(removal)).bars_deleted for _ in range(2)] == [3, 3]


async def test_daily_bars_are_removed_in_a_range(stub: Stub, broker: FakeBroker) -> None:
    broker.list("AAPL")
    await create(stub)
    await import_csv(stub, csv_of(SESSIONS))
    assert (await stub.DeleteBars(pb.DeleteBarsRequest(symbol="AAPL", end=SESSIONS[1]))).bars_deleted == 2
    left = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL"))).bars
    assert len(left.close) == 4
    bad = pb.DeleteBarsRequest(symbol="AAPL", start="2010-02-30")
    await refused(stub.DeleteBars(bad), Code.INVALID_ARGUMENT, "DATE_RANGE_INVALID")
