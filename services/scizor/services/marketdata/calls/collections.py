"""Calls about collections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, TypeVar

from google.protobuf.message import Message

from scizor.codec import collections as codec
from scizor.codec import pages
from scizor.domain.collections import Collection, CollectionSpec
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.ports.storage import UnitOfWork
from scizor.rpc.errors import to_status
from scizor.services.idempotent import once
from scizor.services.marketdata.calls.base import Calls, Context
from scizor.services.marketdata.collection.failures import as_error
from scizor.services.marketdata.collection.watch import Ended, Moved, WatchEvent

_Request = TypeVar("_Request", pb.CollectDailyRequest, pb.CollectSymbolRequest, pb.CollectHistoryRequest)
_Answer = TypeVar(
    "_Answer",
    pb.CollectDailyResponse,
    pb.CollectSymbolResponse,
    pb.CollectHistoryResponse,
    pb.CancelCollectionResponse,
)

_DEFAULT_PAGE: Final = 50
_MOST_COLLECTIONS: Final = 1_000
_DEFAULT_CHUNKS: Final = 100
_MOST_CHUNKS: Final = 10_000


class CollectionCalls(Calls):
    """Asking the broker for bars, and following what comes of it."""

    def CollectDaily(
        self, request: pb.CollectDailyRequest, context: Context
    ) -> AsyncGenerator[pb.CollectDailyResponse, None]:
        """Bring all symbols up to date."""
        return self._collect(request, pb.CollectDailyResponse, codec.daily_spec)

    def CollectSymbol(
        self, request: pb.CollectSymbolRequest, context: Context
    ) -> AsyncGenerator[pb.CollectSymbolResponse, None]:
        """Bring one symbol up to date."""
        return self._collect(request, pb.CollectSymbolResponse, codec.symbol_spec)

    def CollectHistory(
        self, request: pb.CollectHistoryRequest, context: Context
    ) -> AsyncGenerator[pb.CollectHistoryResponse, None]:
        """Collect the past."""
        return self._collect(request, pb.CollectHistoryResponse, codec.history_spec)

    async def ListCollections(self, request: pb.ListCollectionsRequest, context: Context) -> pb.ListCollectionsResponse:
        """A page of collections, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_COLLECTIONS)
        before = str(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._do.collections.page(codec.collection_state(request.state), before, size + 1)
        token = pages.encode((found[size - 1].id,), request) if len(found) > size else ""
        return pb.ListCollectionsResponse(collections=map(_encoded, found[:size]), next_page_token=token)

    async def GetCollection(self, request: pb.GetCollectionRequest, context: Context) -> pb.GetCollectionResponse:
        """A collection with a page of its ledger."""
        size = pages.size(request.page_size, _DEFAULT_CHUNKS, _MOST_CHUNKS)
        after = int(pages.decode(request.page_token, request)[0]) if request.page_token else 0
        state = codec.chunk_state(request.chunk_state)
        collection, chunks = await self._do.collections.get(request.id, state, after, size + 1)
        token = pages.encode((chunks[size - 1].number,), request) if len(chunks) > size else ""
        shown = codec.to_chunks(chunks[:size])
        return pb.GetCollectionResponse(collection=_encoded(collection), chunks=shown, next_page_token=token)

    async def CancelCollection(
        self, request: pb.CancelCollectionRequest, context: Context
    ) -> pb.CancelCollectionResponse:
        """End a collection."""
        cancel = self._do.collections.cancel
        return await self._changed(request, pb.CancelCollectionResponse, lambda work: cancel(work, request.id))

    async def _collect(
        self, request: _Request, kind: type[codec.Response], spec_of: Callable[[_Request], CollectionSpec]
    ) -> AsyncGenerator[codec.Response, None]:
        """Progress until the end. A failure on the way is told in band too: a REST reader sees no other."""
        spec = spec_of(request)
        if request.dry_run:
            yield codec.moved_message(kind, 1, _encoded(await self._do.collections.rehearse(spec)))
            yield codec.end_message(kind, 1, 1)
            return
        collection_id = await self._created(request, kind, spec)
        sequence = 0
        async with aclosing(self._do.collections.watch(collection_id)) as events:
            try:
                async for event in events:
                    message = _message(kind, event)
                    sequence = message.sequence
                    yield message
            except Exception as error:
                if sequence:
                    yield kind(sequence=sequence, status=to_status(error))
                raise

    async def _created(self, request: _Request, kind: type[codec.Response], spec: CollectionSpec) -> str:
        """The id of the collection that this request queued, now or when it first came.

        Only a new one needs the broker: one that is followed waits for it.
        """
        collections = self._do.collections
        ready = await collections.is_broker_ready()

        async def create(work: UnitOfWork) -> Collection:
            collections.demand_broker(ready)
            return await collections.create(work, spec)

        return str((await self._changed(request, kind, create)).collection.id)

    async def _changed(
        self, request: Message, answer_type: type[_Answer], change: Callable[[UnitOfWork], Awaitable[Collection]]
    ) -> _Answer:
        """Do it once for a request id, in one unit of work, and tell of it when that is committed."""
        changed: list[Collection] = []
        async with self._storage.begin() as work:

            async def act() -> _Answer:
                changed.append(await change(work))
                return answer_type(collection=_encoded(changed[0]))

            answer = await once(work, request, answer_type, act)
        for collection in changed:
            self._do.collections.announce(collection)
        return answer


def _message(kind: type[codec.Response], event: WatchEvent) -> codec.Response:
    if isinstance(event, Moved):
        return codec.moved_message(kind, event.collection.progress.sequence, _encoded(event.collection))
    if isinstance(event, Ended):
        return codec.end_message(kind, event.sequence, event.moves)
    return codec.heartbeat_message(kind, event.sequence, event.time)


def _encoded(collection: Collection) -> pb.Collection:
    error = to_status(as_error(collection.id, collection.error)) if collection.error else None
    return codec.to_collection(collection, error)
