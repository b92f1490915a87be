"""Tearsheets as a browser and the command get them: through the real Envoy, drawn by a worker of the real service."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.e2e.test_rest import finished, reason
from tests.unit.tearsheet.reading import Page

UNKNOWN = "3f2b8a52-0000-4000-8000-000000000000"
TITLE = "<script>alert('mine')</script>"


@pytest.fixture(scope="module")
def two(stack: Stack, demo: Any) -> list[str]:
    """Backtests of one strategy."""
    with httpx.Client(base_url=stack.rest(), timeout=30.0) as rest:
        return [
            finished(rest, title=TITLE, benchmark="IBM"),
            finished(rest, parameters={"fast": 5, "slow": 20}),
        ]


def test_a_browser_is_shown_the_page_with_its_type_and_its_name(rest: httpx.Client, two: list[str]) -> None:
    answer = rest.get(f"/api/backtests/{two[0]}/tearsheet", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == f'inline; filename="backtest-{two[0]}.html"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = Page(answer.text)
    assert not page.all("script")
    assert page.all("h1")[0].text == TITLE
    assert len(page.all("svg")) == 9


def test_a_picture_and_the_data_come_by_the_same_path(rest: httpx.Client, two: list[str]) -> None:
    def of(kind: str) -> httpx.Response:
        return rest.get(f"/api/backtests/{two[0]}/tearsheet", params={"format": f"TEARSHEET_FORMAT_{kind}"})

    picture = of("PNG")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    data = of("JSON")
    assert data.headers["content-type"] == "application/json"
    assert data.json()["backtest"]["id"] == two[0]
    with zipfile.ZipFile(io.BytesIO(of("CSV").content)) as archive:
        assert archive.namelist() == ["metrics.csv", "trades.csv", "equity.csv"]
    assert of("PARQUET").headers["content-disposition"].startswith("attachment;")


def test_a_tearsheet_that_is_not_to_be_had_is_a_typed_error(rest: httpx.Client) -> None:
    unknown = rest.get(f"/api/backtests/{UNKNOWN}/tearsheet")
    assert (unknown.status_code, reason(unknown)) == (404, "BACKTEST_NOT_FOUND")
    strange = rest.get(f"/api/backtests/{UNKNOWN}/tearsheet", params={"format": "TEARSHEET_FORMAT_PDF"})
    assert strange.status_code == 400


def test_backtests_are_compared_by_their_ids(rest: httpx.Client, two: list[str]) -> None:
    found = rest.get("/api/backtests:compare", params={"ids": two}).json()
    assert [one["id"] for one in found["backtests"]] == two
    assert {"name": "parameters.slow", "values": ["30", "20"]} in found["settings"]
    assert found["correlations"][0]["n"] == str(int(found["commonSessions"]) - 1)
    alone = rest.get("/api/backtests:compare", params={"ids": two[:1]})
    assert (alone.status_code, reason(alone)) == (400, "FIELD_INVALID")


def test_a_strategy_is_told_over_its_runs(rest: httpx.Client, two: list[str]) -> None:
    found = rest.get("/api/performance/strategies/sma_cross").json()
    assert int(found["runs"]) >= 2
    assert {one["name"] for one in found["spreads"]} >= {"sharpe", "total_return", "max_drawdown"}
    unknown = rest.get("/api/performance/strategies/crystal_ball")
    assert (unknown.status_code, reason(unknown)) == (404, "STRATEGY_NOT_FOUND")


def test_the_command_writes_the_same_page_compares_and_tells(stack: Stack, two: list[str], tmp_path: Path) -> None:
    told = stack.json("backtest", "report", two[0], "--output", str(tmp_path / "sheet.html"))
    content = (tmp_path / "sheet.html").read_bytes()
    assert told["bytes"] == len(content)
    assert content == httpx.get(f"{stack.rest()}/api/backtests/{two[0]}/tearsheet", timeout=30.0).content
    assert len(stack.json("backtest", "compare", *two)["backtests"]) == 2
    assert "sharpe" in stack.run("backtest", "compare", *two).stdout
    assert "best sharpe" in stack.run("backtest", "performance", "sma_cross").stdout
