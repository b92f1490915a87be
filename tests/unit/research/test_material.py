"""Bars of a file, and bars that come with the question."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from scizor.codec.frames import Array, Frame
from scizor.domain.bars import ActionType, Adjustment
from scizor.domain.errors import FailedPrecondition, InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange
from scizor.services.research.bar_file import from_file
from scizor.services.research.material import given, made_up
from tests.unit.backtest.build import spec_of

HEADING = "symbol,date,open,high,low,close,volume\n"
ROWS = "B,2020-01-03,5,6,4,5.5,100\nA,2020-01-03,10,11,9,10.5,100\nA,2020-01-02,10,11,9,10,100\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(HEADING + ROWS)
    return path


def test_a_file_is_read_in_order_whatever_its_own(file: Path) -> None:
    history = from_file(file, spec_of(["A", "B"]))
    first, second = (one.series for one in history.symbols)
    assert (first.symbol, second.symbol) == ("A", "B")
    assert first.bars["close"].tolist() == [10, 10.5]


def test_a_spec_without_symbols_takes_all_of_the_file(file: Path) -> None:
    assert {one.series.symbol for one in from_file(file, spec_of([])).symbols} == {"A", "B"}


def test_a_file_without_a_column_of_symbols_is_the_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "goog.csv"
    path.write_text("date,open,high,low,close,volume\n2020-01-02,1,2,1,2,5\n")
    assert from_file(path, spec_of(["GOOG"])).symbols[0].series.symbol == "GOOG"
    for names in (["GOOG", "AAPL"], []):
        with pytest.raises(InvalidInput, match=r"lacks the column symbol: --symbols NAME names the one symbol"):
            from_file(path, spec_of(names))


def test_a_benchmark_of_the_file_is_not_traded(file: Path) -> None:
    history = from_file(file, spec_of(["A"], benchmark="B"))
    assert [one.series.symbol for one in history.symbols] == ["A"]
    assert history.benchmark is not None
    assert history.benchmark.symbol == "B"


def test_what_a_file_lacks_is_said(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"C is not in bars\.csv, which has A, B"):
        from_file(file, spec_of(["C"]))
    with pytest.raises(FailedPrecondition, match="A has no bars from 2021-01-01"):
        from_file(file, spec_of(["A"], sessions=SessionRange(start=date(2021, 1, 1))))
    with pytest.raises(InvalidInput, match="lacks the column time"):
        from_file(file, spec_of(["A"], interval=Interval.MINUTE_1))
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADING + "A,2020-01-02,10,x,9,10,100\n")
    with pytest.raises(InvalidInput, match=r"bad\.csv, row 1"):
        from_file(bad, spec_of(["A"]))


def question(currency: str = "USD") -> Frame:
    actions = [{"type": 1, "exDate": "2020-01-03", "payDate": "", "value": "2"}]
    described = {"symbol": "A.X", "currency": currency, "interval": 1, "delisted": "", "synthetic": True}
    columns: dict[str, Array] = {name: np.full(2, 5.0) for name in ("open", "high", "low", "close", "volume")}
    days: dict[str, Array] = {"day": np.array([18263, 18264], np.int32), "time_ns": np.zeros(2, np.int64)}
    arrays = {f"0.{name}": column for name, column in (columns | days).items()}
    return Frame({"symbols": [described | {"actions": actions}]}, arrays)


def test_bars_that_came_with_the_question_are_what_they_were() -> None:
    (symbol,) = given(spec_of(["A.X"], adjustment=Adjustment.RAW), question()).symbols
    assert symbol.series.synthetic
    assert symbol.series.bars["day"].tolist() == [18263, 18264]
    assert [(one.type, one.ex_date, one.value) for one in symbol.actions] == [
        (ActionType.SPLIT, date(2020, 1, 3), Decimal(2))
    ]


def test_one_account_has_one_currency() -> None:
    with pytest.raises(InvalidInput, match=r"A\.X trades in AUD: one account, one currency"):
        given(spec_of(["A.X"]), question("AUD"))


@pytest.mark.parametrize("interval", [Interval.DAY_1, Interval.MINUTE_5])
def test_made_up_bars_are_whole_and_the_same_each_time(interval: Interval) -> None:
    one, other = (made_up(spec_of([], interval=interval)) for _ in range(2))
    for first, second in zip(one.symbols, other.symbols, strict=True):
        bars = first.series.bars
        np.testing.assert_array_equal(bars, second.series.bars)
        assert np.all((bars["low"] <= bars["close"]) & (bars["close"] <= bars["high"]) & (bars["low"] > 0))
        assert np.all(np.diff(bars["time_ns"] if interval.intraday else bars["day"]) > 0)
        assert first.series.synthetic
