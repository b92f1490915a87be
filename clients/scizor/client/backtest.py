"""Every call of Backtest as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.struct_pb2 import Struct

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import backtest_service_pb2 as pb
from scizor.client.calls import Call, Pages, Stream
from scizor.client.values import Amount, Equity, Session, adjustment_value, interval_value, money_of, session_text
from scizor.codec.backtests import commission_to_proto, slippage_to_proto
from scizor.domain.backtests import BacktestState, CommissionTerms, ParameterValue, Sizing, SlippageTerms
from scizor.domain.bars import Adjustment
from scizor.domain.intervals import Interval
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy

_LARGEST_PAGE = 1_000
_LARGEST_TRADE_PAGE = 10_000


def create_backtest(
    strategy_id: str,
    symbols: Iterable[str],
    *,
    start: Session = None,
    end: Session = None,
    capital: Amount,
    currency: str = "USD",
    parameters: Mapping[str, ParameterValue] | None = None,
    commission_bps: float = 0.0,
    slippage_bps: float = 0.0,
    sizing: Sizing = Sizing.AT_DECISION,
    adjustment: Adjustment = Adjustment.SPLIT,
    title: str = "",
    keep_open_at_end: bool = False,
    interval: Interval = Interval.DAY_1,
    account: AccountType = AccountType.UNLEVERED,
    fill_timing: FillTiming = FillTiming.NEXT_OPEN,
    path: PathPolicy = PathPolicy.WORST_CASE,
    limit_fills: LimitPolicy = LimitPolicy.TOUCH,
    commission: CommissionTerms | None = None,
    slippage: SlippageTerms | None = None,
    max_participation: float = 0.0,
    cash_buffer: float = 0.0,
    financing: bool = True,
    benchmark: str = "",
    strategy_version: int = 0,
    priority: int | None = None,
    allow_cached: bool = False,
    request_id: str = "",
) -> Call[pb.CreateBacktestResponse, bt.Backtest]:
    """Queue a backtest; returns it as queued. `start` and `end` are included, a parameter left out has its default.

    `commission`, `slippage`: in place of `commission_bps`, `slippage_bps`. `max_participation`: the fraction of a bar's
    volume that fills may take, 0 for no bound. `financing`: whether interest and borrow fees are reckoned.
    `strategy_version`: of a stored strategy, 0 for the newest. `priority`: from 0 to 9, higher ones are begun first.
    `allow_cached`: where the same was computed before, return that backtest.
    """
    values = Struct()
    values.update(dict(parameters or {}))
    backtest = bt.Backtest(
        strategy_id=strategy_id,
        parameters=values,
        symbols=symbols,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
        initial_capital=money_of(capital, currency, "capital"),
        commission_bps=commission_bps,
        slippage_bps=slippage_bps,
        sizing=bt.Sizing.ValueType(sizing),
        adjustment=adjustment_value(adjustment),
        title=title,
        keep_open_at_end=keep_open_at_end,
        interval=interval_value(interval),
        account=bt.AccountType.ValueType(account),
        fill_timing=bt.FillTiming.ValueType(fill_timing),
        path=bt.PathPolicy.ValueType(path),
        limit_fills=bt.LimitPolicy.ValueType(limit_fills),
        commission=commission_to_proto(commission) if commission else None,
        slippage=slippage_to_proto(slippage) if slippage else None,
        max_participation=max_participation,
        cash_buffer=cash_buffer,
        no_financing=not financing,
        benchmark=benchmark,
        strategy_version=strategy_version,
        priority=priority,
    )
    request = pb.CreateBacktestRequest(backtest=backtest, request_id=request_id, allow_cached=allow_cached)
    return Call(request, pb.CreateBacktestResponse, lambda answer: answer.backtest)


def get_backtest(backtest_id: str) -> Call[pb.GetBacktestResponse, bt.Backtest]:
    """A backtest as it stands."""
    return Call(pb.GetBacktestRequest(id=backtest_id), pb.GetBacktestResponse, lambda answer: answer.backtest)


def list_backtests(
    *, strategy_id: str = "", state: BacktestState | None = None, limit: int | None = None
) -> Pages[pb.ListBacktestsResponse, list[bt.Backtest]]:
    """Backtests, newest first, over all pages."""
    request = pb.ListBacktestsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        strategy_id=strategy_id,
        state=bt.BacktestState.ValueType(state or 0),
    )
    return Pages(
        request,
        pb.ListBacktestsResponse,
        count=lambda page: len(page.backtests),
        decode=lambda pages: [backtest for page in pages for backtest in page.backtests][:limit],
        limit=limit,
    )


def cancel_backtest(backtest_id: str, *, request_id: str = "") -> Call[pb.CancelBacktestResponse, bt.Backtest]:
    """End a queued or running backtest: it is CANCELLED at once, and a worker that runs it stops within a second."""
    request = pb.CancelBacktestRequest(id=backtest_id, request_id=request_id)
    return Call(request, pb.CancelBacktestResponse, lambda answer: answer.backtest)


def delete_backtest(backtest_id: str, *, request_id: str = "") -> Call[pb.DeleteBacktestResponse, None]:
    """Remove a backtest that has ended, with its results."""
    request = pb.DeleteBacktestRequest(id=backtest_id, request_id=request_id)
    return Call(request, pb.DeleteBacktestResponse, lambda _: None)


def watch_backtest(
    backtest_id: str, *, after_sequence: int = 0
) -> Stream[pb.WatchBacktestResponse, bt.BacktestProgress]:
    """A backtest's progress until it ends, across lost connections. Raises CallError when the backtest failed."""

    def go_on(request: pb.WatchBacktestRequest, last: pb.WatchBacktestResponse) -> None:
        request.after_sequence = last.sequence

    request = pb.WatchBacktestRequest(id=backtest_id, after_sequence=after_sequence)
    return Stream(request, pb.WatchBacktestResponse, ("progress",), lambda progress: progress, resume=go_on)


def get_results(backtest_id: str) -> Call[pb.GetBacktestResultsResponse, bt.BacktestResults]:
    """What a backtest came to."""
    request = pb.GetBacktestResultsRequest(id=backtest_id)
    return Call(request, pb.GetBacktestResultsResponse, lambda answer: answer.results)


def list_trades(
    backtest_id: str, *, limit: int | None = None
) -> Pages[pb.ListBacktestTradesResponse, list[bt.BacktestTrade]]:
    """The round trips in order of exit, over all pages."""
    page_size = _LARGEST_TRADE_PAGE if limit is None else min(limit, _LARGEST_TRADE_PAGE)
    return Pages(
        pb.ListBacktestTradesRequest(id=backtest_id, page_size=page_size),
        pb.ListBacktestTradesResponse,
        count=lambda page: len(page.trades),
        decode=lambda pages: [trade for page in pages for trade in page.trades][:limit],
        limit=limit,
    )


def get_equity(backtest_id: str, *, max_points: int = 0) -> Call[pb.GetEquityCurveResponse, Equity]:
    """The account value by session; with `max_points` thinned out, extremes kept."""
    request = pb.GetEquityCurveRequest(id=backtest_id, max_points=max_points)
    return Call(request, pb.GetEquityCurveResponse, Equity.of)
