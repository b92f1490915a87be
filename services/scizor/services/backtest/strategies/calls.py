"""The wire's side of strategies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import strategy_pb2 as pb
from scizor.codec import pages
from scizor.codec import strategies as codec
from scizor.codec.backtests import parameters_from_proto
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.sessions import SessionRange, parse_session
from scizor.ports.storage import UnitOfWork
from scizor.ports.strategies import StrategyFilter
from scizor.rpc.errors import DeadlineExceeded
from scizor.services.backtest.calls import Calls
from scizor.services.backtest.strategies.catalog import Draft, demand_stored
from scizor.services.backtest.strategies.checking import CheckOrder
from scizor.services.callers import Context, caller_of
from scizor.services.idempotent import once_for

_DEFAULT_PAGE: Final = 100
_MOST: Final = 1_000
_MOST_BYTES: Final = 262_144  # as the contract has it of `source`
_LONGEST_SILENCE_S: Final = 30.0
_LONGEST_UPLOAD_S: Final = 120.0


class StrategyCalls(Calls):
    """What can be run."""

    async def ListStrategies(self, request: rpc.ListStrategiesRequest, context: Context) -> rpc.ListStrategiesResponse:
        """A page of strategies, by id."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        kind, origin = codec.kind_from_proto(request.kind), codec.origin_from_proto(request.origin)
        which = StrategyFilter(kind, tuple(request.tags), request.text, request.show_deleted)
        after = str(pages.decode(request.page_token, request)[0]) if request.page_token else ""
        found = await self._do.catalog.page(which, origin, after, size + 1)
        token = pages.encode((found[size - 1].id,), request) if len(found) > size else ""
        return rpc.ListStrategiesResponse(strategies=map(codec.strategy_to_proto, found[:size]), next_page_token=token)

    async def CreateStrategy(self, request: rpc.CreateStrategyRequest, context: Context) -> rpc.CreateStrategyResponse:
        """Stores a strategy."""
        wanted = request.strategy
        declared = await self._do.catalog.declared(wanted.id, wanted.source, caller_of(context))

        async def act(work: UnitOfWork) -> rpc.CreateStrategyResponse:
            made = await self._do.catalog.create(work, wanted.id, _draft(wanted), declared)
            return rpc.CreateStrategyResponse(strategy=codec.strategy_to_proto(made))

        return await self._once(request, rpc.CreateStrategyResponse, act)

    async def UploadStrategy(
        self, request_iterator: AsyncIterator[rpc.UploadStrategyRequest], context: Context
    ) -> rpc.UploadStrategyResponse:
        """Stores a strategy that comes in pieces."""
        caller = caller_of(context)
        header, source = await _received(request_iterator)
        wanted = pb.Strategy()
        wanted.CopyFrom(header.strategy)
        wanted.source = source
        declared = await self._do.catalog.declared(wanted.id, source, caller)
        body = sha256(wanted.SerializeToString(deterministic=True)).digest()
        async with self._storage.begin() as work:

            async def act() -> rpc.UploadStrategyResponse:
                made = await self._do.catalog.create(work, wanted.id, _draft(wanted), declared)
                return rpc.UploadStrategyResponse(strategy=codec.strategy_to_proto(made))

            return await once_for(
                work, rpc.UploadStrategyRequest, header.request_id, body, rpc.UploadStrategyResponse, act
            )

    async def GetStrategy(self, request: rpc.GetStrategyRequest, context: Context) -> rpc.GetStrategyResponse:
        """A strategy with one version."""
        strategy, version, source = await self._do.catalog.get(request.id, request.version)
        told = codec.version_to_proto(version, source)
        return rpc.GetStrategyResponse(strategy=codec.strategy_to_proto(strategy), version=told)

    async def ListStrategyVersions(
        self, request: rpc.ListStrategyVersionsRequest, context: Context
    ) -> rpc.ListStrategyVersionsResponse:
        """A page of versions, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        before = int(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._do.catalog.versions(request.id, before, size + 1)
        token = pages.encode((found[size - 1].number,), request) if len(found) > size else ""
        return rpc.ListStrategyVersionsResponse(
            versions=map(codec.version_to_proto, found[:size]), next_page_token=token
        )

    async def UpdateStrategy(self, request: rpc.UpdateStrategyRequest, context: Context) -> rpc.UpdateStrategyResponse:
        """Changes a strategy."""
        wanted, masked = request.strategy, frozenset(request.update_mask.paths)
        demand_stored(wanted.id)
        declared = None
        if "source" in masked:
            declared = await self._do.catalog.declared(wanted.id, wanted.source, caller_of(context))

        async def act(work: UnitOfWork) -> rpc.UpdateStrategyResponse:
            made = await self._do.catalog.update(work, wanted.id, _draft(wanted, masked), declared, wanted.etag)
            return rpc.UpdateStrategyResponse(strategy=codec.strategy_to_proto(made))

        return await self._once(request, rpc.UpdateStrategyResponse, act)

    async def DeleteStrategy(self, request: rpc.DeleteStrategyRequest, context: Context) -> rpc.DeleteStrategyResponse:
        """Takes a strategy out of the lists."""

        async def act(work: UnitOfWork) -> rpc.DeleteStrategyResponse:
            gone = await self._do.catalog.delete(work, request.id, request.etag)
            return rpc.DeleteStrategyResponse(strategy=codec.strategy_to_proto(gone))

        return await self._once(request, rpc.DeleteStrategyResponse, act)

    async def CheckStrategy(self, request: rpc.CheckStrategyRequest, context: Context) -> rpc.CheckStrategyResponse:
        """Looks for mistakes."""
        order = CheckOrder(
            strategy_id=request.id,
            version=request.version,
            source=request.source,
            parameters=parameters_from_proto(request.parameters),
            symbols=tuple(request.symbols),
            sessions=SessionRange(parse_session("start", request.start), parse_session("end", request.end)),
            caller=caller_of(context),
        )
        report = await self._do.checking.check(order)
        return rpc.CheckStrategyResponse(
            findings=map(codec.finding_to_proto, report.findings),
            passed=report.passed,
            version=codec.version_to_proto(report.version) if report.version else None,
        )


def _draft(
    wanted: pb.Strategy, masked: frozenset[str] = frozenset({"title", "description", "tags", "source"})
) -> Draft:
    """The masked fields of what is wanted."""
    return Draft(
        title=wanted.title if "title" in masked else None,
        description=wanted.description if "description" in masked else None,
        tags=tuple(wanted.tags) if "tags" in masked else None,
        source=wanted.source if "source" in masked else None,
    )


async def _received(requests: AsyncIterator[rpc.UploadStrategyRequest]) -> tuple[rpc.UploadStrategyHeader, str]:
    """The header and the whole text.

    Raises InvalidInput, DeadlineExceeded when no piece comes for long, or the last one does not come for longer.
    """
    try:
        async with asyncio.timeout(_LONGEST_UPLOAD_S):
            return await _put_together(requests)
    except TimeoutError:
        rule = f"a text must come whole within {_LONGEST_UPLOAD_S:g} s: nothing was stored"
        raise DeadlineExceeded(rule, Reason.DEADLINE_EXCEEDED) from None


async def _put_together(requests: AsyncIterator[rpc.UploadStrategyRequest]) -> tuple[rpc.UploadStrategyHeader, str]:
    header, text = None, bytearray()
    while (request := await _next(requests)) is not None:
        if (header is None) != (request.WhichOneof("payload") == "header"):
            raise InvalidInput.of_field("payload", "must be the header in the first message, and only there")
        header = header or request.header
        text += request.data
        if len(text) > _MOST_BYTES:
            raise InvalidInput.of_field("data", f"must be at most {_MOST_BYTES} bytes over all pieces")
    if header is None or header.strategy.source or not text:
        raise InvalidInput.of_field("payload", "must be a header without source, then the text")
    try:
        return header, text.decode()
    except UnicodeDecodeError:
        raise InvalidInput.of_field("data", "must be UTF-8") from None


async def _next(requests: AsyncIterator[rpc.UploadStrategyRequest]) -> rpc.UploadStrategyRequest | None:
    try:
        async with asyncio.timeout(_LONGEST_SILENCE_S):
            return await anext(aiter(requests), None)
    except TimeoutError:
        silence = f"no piece came for {_LONGEST_SILENCE_S:g} s: nothing was stored"
        raise DeadlineExceeded(silence, Reason.DEADLINE_EXCEEDED) from None
