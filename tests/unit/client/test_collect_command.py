"""`scizor collect …` against a scripted server: progress, results, and what is said when it does not go to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status

from scizor.client.cli import run
from scizor.client.cli.collecting import follow
from scizor.client.cli.collection_tables import collections_table
from scizor.client.cli.usage import CommandFailed
from scizor.marketdata.v1 import collection_pb2 as co
from scizor.marketdata.v1 import live_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.type.v1.bars_pb2 import BAR_INTERVAL_5M
from tests.unit.client.scripted import COLLECTION_ID, PARTIAL, RUNNING, MarketData, collection

Capture = pytest.CaptureFixture[str]
Fake = MarketData


def lines_of(capsys: Capture) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_step_is_a_line_and_the_last_is_the_result(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "daily", "--exchange", "nasdaq", "--json"]) == 0
    first, last = lines_of(capsys)
    assert first["state"] == "running"
    told = {name: last[name] for name in ("id", "kind", "state", "chunks", "chunks_done", "requests", "new_bars")}
    assert told == {
        "id": COLLECTION_ID,
        "kind": "daily",
        "state": "succeeded",
        "chunks": 2,
        "chunks_done": 2,
        "requests": 3,
        "new_bars": 9,
    }
    assert market_data.asked[0].primary_exchange == "NASDAQ"


def test_where_no_symbol_is_stored_the_universe_is_stored_first(market_data: Fake, capsys: Capture) -> None:
    market_data.symbols = 0
    assert run(["collect", "daily"]) == 0
    said = capsys.readouterr().out
    assert said.index("2 of 2 symbols stored") < said.index("succeeded")


def test_a_person_is_shown_what_it_came_to(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "symbol", "aapl", "--interval", "5m"]) == 0
    said = capsys.readouterr()
    assert "succeeded" in said.out
    assert "9 of 10 received" in said.out
    assert said.err == ""
    asked = market_data.asked[0]
    assert (asked.symbol, asked.interval) == ("AAPL", BAR_INTERVAL_5M)


def test_history_asks_for_the_range_in_the_contracts_words(market_data: Fake) -> None:
    words = ["history", "AAPL,MSFT", "--start-date", "2015-01-02", "--end-date", "2015-12-31", "--refresh"]
    assert run(["collect", *words]) == 0
    asked = market_data.asked[0]
    assert list(asked.symbols) == ["AAPL", "MSFT"]
    assert (asked.start, asked.end, asked.refresh) == ("2015-01-02", "2015-12-31", True)


def test_a_dry_run_says_what_would_be_asked(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "daily", "--dry-run"]) == 0
    assert "would ask for 2 chunks" in capsys.readouterr().out
    assert market_data.asked[0].dry_run


def test_chunks_given_up_are_an_error_that_says_where_to_look(market_data: Fake, capsys: Capture) -> None:
    market_data.updates = [RUNNING, PARTIAL]
    assert run(["collect", "daily", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["state"] == "partial"
    assert "1 of 2 chunks were given up" in said.err
    assert f"collect status {COLLECTION_ID} --chunks failed" in said.err


def test_a_collection_that_failed_says_why(market_data: Fake, capsys: Capture) -> None:
    failed = collection(co.COLLECTION_STATE_FAILED)
    failed.error.CopyFrom(Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="the gateway went away"))
    market_data.updates = [failed]
    assert run(["collect", "daily"]) == 1
    assert "the gateway went away" in capsys.readouterr().err


def stopped_by_hand(*updates: co.Collection) -> Iterator[co.Collection]:
    yield from updates
    raise KeyboardInterrupt


def test_ctrl_c_says_that_it_goes_on_and_how_to_follow_and_end_it() -> None:
    with pytest.raises(CommandFailed, match="goes on without you") as caught:
        follow(stopped_by_hand(RUNNING), as_json=False)
    assert caught.value.status == 130
    assert f"scizor collect status {COLLECTION_ID} --follow" in str(caught.value)
    assert f"scizor collect cancel {COLLECTION_ID}" in str(caught.value)


def test_ctrl_c_before_anything_was_told_says_where_to_look() -> None:
    with pytest.raises(CommandFailed, match="scizor collect status"):
        follow(stopped_by_hand(), as_json=False)


def test_a_stream_that_breaks_off_is_no_success(market_data: Fake, capsys: Capture) -> None:
    market_data.updates, market_data.says_end = [RUNNING], False
    assert run(["collect", "daily"]) == 1
    said = capsys.readouterr().err
    assert "STREAM_BROKEN" in said
    assert f"scizor collect status {COLLECTION_ID}" in said


def test_an_error_in_band_is_told(market_data: Fake, capsys: Capture) -> None:
    market_data.failure = Status(code=grpc.StatusCode.INTERNAL.value[0], message="it fell over")
    assert run(["collect", "daily"]) == 1
    assert "it fell over" in capsys.readouterr().err


def test_a_lost_connection_is_opened_again_onto_the_same_collection(market_data: Fake, capsys: Capture) -> None:
    market_data.lost_first = True
    assert run(["collect", "daily", "--json"]) == 0
    assert lines_of(capsys)[-1]["state"] == "succeeded"
    first, second = market_data.asked
    assert first.request_id
    assert first == second


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["history"], "--all"),
        (["history", "AAPL", "--all"], "--all"),
        (["history", "AAPL", "--start-date", "soon"], "start"),
        (["daily", "--date", "2026-02-30"], "date"),
        (["symbol", "AAPL", "--interval", "2m"], "--interval"),
        (["status", COLLECTION_ID, "--chunks", "odd"], "pending, done, failed, cancelled"),
        (["status", "--follow"], "--follow"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(
    words: list[str], named: str, market_data: Fake, capsys: Capture
) -> None:
    assert run(["collect", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert named in said.err


def test_collections_are_listed(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "status", "--state", "partial"]) == 0
    assert "all active" in capsys.readouterr().out
    assert market_data.asked[0].state == co.COLLECTION_STATE_PARTIAL
    assert run(["collect", "status", "--json"]) == 0
    [document] = lines_of(capsys)
    assert [one["state"] for one in document["collections"]] == ["succeeded", "partial"]


def test_a_list_names_the_first_symbol_and_counts_the_rest() -> None:
    made = collections_table([co.Collection(symbols=["AAPL.NASDAQ", "GOOG.NASDAQ", "IBM.NYSE"])])
    assert list(made.columns[3].cells) == ["AAPL.NASDAQ +2"]
    assert made.title == "1 collection"


def test_one_collection_comes_with_its_whole_ledger(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "status", COLLECTION_ID, "--json"]) == 0
    [document] = lines_of(capsys)
    assert [chunk["number"] for chunk in document["ledger"]] == [1, 2]
    assert document["ledger"][1]["error_category"] == "unknown_contract"


def test_the_ledger_can_be_of_failures_only(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "status", COLLECTION_ID, "--chunks", "failed"]) == 0
    shown = capsys.readouterr().out
    assert "200 unknown_contract" in shown
    assert "AAPL" not in shown


def test_a_collection_that_has_ended_is_followed_no_further(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "status", COLLECTION_ID, "--follow", "--json"]) == 0
    assert lines_of(capsys)[-1]["state"] == "succeeded"


def test_a_cancelled_collection_says_what_stays(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "cancel", COLLECTION_ID]) == 0
    assert "4 new bars" in capsys.readouterr().out


def test_the_check_goes_the_whole_way(market_data: Fake, capsys: Capture) -> None:
    assert run(["collect", "check", "--json"]) == 0
    *steps, last = lines_of(capsys)
    assert [step["check"] for step in steps] == [
        "service",
        "broker",
        "symbol",
        "market hours",
        "dry run",
        "collection",
        "quote",
    ]
    assert last["ok"]
    assert (last["requests"], last["new_bars"]) == (3, 9)
    real = [asked for asked in market_data.asked if isinstance(asked, co.CollectHistoryRequest)][-1]
    assert (real.start, real.end, real.refresh) == ("2026-11-20", "2026-11-20", True)


def test_a_check_without_a_broker_says_what_to_do_and_skips_the_rest(market_data: Fake, capsys: Capture) -> None:
    market_data.broker = md.BrokerHealth(
        state=md.CONNECTION_STATE_DOWN, address="127.0.0.1:4002", message="connection refused"
    )
    assert run(["collect", "check"]) == 1
    shown = capsys.readouterr().out
    assert "failed    broker: down, gateway at 127.0.0.1:4002; it says: connection refused" in shown
    assert "IBKR_HOST" in shown
    assert shown.count("skipped") == 5


def test_a_check_tells_of_a_refused_feed(market_data: Fake, capsys: Capture) -> None:
    refused = live_pb2.FeedStatus(
        symbol="AAPL.NASDAQ", state=live_pb2.FEED_STATE_REFUSED, code=354, message="not subscribed"
    )
    market_data.quotes = [refused]
    assert run(["collect", "check", "--json"]) == 1
    last = lines_of(capsys)[-1]
    assert last["steps"][-1]["detail"] == "354 not subscribed"
    assert not last["ok"]
