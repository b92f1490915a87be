"""Requests for history: what a gateway refuses, and how much at a time."""

from __future__ import annotations

import pytest

from scizor.services.ibsim.gateway import Pace
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.market import SimMarket
from scizor.services.ibsim.wire.fields import Value, encode
from scizor.services.ibsim.wire.framing import pack
from tests.integration.ibsim_client import AAPL, history, started
from tests.integration.ibsim_gateway import CLOSING, NIGHT, LeapingClock, gateway_at

SLOW = Pace(history_latency_s=30.0)


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"end": "20240313 16:00:00"}, 10314),
        ({"end": "20240313"}, 10314),
        ({"end": "20240313 16:00:00 Nowhere/Land"}, 10314),
        ({"end": "20241313-16:00:00"}, 10314),
        ({"size": "7 mins"}, 321),
        ({"what": "TRADE"}, 321),
        ({"duration": "5 days"}, 321),
        ({"duration": "1 Y", "size": "1 min"}, 162),
        ({"what": "ADJUSTED_LAST"}, 321),
        ({"updates": True}, 321),
        ({"end": "", "size": "1 sec", "duration": "60 S", "updates": True}, 321),
        ({"what": "SCHEDULE", "size": "1 min"}, 321),
        ({"end": "19700105-20:00:00"}, 162),
    ],
)
async def test_a_request_that_breaks_a_rule_is_refused(chosen: dict[str, Value], code: int) -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(*history(5, **chosen))
        assert await client.error(of=5) == code


@pytest.mark.parametrize("end", ["20240313-20:00:00", "20240313 16:00:00 US/Eastern", "20240313 20:00:00 UTC"])
async def test_the_end_is_an_instant_however_it_is_spelled(end: str) -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(*history(5, end=end, size="1 hour", duration="1 D"))
        _, _, _, _, count, *bars = await client.wait(17)
        assert int(count) == 7
        assert bars[-8] == "1710356400"  # 15:00 in New York


async def test_a_request_under_way_is_cancelled_with_162_and_another_is_unknown() -> None:
    async with gateway_at(pace=SLOW) as (_, port), started(port) as client:
        await client.send(*history(5))
        await client.send(25, 1, 5)
        assert await client.error(of=5) == 162
        await client.send(25, 1, 5)
        assert await client.error(of=5) == 366


async def test_an_id_in_use_cannot_be_used_again() -> None:
    async with gateway_at(pace=SLOW) as (_, port), started(port) as client:
        await client.send(*history(5))
        await client.send(*history(5))
        assert await client.error(of=5) == 102


async def test_a_head_timestamp_is_a_request_as_others_are() -> None:
    limits = Limits(open_histories=2)
    async with gateway_at(pace=SLOW, limits=limits) as (_, port), started(port) as client:
        for req_id in (5, 5, 6, 7):
            await client.send(87, req_id, *AAPL, False, True, "TRADES", 2)
        assert await client.error(of=5) == 102
        assert await client.error(of=7) == 322


@pytest.mark.parametrize(
    "contract",
    [
        (265598, "AAPL", "STK", "", "", "", "", "", "", "USD", "", ""),
        (0, "AAPL", "", "", "", "", "", "SMART", "", "USD", "", ""),
    ],
    ids=["no exchange", "no type"],
)
async def test_a_contract_must_be_spelled_out(contract: tuple[Value, ...]) -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(1, 11, 5, *contract, False, "", False, False, "")
        assert await client.error(of=5) == 321


async def test_fifty_requests_may_be_open_for_the_whole_login() -> None:
    async with gateway_at(pace=SLOW) as (_, port), started(port, 1) as one, started(port, 2) as two:
        for req_id in range(25):
            await one.send(*history(req_id))
            await two.send(*history(req_id))
        await one.send(49, 1)
        await one.wait(49)
        await two.send(49, 1)
        await two.wait(49)
        await two.send(*history(99))
        assert await two.error(of=99) == 322


async def test_an_identical_request_for_small_bars_is_a_pacing_violation() -> None:
    small: dict[str, Value] = {"size": "5 secs", "duration": "60 S"}
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(*history(5, **small))
        await client.wait(17)
        await client.send(*history(6, **small))
        assert await client.error(of=6) == 162
        for req_id in (7, 8):  # bars of a day are not paced
            await client.send(*history(req_id))
            await client.wait(17)


async def test_the_head_timestamp_is_epoch_seconds_or_utc_with_a_dash() -> None:
    async with gateway_at() as (_, port), started(port) as client:
        for time_format in (1, 2):
            await client.send(87, time_format, *AAPL, False, True, "TRADES", time_format)
        assert await client.wait(88) == ["88", "1", "20000301-14:30:00"]
        assert await client.wait(88) == ["88", "2", "951921000"]


async def test_the_last_five_seconds_of_a_session_are_told() -> None:
    async with gateway_at(market=SimMarket(1, LeapingClock(CLOSING))) as (_, port), started(port) as client:
        await client.send(50, 3, 5, *AAPL, 5, "TRADES", True, "")
        starts = [int((await client.wait(50))[3]) for _ in range(4)]
    assert [start - 1710446400 for start in starts] == [-20, -15, -10, -5]


async def test_ticks_are_asked_for_once_a_share_and_of_a_few_shares_only() -> None:
    ids = (265598, 265598, 272093, 8314, 208813719)
    async with gateway_at(limits=Limits(tick_by_tick=3)) as (_, port), started(port) as client:
        for req_id, con_id in enumerate(ids):
            await client.send(97, req_id, con_id, "", *AAPL[2:], "Last", 0, False)
        assert await client.error(of=1) == 10190
        assert await client.error(of=4) == 10190
        assert (await client.wait(99))[1] in {"0", "2", "3"}


async def test_the_hundred_and_first_line_is_refused() -> None:
    limits = Limits(market_data_lines=3)
    async with gateway_at(limits=limits) as (_, port), started(port) as client:
        for req_id in range(4):
            await client.send(1, 11, req_id, *AAPL, False, "", False, False, "")
        assert await client.error() == 101
        await client.send(2, 2, 0)
        await client.send(1, 11, 9, *AAPL, False, "", False, False, "")
        while (await client.wait(1))[2] != "9":
            pass


async def test_quotes_that_are_not_subscribed_to_come_late_or_not_at_all() -> None:
    nec: tuple[Value, ...] = (0, "NEC", "STK", "", "", "", "", "SMART", "ASX", "AUD", "", "")
    kweb: tuple[Value, ...] = (0, "KWEB", "STK", "", "", "", "", "SMART", "", "USD", "", "")
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(1, 11, 1, *nec, False, "", False, False, "")
        assert await client.error(of=1) == 354
        await client.send(1, 11, 2, *kweb, False, "", False, False, "")
        assert await client.error(of=2) == 10089
        await client.send(59, 1, 3)
        await client.send(1, 11, 3, *kweb, False, "", False, False, "")
        assert (await client.wait(4))[2:4] == ["3", "10167"]
        assert await client.wait(58) == ["58", "1", "3", "3"]
        await client.send(97, 4, *kweb, "Last", 0, False)
        assert await client.error(of=4) == 10189


async def test_a_kind_of_data_is_chosen_for_the_requests_that_follow() -> None:
    async with gateway_at(NIGHT) as (_, port), started(port) as client:
        for fields in ((1, 11, 1, *AAPL, False, "", True, False, ""), (59, 1, 2)):  # in one piece
            client.writer.write(pack(encode(fields)))
        assert await client.wait(58) == ["58", "1", "1", "1"]


async def test_a_cancel_of_quotes_that_do_not_run_is_refused() -> None:
    async with gateway_at() as (_, port), started(port) as client:
        await client.send(2, 2, 77)
        assert await client.error(of=77) == 300


async def test_a_closed_market_has_no_book_unless_it_is_frozen() -> None:
    async with gateway_at(NIGHT) as (_, port), started(port) as client:
        await client.send(1, 11, 1, *AAPL, False, "", True, False, "")
        await client.wait(57)
        await client.send(59, 1, 2)
        await client.send(1, 11, 2, *AAPL, False, "", True, False, "")
        await client.wait(57)
        bids = {message[2]: float(message[4]) for message in client.seen if message[0] == "1" and message[3] == "1"}
        assert bids["1"] == -1
        assert bids["2"] > 0
        types = [message[2:] for message in client.seen if message[0] == "58"]
        assert types == [["1", "1"], ["2", "2"]]
