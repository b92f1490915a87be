"""The client that waits: `Client`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from scizor.client import backtest, collections, imports, live, marketdata, optimizations, reports, strategies, symbols
from scizor.client.calls import Call, Download, Pages, Stream, StreamReader, Upload, bytes_of, described_as, path_of
from scizor.client.channel import DEFAULT_ADDRESS, channel_options
from scizor.client.errors import CallError

P = ParamSpec("P")
T = TypeVar("T")


class Wire:
    """Carries calls out over one channel. `deadline_s` takes the place of each call's own."""

    def __init__(self, channel: grpc.Channel, deadline_s: float | None) -> None:
        self.channel = channel
        self.deadline_s = deadline_s

    def answer(self, call: Call[Any, T] | Pages[Any, T] | Upload[Any, T] | Download[T]) -> T:
        """The answer to a call. Raises CallError."""
        try:
            if isinstance(call, Call):
                return call.decode(self._unary(call.request, call.response, call.deadline_s))
            if isinstance(call, Upload):
                return call.decode(self._upload(call))
            if isinstance(call, Download):
                return call.decode(*self._download(call))
            return call.decode(self._pages(call))
        except grpc.RpcError as error:
            raise CallError.of(error) from None

    def stream(self, call: Stream[Any, T]) -> Iterator[T]:
        """What a stream brings, going on after a lost connection where that is possible. Raises CallError."""
        reader = StreamReader(call)
        send = self.channel.unary_stream(path_of(call.request), bytes_of, call.response.FromString)
        while not reader.ended:
            answers = send(reader.request, timeout=self.deadline_s or call.deadline_s)
            try:
                for message in answers:
                    yield from reader.accept(message)
                reader.finish()
            except (grpc.RpcError, CallError) as error:
                failure = error if isinstance(error, CallError) else CallError.of(error)
                pause_s = reader.pause_before_resuming_s(failure)
            else:
                return
            finally:
                answers.cancel()
            time.sleep(pause_s)

    def _unary(self, request: Message, response: type[Message], deadline_s: float) -> Any:
        send = self.channel.unary_unary(path_of(request), bytes_of, response.FromString)
        return send(request, timeout=self.deadline_s or deadline_s)

    def _pages(self, call: Pages[Any, T]) -> list[Any]:
        pages: list[Any] = []
        request: Message | None = call.request
        while request is not None:
            pages.append(self._unary(request, call.response, call.deadline_s))
            request = call.following(pages)
        return pages

    def _upload(self, call: Upload[Any, T]) -> Any:
        send = self.channel.stream_unary(path_of(call.request), bytes_of, call.response.FromString)
        return send(call.messages(), timeout=self.deadline_s or call.deadline_s)

    def _download(self, call: Download[Any]) -> tuple[bytes, str]:
        send = self.channel.unary_stream(path_of(call.request), bytes_of, HttpBody.FromString)
        pieces: list[HttpBody] = list(send(call.request, timeout=self.deadline_s or call.deadline_s))
        return b"".join(piece.data for piece in pieces), pieces[0].content_type if pieces else ""


class Group:
    """Calls that belong together."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire


def answered(
    build: Callable[P, Call[Any, T] | Pages[Any, T] | Upload[Any, T] | Download[T]],
) -> Callable[Concatenate[Group, P], T]:
    """The method that makes such a call and returns its answer; signature and docstring are `build`'s."""

    def method(self: Group, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wire.answer(build(*args, **kwargs))

    return described_as(build, method)


def streamed(build: Callable[P, Stream[Any, T]]) -> Callable[Concatenate[Group, P], Iterator[T]]:
    """The method that opens such a stream and yields what it brings; signature and docstring are `build`'s."""

    def method(self: Group, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._wire.stream(build(*args, **kwargs))

    return described_as(build, method)


class Symbols(Group):
    """`client.symbols`."""

    list = answered(symbols.list_symbols)
    get = answered(symbols.get_symbol)
    create = answered(symbols.create_symbol)
    update = answered(symbols.update_symbol)
    delete = answered(symbols.delete_symbol)
    populate = streamed(symbols.populate_symbols)
    validate = streamed(symbols.validate_symbols)


class BarsOf(Group):
    """`client.bars`."""

    get = answered(marketdata.get_bars)
    latest = answered(marketdata.get_latest_bar)
    stream = streamed(marketdata.stream_bars)
    delete = answered(marketdata.delete_bars)
    import_file = answered(imports.import_file)
    import_rows = answered(imports.import_rows)
    coverage = answered(marketdata.get_coverage)
    quality = answered(marketdata.get_quality)


class Collections(Group):
    """`client.collections`."""

    daily = streamed(collections.collect_daily)
    symbol = streamed(collections.collect_symbol)
    history = streamed(collections.collect_history)
    list = answered(collections.list_collections)
    get = answered(collections.get_collection)
    cancel = answered(collections.cancel_collection)


class Live(Group):
    """`client.live`."""

    quotes = streamed(live.stream_quotes)
    bars = streamed(live.stream_live_bars)


class Actions(Group):
    """`client.actions`."""

    list = answered(marketdata.list_actions)
    record = answered(marketdata.record_action)


class Strategies(Group):
    """`client.strategies`."""

    list = answered(strategies.list_strategies)
    get = answered(strategies.get_strategy)
    version = answered(strategies.get_version)
    versions = answered(strategies.list_versions)
    create = answered(strategies.create_strategy)
    update = answered(strategies.update_strategy)
    delete = answered(strategies.delete_strategy)
    check = answered(strategies.check_strategy)


class Optimizations(Group):
    """`client.optimizations`."""

    create = answered(optimizations.create_optimization)
    get = answered(optimizations.get_optimization)
    list = answered(optimizations.list_optimizations)
    cancel = answered(optimizations.cancel_optimization)
    pause = answered(optimizations.pause_optimization)
    resume = answered(optimizations.resume_optimization)
    watch = streamed(optimizations.watch_optimization)
    trials = answered(optimizations.list_trials)
    surface = answered(optimizations.get_surface)


class Backtests(Group):
    """`client.backtests`."""

    create = answered(backtest.create_backtest)
    get = answered(backtest.get_backtest)
    list = answered(backtest.list_backtests)
    cancel = answered(backtest.cancel_backtest)
    delete = answered(backtest.delete_backtest)
    watch = streamed(backtest.watch_backtest)
    results = answered(backtest.get_results)
    trades = answered(backtest.list_trades)
    equity = answered(backtest.get_equity)
    tearsheet = answered(reports.get_tearsheet)
    compare = answered(reports.compare_backtests)
    performance = answered(reports.get_performance)


class Client(Group):
    """SCIZOR at one address; close it, or use it as a context. Every call has a deadline and raises CallError."""

    health = answered(marketdata.get_health)
    market_hours = answered(live.get_market_hours)

    def __init__(
        self, address: str = DEFAULT_ADDRESS, *, channel: grpc.Channel | None = None, deadline_s: float | None = None
    ) -> None:
        """`channel` replaces the one this would open; `deadline_s` the deadline each kind of call has of itself."""
        opened = channel or grpc.insecure_channel(address, options=channel_options())
        super().__init__(Wire(opened, deadline_s))
        self.symbols = Symbols(self._wire)
        self.bars = BarsOf(self._wire)
        self.collections = Collections(self._wire)
        self.live = Live(self._wire)
        self.actions = Actions(self._wire)
        self.strategies = Strategies(self._wire)
        self.backtests = Backtests(self._wire)
        self.optimizations = Optimizations(self._wire)

    def within(self, deadline_s: float) -> Client:
        """The same connection with another deadline for every call."""
        return Client(channel=self._wire.channel, deadline_s=deadline_s)

    def close(self) -> None:
        """End the connection and every call on it."""
        self._wire.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
