"""JSON over HTTP through the real Envoy, the real services and the real database."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack, until

SPEC: dict[str, Any] = {
    "strategyId": "sma_cross",
    "symbols": ["AAPL", "IBM"],
    "start": "2005-01-01",
    "end": "2010-12-31",
    "initialCapital": {"currencyCode": "USD", "units": "100000"},
    "parameters": {"fast": 10, "slow": 30},
    "commissionBps": 5,
    "slippageBps": 2,
}


def reason(answer: httpx.Response) -> str:
    """The ErrorInfo reason of an error's body."""
    assert answer.headers["content-type"].startswith("application/json"), answer.text
    infos = [detail for detail in answer.json()["details"] if detail["@type"].endswith("google.rpc.ErrorInfo")]
    assert len(infos) == 1
    return str(infos[0]["reason"])


def started(rest: httpx.Client, **changes: Any) -> str:
    answer = rest.post("/api/backtests", json=SPEC | changes)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["backtest"]["id"])


def finished(rest: httpx.Client, **changes: Any) -> str:
    backtest = started(rest, **changes)
    state = until(
        lambda: (s := rest.get(f"/api/backtests/{backtest}").json()["backtest"]["state"]) not in _OPEN and s,
        "the backtest has ended",
    )
    assert state == "BACKTEST_STATE_SUCCEEDED"
    return backtest


_OPEN = ("BACKTEST_STATE_QUEUED", "BACKTEST_STATE_RUNNING")


def test_a_year_of_daily_bars_is_one_page(rest: httpx.Client) -> None:
    answer = rest.get("/api/data/AAPL", params={"start": "2010-01-01", "end": "2010-12-31"})
    assert answer.status_code == 200
    bars = answer.json()["bars"]
    assert len(bars["close"]) == 252
    assert bars["sessionDate"][0] == 20100104
    assert bars["sessionDate"][-1] == 20101231
    assert bars["close"][0] == pytest.approx(214.01)
    assert bars["symbol"] == "AAPL.NASDAQ"
    assert answer.json()["nextPageToken"] == ""


def test_all_symbols_are_one_page(rest: httpx.Client) -> None:
    answer = rest.get("/api/symbols", params={"page_size": 1000}).json()
    assert len(answer["symbols"]) == answer["totalSize"] >= 357
    assert answer["nextPageToken"] == ""


def test_a_split_is_taken_out_when_asked(rest: httpx.Client) -> None:
    def close(adjustment: str) -> float:
        params = {"start": "2005-02-25", "end": "2005-02-25", "adjustment": adjustment}
        return float(rest.get("/api/data/AAPL", params=params).json()["bars"]["close"][0])

    assert close("ADJUSTMENT_SPLIT") == pytest.approx(close("ADJUSTMENT_RAW") / 2)


def test_each_service_has_a_rest_port_of_its_own(stack: Stack, demo: Any) -> None:
    marketdata = httpx.get(stack.rest("SCIZOR_MARKETDATA_REST_PORT") + "/api/data/IBM?start=2013-03-01&end=2013-03-01")
    backtest = httpx.get(stack.rest("SCIZOR_BACKTEST_REST_PORT") + "/api/backtests")
    assert marketdata.json()["bars"]["sessionDate"] == [20130301]
    assert backtest.status_code == 200


def test_a_backtest_is_asked_for_watched_by_sse_and_read(rest: httpx.Client) -> None:
    backtest = started(rest)
    events = []
    with rest.stream("GET", f"/api/backtests/{backtest}/progress", headers={"accept": "text/event-stream"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events += [json.loads(line.removeprefix("data:")) for line in stream.iter_lines() if line.startswith("data:")]
    assert "end" in events[-1]
    progress = [event["progress"] for event in events if "progress" in event]
    assert progress[-1]["state"] == "BACKTEST_STATE_SUCCEEDED"
    assert progress[-1]["fraction"] == 1
    assert int(progress[-1]["barsDone"]) == int(progress[-1]["barsTotal"]) > 3000

    results = rest.get(f"/api/backtests/{backtest}/results").json()["results"]
    metrics = {metric["name"]: metric for metric in results["metrics"]}
    assert metrics["sharpe"]["convention"] == "TRADING_DAY_252"
    trades = rest.get(f"/api/backtests/{backtest}/trades", params={"page_size": 10000}).json()
    assert len(trades["trades"]) == int(trades["totalSize"]) == int(results["trades"]) > 20
    curve = rest.get(f"/api/backtests/{backtest}/equity").json()["curve"]
    assert len(curve["equity"]) == int(results["sessions"])
    assert curve["equity"][-1] == pytest.approx(results["finalEquity"])
    # The account also earned interest on its cash, and paid none: it can borrow no money, and was never short.
    assert results["costs"]["creditInterest"] > 0
    assert results["finalEquity"] == pytest.approx(
        100000 + sum(trade["netPnl"] for trade in trades["trades"]) + results["costs"]["creditInterest"], abs=0.01
    )


def test_the_same_backtest_twice_has_the_same_fingerprint_and_figures(rest: httpx.Client) -> None:
    first, second = (rest.get(f"/api/backtests/{finished(rest)}/results").json()["results"] for _ in range(2))
    assert first["fingerprint"] == second["fingerprint"]
    assert first["metrics"] == second["metrics"]


def test_a_curve_cut_down_keeps_its_extremes(rest: httpx.Client) -> None:
    backtest = finished(rest)
    whole = rest.get(f"/api/backtests/{backtest}/equity").json()["curve"]["equity"]
    few = rest.get(f"/api/backtests/{backtest}/equity", params={"max_points": 50}).json()["curve"]["equity"]
    assert len(few) <= 50
    assert (few[0], few[-1], min(few), max(few)) == (whole[0], whole[-1], min(whole), max(whole))


def test_history_streams_as_lines_that_end_with_an_end(rest: httpx.Client) -> None:
    with rest.stream("GET", "/api/data:stream", params={"symbols": ["AAPL", "IBM"], "chunk_bars": 1000}) as stream:
        lines = [json.loads(line) for line in stream.iter_lines() if line.strip()]
    chunks = [line["bars"] for line in lines if "bars" in line]
    assert {chunk["symbol"] for chunk in chunks} == {"AAPL.NASDAQ", "IBM.NYSE"}
    assert int(lines[-1]["end"]["messageCount"]) == len(chunks)
    assert [int(line["sequence"]) for line in lines] == list(range(1, len(lines) + 1))


def test_the_same_request_id_gives_the_same_backtest_and_another_body_is_refused(rest: httpx.Client) -> None:
    params = {"request_id": "e2e-once"}
    first = rest.post("/api/backtests", json=SPEC, params=params).json()
    second = rest.post("/api/backtests", json=SPEC, params=params).json()
    other = rest.post("/api/backtests", json=SPEC | {"commissionBps": 6}, params=params)
    assert first["backtest"]["id"] == second["backtest"]["id"]
    assert (other.status_code, reason(other)) == (409, "REQUEST_ID_REUSED")


BAD_BACKTESTS = [
    ({"initialCapital": {"currencyCode": "USD", "units": "-5"}}, 400, "FIELD_INVALID", "initial_capital"),
    ({"start": "2011-01-01", "end": "2010-01-01"}, 400, "DATE_RANGE_INVALID", "start"),
    ({"commisionBps": 5}, 400, "FIELD_UNKNOWN", "commisionBps"),
    ({"parameters": {"fast": 30, "slow": 10}}, 400, "STRATEGY_PARAMETER_INVALID", "fast"),
    ({"parameters": {"quick": 3}}, 400, "STRATEGY_PARAMETER_INVALID", "quick"),
    ({"strategyId": "crystal_ball"}, 404, "STRATEGY_NOT_FOUND", "crystal_ball"),
    ({"symbols": ["NOPE"]}, 404, "SYMBOL_NOT_FOUND", "NOPE"),
    ({"symbols": []}, 400, "FIELD_INVALID", "symbols"),
    ({"symbols": ["CBA"]}, 400, "FIELD_INVALID", "AUD"),
    ({"start": "1950-01-01", "end": "1950-12-31"}, 400, "BARS_NOT_FOUND", ""),
]


@pytest.mark.parametrize(("changes", "status", "expected", "named"), BAD_BACKTESTS)
def test_a_bad_backtest_is_refused_by_name(
    rest: httpx.Client, changes: dict[str, Any], status: int, expected: str, named: str
) -> None:
    answer = rest.post("/api/backtests", json=SPEC | changes)
    assert (answer.status_code, reason(answer)) == (status, expected)
    assert named in answer.json()["message"]


BAD_READS = [
    ("/api/data/NOPE", 404, "SYMBOL_NOT_FOUND"),
    ("/api/data/AAPL?start=2011-01-01&end=2010-01-01", 400, "DATE_RANGE_INVALID"),
    ("/api/data/AAPL?start=2010-02-30", 400, "DATE_RANGE_INVALID"),
    ("/api/data/AAPL?start=yesterday", 400, "FIELD_INVALID"),
    ("/api/data/AAPL?page_size=-1", 400, "FIELD_INVALID"),
    ("/api/data/AAPL?page_token=garbage", 400, "PAGE_TOKEN_INVALID"),
    ("/api/data:stream", 400, "FIELD_INVALID"),
    ("/api/backtests/3f2b8a52-0000-4000-8000-000000000000", 404, "BACKTEST_NOT_FOUND"),
    ("/api/backtests/not-an-id", 400, "FIELD_INVALID"),
]


@pytest.mark.parametrize(("path", "status", "expected"), BAD_READS)
def test_a_bad_read_is_refused_by_name(rest: httpx.Client, path: str, status: int, expected: str) -> None:
    answer = rest.get(path)
    assert (answer.status_code, reason(answer)) == (status, expected)


def test_a_page_token_belongs_to_its_query(rest: httpx.Client) -> None:
    token = rest.get("/api/data/AAPL", params={"page_size": 10}).json()["nextPageToken"]
    next_page = rest.get("/api/data/AAPL", params={"page_size": 10, "page_token": token})
    other = rest.get("/api/data/IBM", params={"page_size": 10, "page_token": token})
    assert next_page.status_code == 200
    assert (other.status_code, reason(other)) == (400, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(("path", "status"), [("/api/nothing", 404), ("/", 404), ("/api/symbols?colour=blue", 400)])
def test_what_no_rpc_answers_is_a_typed_error(rest: httpx.Client, path: str, status: int) -> None:
    answer = rest.get(path)
    assert answer.status_code == status
    assert reason(answer)


def test_a_field_of_ten_megabytes_is_refused_and_the_service_lives_on(rest: httpx.Client) -> None:
    answer = rest.post("/api/backtests", json=SPEC | {"title": "x" * 10_000_000})
    assert answer.status_code in {400, 413, 429}
    assert reason(answer)
    assert rest.get("/api/health").json()["serving"] is True


def test_a_deadline_of_a_millisecond_is_a_gateway_timeout(rest: httpx.Client) -> None:
    answer = rest.get("/api/data/AAPL", params={"page_size": 10000}, headers={"grpc-timeout": "1m"})
    assert answer.status_code == 504
    assert rest.get("/api/health").json()["serving"] is True


def test_a_watcher_that_leaves_does_not_end_the_backtest(rest: httpx.Client) -> None:
    backtest = started(rest)
    with rest.stream("GET", f"/api/backtests/{backtest}/progress") as stream:
        next(stream.iter_lines())
    until(
        lambda: rest.get(f"/api/backtests/{backtest}").json()["backtest"]["state"] == "BACKTEST_STATE_SUCCEEDED",
        "the backtest succeeds without a watcher",
    )
