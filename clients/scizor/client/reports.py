"""Calls about what backtests came to: files, comparisons, a strategy over its runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from scizor.backtest.v1 import report_pb2 as pb
from scizor.client.calls import Call, Download


class TearsheetFormat(IntEnum):
    """What a tearsheet is made as; numbers equal the contract's."""

    HTML = 1
    PNG = 2
    JSON = 3
    CSV = 4
    PARQUET = 5

    @property
    def suffix(self) -> str:
        """How such a file's name ends; tables come as an archive of several."""
        name = self.name.lower()
        return f".{name}.zip" if self in {TearsheetFormat.CSV, TearsheetFormat.PARQUET} else f".{name}"


@dataclass(frozen=True, slots=True)
class Tearsheet:
    """A file as it came. `content_type`: such as `text/html; charset=utf-8`."""

    content: bytes
    content_type: str


def get_tearsheet(backtest_id: str, *, format: TearsheetFormat = TearsheetFormat.HTML) -> Download[Tearsheet]:  # noqa: A002 - the contract's word
    """A backtest's tearsheet: a page, a picture, or its data as a file."""
    request = pb.GetTearsheetRequest(id=backtest_id, format=pb.TearsheetFormat.ValueType(format))
    return Download(request, Tearsheet)


def compare_backtests(
    backtest_ids: Iterable[str],
) -> Call[pb.CompareBacktestsResponse, pb.CompareBacktestsResponse]:
    """Backtests side by side; the first is what the others are compared with."""
    return Call(pb.CompareBacktestsRequest(ids=backtest_ids), pb.CompareBacktestsResponse, lambda answer: answer)


def get_performance(
    strategy_id: str, *, strategy_version: int = 0, rank_by: str = ""
) -> Call[pb.GetStrategyPerformanceResponse, pb.GetStrategyPerformanceResponse]:
    """How a strategy fared over its runs; over those of all its versions when `strategy_version` is 0."""
    request = pb.GetStrategyPerformanceRequest(id=strategy_id, strategy_version=strategy_version, rank_by=rank_by)
    return Call(request, pb.GetStrategyPerformanceResponse, lambda answer: answer)
