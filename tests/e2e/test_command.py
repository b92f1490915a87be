"""The `scizor` command, as a newcomer and as a machine call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import Stack

HEADING = "date,open,high,low,close,volume\n"


def test_the_demo_does_the_whole_job(demo: Any) -> None:
    assert demo["populate"]["done"] == demo["populate"]["total"] == 357
    assert demo["validate"]["skipped"] == 359
    daily, real, again = demo["collections"]
    assert (daily["state"], daily["requests"], real["state"], again["requests"]) == ("succeeded", 358, "succeeded", 0)
    assert daily["new_bars"] >= 357 * 15
    assert real["new_bars"] == 3270 * 3 + 2148
    assert demo["import"]["verdict"] == "IMPORT_VERDICT_CLEAN"
    assert int(demo["import"]["rowsRead"]) == 196
    assert {quote["symbol"] for quote in demo["quotes"]} == {"AAPL.NASDAQ", "BHP.ASX"}
    assert not any("synthetic" in warning for warning in demo["backtest"]["results"]["warnings"])
    names = {metric["name"] for metric in demo["backtest"]["results"]["metrics"]}
    assert {"sharpe", "max_drawdown", "cagr", "total_return"} <= names


def test_the_demo_can_be_given_again(stack: Stack, demo: Any) -> None:
    again = stack.json("demo")
    assert again["backtest"]["results"]["fingerprint"] == demo["backtest"]["results"]["fingerprint"]
    assert int(again["import"]["rowsUnchanged"]) == 196
    assert [collection["requests"] for collection in again["collections"]] == [0, 0, 0]


def test_a_person_sees_metrics_and_a_curve(stack: Stack, demo: Any) -> None:
    shown = stack.run("backtest", "run", "buy_and_hold", "--symbols", "AAPL", "--capital", "10000").stdout
    assert "sharpe" in shown.lower()
    assert any("\u2800" <= letter <= "\u28ff" or "\u2580" <= letter <= "\u259f" for letter in shown)


def test_a_file_with_half_its_rows_bad_is_refused_and_its_rows_are_kept_aside(
    stack: Stack, demo: Any, tmp_path: Path
) -> None:
    good = "2020-01-{:02d},10,11,9,10.5,1000\n"
    bad = "2020-02-{:02d},10,11,9,12.5,1000\n"
    days = (6, 7, 8, 9, 10)
    path = tmp_path / "half.csv"
    path.write_text(
        HEADING + "".join(good.format(day) for day in days) + "".join(bad.format(day) for day in (3, 4, 5, 6, 7))
    )
    result = stack.run("bars", "import", str(path), "--symbol", "TSLA", "--source", "test:half", check=False)
    assert result.returncode == 1
    assert "IMPORT_REFUSED" in result.stderr
    assert stack.json("bars", "get", "TSLA", "--end", "2020-12-31")["bars"].get("close", []) == []
    quality = stack.json("bars", "quality", "--symbol", "TSLA")
    assert quality["imports"][0]["verdict"] == "IMPORT_VERDICT_REFUSED"
    assert {row["rule"] for row in quality["rows"]} == {"QUALITY_RULE_OUTSIDE_RANGE"}
    assert len(quality["rows"]) == 5


def test_a_file_that_is_none_is_refused(stack: Stack, demo: Any, tmp_path: Path) -> None:
    path = tmp_path / "picture.parquet"
    path.write_bytes(b"\x89PNG not parquet" * 10)
    result = stack.run("bars", "import", str(path), "--symbol", "TSLA", "--source", "test:none", check=False)
    assert result.returncode == 1
    assert "FILE_UNREADABLE" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("bars", "get", "NOPE"), ("bars", "get", "AAPL", "--start", "2011-01-01", "--end", "2010-01-01")],
)
def test_an_error_is_one_line(stack: Stack, demo: Any, arguments: tuple[str, ...]) -> None:
    result = stack.run(*arguments, check=False)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_status_tells_machines_what_it_tells_people(stack: Stack, demo: Any) -> None:
    status = stack.json("status")
    assert {service["state"] for service in status["services"]} == {"ready"}
    shown = stack.run("status").stdout
    assert all(service["name"] in shown for service in status["services"])


def test_an_unreachable_server_says_what_to_do() -> None:
    nowhere = Stack()
    try:
        result = nowhere.run("symbols", "list", check=False)
        assert result.returncode == 3
        assert "scizor up" in result.stderr
    finally:
        nowhere.remove()


def test_json_is_one_document(stack: Stack, demo: Any) -> None:
    document = json.loads(stack.run("symbols", "get", "AAPL", "--json").stdout)
    assert document["symbol"]["id"] == "AAPL.NASDAQ"
