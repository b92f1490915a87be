"""The client to be awaited: `AsyncClient`. It is `scizor.client.sync` with `await` and `async for`."""

from __future__ import annotations

from typing import Self

import grpc
import grpc.aio

from scizor.client import (
    backtest,
    collections,
    deployments,
    imports,
    live,
    marketdata,
    optimizations,
    orders,
    positions,
    reports,
    risk,
    strategies,
    symbols,
    trading,
)
from scizor.client.aio_wire import Group, Wire, answered, streamed
from scizor.client.channel import DEFAULT_ADDRESS, channel_options


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


class Orders(Group):
    """`client.orders`."""

    place = answered(orders.place_order)
    replace = answered(orders.replace_order)
    cancel = answered(orders.cancel_order)
    cancel_all = answered(orders.cancel_all_orders)
    get = answered(orders.get_order)
    list = answered(orders.list_orders)
    watch = streamed(orders.watch_orders)
    check = answered(risk.check_order)


class Positions(Group):
    """`client.positions`."""

    list = answered(positions.list_positions)
    close = answered(positions.close_position)
    close_all = answered(positions.close_all_positions)
    watch = streamed(positions.watch_positions)
    trades = answered(positions.list_trades)


class Risk(Group):
    """`client.risk`."""

    check = answered(risk.check_risk)
    limits = answered(risk.list_limits)
    limit = answered(risk.get_limit)
    set_limit = answered(risk.set_limit)
    delete_limit = answered(risk.delete_limit)
    events = answered(risk.list_events)
    watch = streamed(risk.watch_events)
    exposure = answered(risk.get_exposure)
    stress_test = answered(risk.run_stress_test)


class Deployments(Group):
    """`client.deployments`."""

    start = answered(deployments.start_strategy)
    stop = answered(deployments.stop_strategy)
    pause = answered(deployments.pause_strategy)
    resume = answered(deployments.resume_strategy)
    list = answered(deployments.list_deployments)
    get = answered(deployments.get_deployment)


class Trading(Group):
    """`client.trading`."""

    status = answered(trading.get_status)
    account = answered(trading.get_account)
    set_state = answered(trading.set_state)
    reconcile = answered(trading.reconcile)
    performance = answered(trading.get_performance)


class AsyncClient(Group):
    """SCIZOR at one address; close it, or use it as a context. Every call has a deadline and raises CallError."""

    health = answered(marketdata.get_health)
    market_hours = answered(live.get_market_hours)

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        channel: grpc.aio.Channel | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """`channel` replaces the one this would open; `deadline_s` the deadline each kind of call has of itself."""
        opened = channel or grpc.aio.insecure_channel(address, options=channel_options())
        super().__init__(Wire(opened, deadline_s))
        self.symbols = Symbols(self._wire)
        self.bars = BarsOf(self._wire)
        self.collections = Collections(self._wire)
        self.live = Live(self._wire)
        self.actions = Actions(self._wire)
        self.strategies = Strategies(self._wire)
        self.backtests = Backtests(self._wire)
        self.optimizations = Optimizations(self._wire)
        self.orders = Orders(self._wire)
        self.positions = Positions(self._wire)
        self.risk = Risk(self._wire)
        self.deployments = Deployments(self._wire)
        self.trading = Trading(self._wire)

    def within(self, deadline_s: float) -> AsyncClient:
        """The same connection with another deadline for every call."""
        return AsyncClient(channel=self._wire.channel, deadline_s=deadline_s)

    async def close(self) -> None:
        """End the connection and every call on it."""
        await self._wire.channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
