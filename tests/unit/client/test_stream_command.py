"""`scizor stream …` against a scripted server, and the table that a terminal shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import grpc
import pytest
from google.rpc.status_pb2 import Status
from rich.console import Console
from rich.table import Table

from scizor.client.cli import run
from scizor.client.cli.live_board import Board, change_of, line_of_event
from scizor.marketdata.v1 import live_pb2
from tests.unit.client.scripted import ACTIVE, BAR, GAP, HOURS, QUOTE, MarketData, stamp

Capture = pytest.CaptureFixture[str]
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def drawn(table: Table, width: int = 200) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_quotes_for_machines_are_one_object_a_line(market_data: MarketData, capsys: Capture) -> None:
    assert run(["stream", "quotes", "aapl", "--count", "1", "--json"]) == 0
    feed, quote = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert feed["feed"]["state"] == "FEED_STATE_ACTIVE"
    assert quote["quote"]["bid"] == 271.48
    assert "open" not in quote["quote"]
    assert list(market_data.asked[0].symbols) == ["AAPL"]


def test_quotes_where_there_is_no_terminal_are_lines_and_say_when_it_opens(
    market_data: MarketData, capsys: Capture
) -> None:
    assert run(["stream", "quotes", "AAPL", "--count", "1"]) == 0
    hours, feed, quote = capsys.readouterr().out.splitlines()
    assert hours.startswith("NASDAQ is closed; it opens 2099-11-23 14:30 UTC (Mon 09:30 in America/New_York)")
    assert feed == "AAPL.NASDAQ | feed active"
    assert quote == (
        "2026-11-20 20:59:58Z | AAPL.NASDAQ | bid 271.48 | ask 271.50 | last 271.49 | change +5.24 (+1.97%)"
        " | missed 7 | delayed | ibsim:synthetic"
    )


def test_a_quiet_stream_ends_when_the_time_is_over(market_data: MarketData, capsys: Capture) -> None:
    market_data.quotes, market_data.stays_open = [], True
    assert run(["stream", "quotes", "AAPL", "--seconds", "0.2", "--json"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_stream_that_the_server_ends_says_so(market_data: MarketData, capsys: Capture) -> None:
    assert run(["stream", "quotes", "AAPL", "--json"]) == 3
    assert "server is stopping" in capsys.readouterr().err


def test_a_stream_of_which_all_is_refused_ends_with_the_reason(market_data: MarketData, capsys: Capture) -> None:
    state, stays = live_pb2.FEED_STATE_REFUSED, "no security definition"
    market_data.quotes = [live_pb2.FeedStatus(symbol="FB.NASDAQ", state=state, code=200, message=stays)]
    market_data.stays_open = True
    assert run(["stream", "quotes", "FB", "--json"]) == 1
    assert "FB.NASDAQ: no security definition" in capsys.readouterr().err


def test_a_stream_that_breaks_off_is_no_end(market_data: MarketData, capsys: Capture) -> None:
    market_data.says_end = False
    assert run(["stream", "quotes", "AAPL", "--json"]) == 1
    assert "STREAM_BROKEN" in capsys.readouterr().err


def test_an_error_in_band_is_told(market_data: MarketData, capsys: Capture) -> None:
    market_data.failure = Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message="too many symbols")
    assert run(["stream", "quotes", "AAPL", "--json"]) == 1
    assert "too many symbols" in capsys.readouterr().err


def test_live_bars_are_lines(market_data: MarketData, capsys: Capture) -> None:
    assert run(["stream", "bars", "AAPL", "--interval", "1m", "--count", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "AAPL.NASDAQ | 1.00 | 2.00 | 0.50 | 1.50 | 100 | complete"
    assert market_data.asked[-1].interval == live_pb2.LIVE_BAR_INTERVAL_1M


def test_the_table_shows_the_newest_of_each_symbol() -> None:
    board = Board({"NASDAQ": HOURS})
    older = live_pb2.Quote(symbol="AAPL.NASDAQ", last=1.0)
    refused = live_pb2.FeedStatus(
        symbol="X.NYSE", state=live_pb2.FEED_STATE_REFUSED, code=354, message="not subscribed"
    )
    for event in (ACTIVE, older, QUOTE, GAP, refused):
        board.take(event)
    shown = drawn(board.quotes(SUNDAY))
    row = next(line for line in shown.splitlines() if line.strip().startswith("AAPL"))
    assert row.split() == [
        *("AAPL.NASDAQ", "271.48", "271.50", "271.49", "+5.24", "(+1.97%)", "1d", "13h", "delayed"),
        *("7", "gaps", "1"),
    ]
    assert "source ibsim:synthetic" in shown
    assert "refused, 354 not subscribed" in shown
    assert "NASDAQ is closed" in shown


def test_the_table_fits_a_narrow_terminal_while_all_is_well() -> None:
    board = Board({"NASDAQ": HOURS})
    calm = live_pb2.Quote()
    calm.CopyFrom(QUOTE)
    calm.conflated = 0
    for event in (ACTIVE, calm):
        board.take(event)
    shown = drawn(board.quotes(SUNDAY), width=80)
    assert "271.48   271.50   271.49   +5.24 (+1.97%)" in shown
    assert "feed" not in shown


def test_sources_that_differ_are_told_in_each_row() -> None:
    board = Board()
    for source in ("ib", "ibsim:synthetic"):
        board.take(live_pb2.Quote(symbol=f"{source[:2].upper()}{len(source)}.NYSE", last=1.0, source=source))
    header = next(line for line in drawn(board.quotes(SUNDAY)).splitlines() if "symbol" in line)
    assert "source" in header


def test_the_table_of_bars_says_which_still_form() -> None:
    board = Board()
    forming = live_pb2.LiveBar()
    forming.CopyFrom(BAR)
    forming.complete = False
    board.take(BAR)
    board.take(forming)
    assert "forming" in drawn(board.bars(SUNDAY))


def test_a_gap_says_since_when_and_why() -> None:
    gap = live_pb2.FeedGap(
        symbol="A.NYSE", start_time=stamp("2026-11-20T15:00:00"), end_time=stamp("2026-11-20T15:01:00"), reason="1101"
    )
    assert line_of_event(gap) == "A.NYSE | gap from 2026-11-20 15:00:00Z to 2026-11-20 15:01:00Z | 1101"


@pytest.mark.parametrize(
    ("quote", "change"),
    [
        (live_pb2.Quote(last=9.5, previous_close=10.0), "-0.50 (-5.00%)"),
        (live_pb2.Quote(last=10.0, previous_close=10.0), "0.00 (+0.00%)"),
        (live_pb2.Quote(last=10.0), ""),
        (live_pb2.Quote(previous_close=10.0), ""),
    ],
)
def test_a_change_needs_both_prices(quote: live_pb2.Quote, change: str) -> None:
    assert change_of(quote) == change
