"""How the awaited client carries calls out, and what its groups of methods are made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc
import grpc.aio
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from scizor.client.calls import Call, Download, Pages, Stream, StreamReader, Upload, bytes_of, described_as, path_of
from scizor.client.errors import CallError

P = ParamSpec("P")
T = TypeVar("T")


class Wire:
    """Carries calls out over one channel. `deadline_s` takes the place of each call's own."""

    def __init__(self, channel: grpc.aio.Channel, deadline_s: float | None) -> None:
        self.channel = channel
        self.deadline_s = deadline_s

    async def answer(self, call: Call[Any, T] | Pages[Any, T] | Upload[Any, T] | Download[T]) -> T:
        """The answer to a call. Raises CallError."""
        try:
            if isinstance(call, Call):
                return call.decode(await self._unary(call.request, call.response, call.deadline_s))
            if isinstance(call, Upload):
                return call.decode(await self._upload(call))
            if isinstance(call, Download):
                return call.decode(*await self._download(call))
            return call.decode(await self._pages(call))
        except grpc.RpcError as error:
            raise CallError.of(error) from None

    async def stream(self, call: Stream[Any, T]) -> AsyncIterator[T]:
        """What a stream brings, going on after a lost connection where that is possible. Raises CallError."""
        reader = StreamReader(call)
        send = self.channel.unary_stream(path_of(call.request), bytes_of, call.response.FromString)
        while not reader.ended:
            answers = send(reader.request, timeout=self.deadline_s or call.deadline_s)
            try:
                async for message in answers:
                    for value in reader.accept(message):
                        yield value
                reader.finish()
            except (grpc.RpcError, CallError) as error:
                failure = error if isinstance(error, CallError) else CallError.of(error)
                pause_s = reader.pause_before_resuming_s(failure)
            else:
                return
            finally:
                answers.cancel()
            await asyncio.sleep(pause_s)

    async def _unary(self, request: Message, response: type[Message], deadline_s: float) -> Any:
        send = self.channel.unary_unary(path_of(request), bytes_of, response.FromString)
        return await send(request, timeout=self.deadline_s or deadline_s)

    async def _pages(self, call: Pages[Any, T]) -> list[Any]:
        pages: list[Any] = []
        request: Message | None = call.request
        while request is not None:
            pages.append(await self._unary(request, call.response, call.deadline_s))
            request = call.following(pages)
        return pages

    async def _upload(self, call: Upload[Any, T]) -> Any:
        send = self.channel.stream_unary(path_of(call.request), bytes_of, call.response.FromString)
        return await send(call.messages(), timeout=self.deadline_s or call.deadline_s)

    async def _download(self, call: Download[Any]) -> tuple[bytes, str]:
        send = self.channel.unary_stream(path_of(call.request), bytes_of, HttpBody.FromString)
        pieces: list[HttpBody] = [
            piece async for piece in send(call.request, timeout=self.deadline_s or call.deadline_s)
        ]
        return b"".join(piece.data for piece in pieces), pieces[0].content_type if pieces else ""


class Group:
    """Calls that belong together."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire


def answered(
    build: Callable[P, Call[Any, T] | Pages[Any, T] | Upload[Any, T] | Download[T]],
) -> Callable[Concatenate[Group, P], Awaitable[T]]:
    """The method that makes such a call and returns its answer; signature and docstring are `build`'s."""

    async def method(self: Group, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._wire.answer(build(*args, **kwargs))

    return described_as(build, method)


def streamed(build: Callable[P, Stream[Any, T]]) -> Callable[Concatenate[Group, P], AsyncIterator[T]]:
    """The method that opens such a stream and yields what it brings; signature and docstring are `build`'s."""

    def method(self: Group, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._wire.stream(build(*args, **kwargs))

    return described_as(build, method)
