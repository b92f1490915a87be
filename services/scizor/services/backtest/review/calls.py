"""The wire's side of results: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from google.api.httpbody_pb2 import HttpBody

from scizor.backtest.v1 import report_pb2 as pb
from scizor.services.backtest.calls import Calls
from scizor.services.backtest.review.answers import comparison_to_proto, performance_to_proto
from scizor.services.backtest.tearsheet.material import Document, Format
from scizor.services.callers import Context

_PIECE_BYTES: Final = 512 * 1024


class ReviewCalls(Calls):
    """What is looked at."""

    async def GetTearsheet(self, request: pb.GetTearsheetRequest, context: Context) -> AsyncIterator[HttpBody]:
        """A file in pieces; over REST they are one body of its type."""
        document = await self._do.review.tearsheet(request.id, Format(request.format or Format.HTML))
        await context.send_initial_metadata(_headers(document))
        for begin in range(0, len(document.content), _PIECE_BYTES):
            piece = document.content[begin : begin + _PIECE_BYTES]
            yield HttpBody(content_type="" if begin else document.content_type, data=piece)

    async def CompareBacktests(
        self, request: pb.CompareBacktestsRequest, context: Context
    ) -> pb.CompareBacktestsResponse:
        """Backtests side by side."""
        return comparison_to_proto(await self._do.review.compare(request.ids))

    async def GetStrategyPerformance(
        self, request: pb.GetStrategyPerformanceRequest, context: Context
    ) -> pb.GetStrategyPerformanceResponse:
        """A strategy over its runs."""
        found = await self._do.review.performance(request.id, request.strategy_version, request.rank_by)
        return performance_to_proto(found)


def _headers(document: Document) -> tuple[tuple[str, str], ...]:
    """What a browser is told beside the type, by way of the edge."""
    manner = "inline" if document.inline else "attachment"
    return (
        ("content-disposition", f'{manner}; filename="{document.file_name}"'),
        ("x-content-type-options", "nosniff"),
    )
