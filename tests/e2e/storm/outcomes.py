"""What a job came to, in a form that two runs of one request must have in common to the last bit."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import optimization_pb2 as pb
from tests.e2e.storm.callers import CALL_S, Caller, Followed

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """`parts`: all that can be read of it, by name."""

    state: str
    error: str
    parts: dict[str, bytes]

    def differences(self, other: Outcome) -> list[str]:
        """In what the two are not the same."""
        found = [] if self.state == other.state else [f"{self.state}, not {other.state}: {self.error}{other.error}"]
        if self.error != other.error:
            found.append(f"error {self.error!r}, not {other.error!r}")
        names = self.parts.keys() | other.parts.keys()
        return found + [f"other {name}" for name in sorted(names) if self.parts.get(name) != other.parts.get(name)]


async def outcome_of(caller: Caller, followed: Followed) -> Outcome:
    """All of it, once it has ended."""
    if isinstance(followed.kind.request, rpc.CreateBacktestRequest):
        return await _of_backtest(caller, followed.job_id)
    return await _of_search(caller, followed.job_id)


async def _of_backtest(caller: Caller, id_: str) -> Outcome:
    get = rpc.GetBacktestRequest(id=id_)
    job = (await caller.call(lambda service: service.stub.GetBacktest(get, timeout=CALL_S))).backtest
    state, error = bt.BacktestState.Name(job.state), job.error.message
    if job.state != bt.BACKTEST_STATE_SUCCEEDED:
        return Outcome(state, error, {})
    asked = rpc.GetBacktestResultsRequest(id=id_)
    results = (await caller.call(lambda service: service.stub.GetBacktestResults(asked, timeout=CALL_S))).results
    results.ClearField("backtest_id")
    results.ClearField("compute_time")
    page = rpc.ListBacktestTradesRequest(id=id_, page_size=_PAGE)
    trades = await caller.call(lambda service: service.stub.ListBacktestTrades(page, timeout=CALL_S))
    assert not trades.next_page_token
    drawn = rpc.GetEquityCurveRequest(id=id_)
    curve = await caller.call(lambda service: service.stub.GetEquityCurve(drawn, timeout=CALL_S))
    return Outcome(state, error, _parts(results=results, trades=trades, curve=curve))


async def _of_search(caller: Caller, id_: str) -> Outcome:
    get = pb.GetOptimizationRequest(id=id_)
    got = await caller.call(lambda service: service.stub.GetOptimization(get, timeout=CALL_S))
    job = got.optimization
    page = pb.ListTrialsRequest(id=id_, page_size=_PAGE)
    trials = await caller.call(lambda service: service.stub.ListTrials(page, timeout=CALL_S))
    assert not trials.next_page_token
    got.ClearField("optimization")
    parts = _parts(verdict=job.verdict, trials=trials, best=got)
    return Outcome(pb.OptimizationState.Name(job.state), job.error.message, parts)


def _parts(**messages: Message) -> dict[str, bytes]:
    return {name: message.SerializeToString(deterministic=True) for name, message in messages.items()}
