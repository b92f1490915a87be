"""What is read of the gateway's messages, and what becomes of those that cannot be read."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ib_async.contract import ContractDetails

from scizor.adapters.ib.messages import DataType, FiveSeconds, HeadTimestamp, History, HistoryUpdate, Message, Tick
from scizor.adapters.ib.orders.messages import OrderMessage
from scizor.adapters.ib.throttle import ThrottleRules
from scizor.adapters.ib.wire import WireClient


class HeardInbox:
    def __init__(self) -> None:
        self.messages: list[tuple[int, Message]] = []
        self.errors: list[tuple[int, int, str]] = []
        self.broken: list[tuple[int, int]] = []

    def arrived(self) -> None: ...

    def settled(self) -> None: ...

    def accounts(self, names: Sequence[str]) -> None: ...

    def next_number(self, number: int) -> None: ...

    def order(self, message: OrderMessage) -> None: ...

    def time_told(self, epoch_s: int) -> None: ...

    def hung_up(self) -> None: ...

    def message(self, req_id: int, message: Message) -> None:
        self.messages.append((req_id, message))

    def error(self, req_id: int, code: int, text: str) -> None:
        self.errors.append((req_id, code, text))

    def unreadable(self, req_id: int, number: int) -> None:
        self.broken.append((req_id, number))


async def read(*frames: str, version: int = 178) -> HeardInbox:
    inbox = HeardInbox()
    client = WireClient(inbox, ThrottleRules())
    client.decoder.serverVersion = version
    for frame in frames:
        client.decoder.interpret(frame.split("|"))
    return inbox


BAR = "20240102|10|12|9|11|1000|10.5|3"


async def test_history_is_told_as_it_came() -> None:
    heard = await read(f"17|7|start|end|2|{BAR}|{BAR}")
    assert heard.messages == [(7, History([*BAR.split("|"), *BAR.split("|")]))]


async def test_an_update_has_the_order_of_history() -> None:
    heard = await read("90|7|3|1700000000|10|11|12|9|10.5|1000")
    assert heard.messages == [(7, HistoryUpdate(("1700000000", "10", "12", "9", "11", "1000", "10.5", "3")))]


async def test_a_price_brings_its_size() -> None:
    heard = await read("1|6|7|1|99.5|300|0", "1|6|7|6|101|0|0", "2|6|7|8|12345", "46|6|7|45|1700000000")
    assert heard.messages == [
        (7, Tick(1, 99.5)),
        (7, Tick(0, 300.0)),
        (7, Tick(6, 101.0)),
        (7, Tick(8, 12345.0)),
        (7, Tick(45, 0.0)),
    ]


async def test_kinds_heads_and_five_seconds_are_read() -> None:
    heard = await read("58|1|7|3", "88|8|951832800", "50|3|9|1700000000|10|12|9|11|1000|10.5|3")
    assert heard.messages == [
        (7, DataType(3)),
        (8, HeadTimestamp("951832800")),
        (9, FiveSeconds(1700000000, 10, 12, 9, 11, 1000)),
    ]


@pytest.mark.parametrize("version", [157, 165, 166, 178])
async def test_errors_are_read_at_every_version(version: int) -> None:
    frame = "4|2|7|162|no data" + ("|" if version >= 166 else "")
    assert (await read(frame, version=version)).errors == [(7, 162, "no data")]


@pytest.mark.parametrize(
    ("frame", "broken"),
    [
        (f"17|7|start|end|2|{BAR}", (7, 17)),
        ("17|7|start|end|x", (7, 17)),
        ("90|7|3|1700000000|10", (7, 90)),
        ("10|7|AAPL|STK", (7, 10)),
    ],
)
async def test_what_cannot_be_read_fails_its_request(frame: str, broken: tuple[int, int]) -> None:
    assert (await read(frame)).broken == [broken]


@pytest.mark.parametrize("frame", ["", "x|y", "103|7|some|thing", "12|7"])
async def test_what_nobody_asked_for_is_passed_over(frame: str) -> None:
    heard = await read(frame)
    assert (heard.messages, heard.errors, heard.broken) == ([], [], [])


async def test_contract_details_are_the_librarys_work() -> None:
    fields = ["10", "7", "AAPL", "STK", "", "0", "", "SMART", "USD", "AAPL", "NMS", "NMS", "265598", "0.01", ""]
    fields += [
        "LMT",
        "SMART",
        "1",
        "0",
        "Apple Inc.",
        "NASDAQ",
        "",
        "Technology",
        "",
        "",
        "US/Eastern",
        "",
        "",
        "",
        "0",
    ]
    fields += ["1", "SCIZOR_DATA", "synthetic", "1", "", "", "26", "", "COMMON", "1", "1", "100"]
    heard = await read("|".join(fields))
    [(req_id, details)] = heard.messages
    assert isinstance(details, ContractDetails)
    assert details.contract is not None
    assert (req_id, details.contract.conId, details.stockType) == (7, 265598, "COMMON")
