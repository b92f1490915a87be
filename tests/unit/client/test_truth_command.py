"""Symbols checked with the broker, coverage, quality, market hours, bars by length: commands and what they print."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scizor.client.cli import run
from scizor.client.cli.bundle import store_bundled_symbols
from scizor.client.cli.hours import market_line
from scizor.client.cli.tables import counted, price, span
from scizor.client.cli.truth_tables import lacking_table
from scizor.client.sync import Client
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.marketdata.v1.market_data_service_pb2 import GetMarketHoursResponse, MarketSession
from scizor.type.v1 import bars_pb2
from tests.unit.client.scripted import MarketData, stamp

Capture = pytest.CaptureFixture[str]


def last_line(capsys: Capture) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_one_of_a_thing_is_told_as_one() -> None:
    assert [counted(number, "request") for number in (0, 1, 2_000)] == ["0 requests", "1 request", "2,000 requests"]


def test_a_bundled_symbol_that_trades_no_longer_is_stored_inactive(market_data: MarketData) -> None:
    with Client(os.environ["SCIZOR_ADDRESS"]) as client:
        store_bundled_symbols(client)
    [made_inactive] = [one for one in market_data.asked if isinstance(one, md.UpdateSymbolRequest)]
    assert list(made_inactive.update_mask.paths) == ["active"]
    assert not made_inactive.symbol.active


def test_populating_tells_each_step_and_then_the_whole(market_data: MarketData, capsys: Capture) -> None:
    assert run(["symbols", "populate", "--json"]) == 0
    assert [json.loads(line)["done"] for line in capsys.readouterr().out.splitlines()] == [1, 2]
    assert run(["symbols", "populate"]) == 0
    assert "the broker knows 1 of the new ones, not 1" in capsys.readouterr().out


def test_validating_lists_what_changed(market_data: MarketData, capsys: Capture) -> None:
    assert run(["symbols", "validate", "FB,BHP", "--force-revalidate", "--limit", "2"]) == 0
    shown = capsys.readouterr().out
    assert "archived" in shown
    assert "archive 17" in shown
    assert "BHP.ASX.USD (BHP ADR)" in shown
    asked = market_data.asked[0]
    assert (list(asked.symbols), asked.force_revalidate, asked.limit) == (["FB", "BHP"], True, 2)


def test_validating_for_machines_ends_with_all_outcomes(market_data: MarketData, capsys: Capture) -> None:
    assert run(["symbols", "validate", "--json"]) == 0
    document = last_line(capsys)
    assert [one["symbol"] for one in document["outcomes"]] == ["FB.NASDAQ", "BHP.ASX"]
    assert document["done"] == 2


def test_a_symbol_the_broker_does_not_know_can_be_stored(market_data: MarketData) -> None:
    assert run(["symbols", "create", "FB", "NASDAQ", "USD", "--skip-validation"]) == 0
    assert market_data.asked[0].skip_validation


def test_coverage_says_why_a_session_is_not_there(market_data: MarketData, capsys: Capture) -> None:
    assert run(["coverage", "AAPL", "--interval", "5m"]) == 0
    shown = capsys.readouterr().out
    reasons = shown.split("and why")[1]
    assert "162 no permission" in reasons
    assert "holiday" not in reasons
    assert "present" not in reasons
    assert "2026-11-20" in shown
    assert market_data.asked[0].interval == bars_pb2.BAR_INTERVAL_5M


def test_what_only_holidays_part_is_one_run() -> None:
    runs = [
        (md.SESSION_STATE_NOT_LISTED, "2004-07-01", "2004-07-02", 2),
        (md.SESSION_STATE_HOLIDAY, "2004-07-05", "2004-07-05", 1),
        (md.SESSION_STATE_NOT_LISTED, "2004-07-06", "2004-08-18", 32),
        (md.SESSION_STATE_PRESENT, "2004-08-19", "2004-08-19", 1),
        (md.SESSION_STATE_UNKNOWN, "2004-08-20", "2004-08-20", 1),
    ]
    answer = md.GetCoverageResponse(
        runs=[md.SessionRun(state=state, first=first, last=last, sessions=n) for state, first, last, n in runs]
    )
    made = lacking_table(answer)
    assert made is not None
    cells = [list(column.cells) for column in made.columns]
    assert list(zip(*cells, strict=True)) == [
        ("2004-07-01", "2004-08-18", "34", "not listed", ""),
        ("2004-08-20", "2004-08-20", "1", "unknown", ""),
    ]
    assert answer.runs[0].last == "2004-07-02"


def test_coverage_for_machines_is_one_line(market_data: MarketData, capsys: Capture) -> None:
    assert run(["coverage", "AAPL", "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["coverage"][0]["counts"][1] == {"state": "SESSION_STATE_FETCH_FAILED", "sessions": 1}


def test_quality_shows_rules_and_flags(market_data: MarketData, capsys: Capture) -> None:
    assert run(["quality", "AAPL"]) == 0
    shown = capsys.readouterr().out
    assert "2 rows kept aside: off_calendar 2" in shown
    assert "suspected_split" in shown
    assert market_data.asked[0].symbol == "AAPL"


def test_market_hours_are_told_in_both_times(market_data: MarketData, capsys: Capture) -> None:
    assert run(["market-hours", "nasdaq"]) == 0
    shown = capsys.readouterr().out
    assert "09:30 to 16:00 its own time" in shown
    assert "closed" in shown
    assert run(["market-hours", "NASDAQ", "--json"]) == 0
    assert last_line(capsys)["next"]["date"] == "2099-11-23"


@pytest.mark.parametrize(
    ("hour", "said"),
    [(13, "X is closed; it opens 2026-11-20 14:30 UTC"), (15, "X is open; it closes 2026-11-20 21:00 UTC"), (22, "")],
)
def test_hours_are_told_as_long_as_they_are_known(hour: int, said: str) -> None:
    session = MarketSession(
        date="2026-11-20", open_time=stamp("2026-11-20T14:30:00"), close_time=stamp("2026-11-20T21:00:00")
    )
    hours = GetMarketHoursResponse(time_zone="America/New_York", session=session)
    line = market_line("X", hours, datetime(2026, 11, 20, hour, tzinfo=UTC))
    assert line.startswith(said)
    assert bool(line) == bool(said)


def test_bars_are_deleted_by_range(market_data: MarketData, capsys: Capture) -> None:
    assert run(["bars", "delete", "AAPL", "--start", "2026-11-02", "--interval", "1h", "--json"]) == 0
    assert last_line(capsys) == {"barsDeleted": "5"}
    asked = market_data.asked[0]
    assert (asked.start, asked.end, asked.interval) == ("2026-11-02", "", bars_pb2.BAR_INTERVAL_1H)


def test_all_bars_are_deleted_only_when_that_is_said(market_data: MarketData, capsys: Capture) -> None:
    assert run(["bars", "delete", "AAPL"]) == 2
    assert "--all" in capsys.readouterr().err
    assert run(["bars", "delete", "AAPL", "--all"]) == 0


def test_bars_shorter_than_a_session_have_their_instant(
    market_data: MarketData, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "bars.csv"
    assert run(["bars", "get", "AAPL", "--interval", "5m", "--csv", str(path)]) == 0
    assert path.read_text().splitlines() == [
        "symbol,date,time,open,high,low,close,volume",
        "AAPL.NASDAQ,2026-11-20,2026-11-20T14:30:00Z,1.0,2.0,0.5,1.5,100.0",
    ]
    capsys.readouterr()
    assert run(["bars", "get", "AAPL", "--interval", "5m"]) == 0
    shown = capsys.readouterr().out
    assert "5m bars" in shown
    assert "2026-11-20 14:30:00" in shown


def test_status_tells_of_the_broker(market_data: MarketData, capsys: Capture) -> None:
    assert run(["status"]) == 0
    assert "ready, simulator at 127.0.0.1:4002" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3.0, "0s"), (59.9, "59s"), (185.0, "3m 05s"), (3_720.0, "1h 02m"), (93_600.0, "1d 2h")]
)
def test_a_length_of_time_is_told_in_two_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("value", "said"), [(271.5, "271.50"), (0.005, "0.005"), (1234.5678, "1,234.5678")])
def test_a_price_has_the_decimals_it_needs(value: float, said: str) -> None:
    assert price(value) == said
