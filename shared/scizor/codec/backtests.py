"""What a backtest is asked to do and how far it is: the contract to the domain and back. Results are in `results`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status
from google.type.money_pb2 import Money

from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.codec.results import rounded
from scizor.codec.times import to_duration, to_session, to_timestamp
from scizor.domain.backtests import (
    MIDDLE_PRIORITY,
    BacktestJob,
    BacktestSpec,
    BacktestState,
    CommissionPlan,
    CommissionTerms,
    ParameterValue,
    Progress,
    Sizing,
    SlippageKind,
    SlippageTerms,
)
from scizor.domain.bars import Adjustment
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.intervals import Interval
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
from scizor.domain.sessions import SessionRange, parse_session
from scizor.type.v1 import bars_pb2, stream_pb2

_NANOS_PER_UNIT: Final = 1_000_000_000
# A run whose bars are all done is still to be stored, and only what is stored is done.
_FRACTION_BEFORE_END: Final = 0.999


def spec_from_proto(message: pb.Backtest) -> BacktestSpec:
    """What is asked, with `symbols` and `parameters` as the caller wrote them. Raises InvalidInput naming the field."""
    try:
        sessions = SessionRange(parse_session("start", message.start), parse_session("end", message.end))
        parameters = parameters_from_proto(message.parameters)
    except InvalidInput as error:
        raise error.within("backtest") from None
    return BacktestSpec(
        strategy_id=message.strategy_id,
        parameters=parameters,
        symbols=tuple(message.symbols),
        sessions=sessions,
        initial_capital=decimal_from_money(message.initial_capital),
        currency=message.initial_capital.currency_code,
        commission_bps=message.commission_bps,
        slippage_bps=message.slippage_bps,
        sizing=Sizing(message.sizing or Sizing.AT_DECISION),
        adjustment=Adjustment(message.adjustment or Adjustment.SPLIT),
        title=message.title,
        keep_open_at_end=message.keep_open_at_end,
        interval=Interval(message.interval or Interval.DAY_1),
        account=AccountType(message.account or AccountType.UNLEVERED),
        fill_timing=FillTiming(message.fill_timing or FillTiming.NEXT_OPEN),
        path=PathPolicy(message.path or PathPolicy.WORST_CASE),
        limit_fills=LimitPolicy(message.limit_fills or LimitPolicy.TOUCH),
        commission=_commission(message.commission) if message.HasField("commission") else None,
        slippage=_slippage(message.slippage) if message.HasField("slippage") else None,
        max_participation=message.max_participation,
        cash_buffer=message.cash_buffer,
        no_financing=message.no_financing,
        benchmark=message.benchmark,
        strategy_version=message.strategy_version,
        code_hash=message.code_hash,
    )


def priority_from_proto(message: pb.Backtest) -> int:
    """How urgent it is, from 0 to 9."""
    return message.priority if message.HasField("priority") else MIDDLE_PRIORITY


def parameters_from_proto(struct: Struct) -> dict[str, ParameterValue]:
    """Numbers, texts and truth values by name. Raises InvalidInput for anything else."""
    parameters: dict[str, ParameterValue] = {}
    for name, value in struct.fields.items():
        kind = value.WhichOneof("kind")
        if kind not in {"number_value", "string_value", "bool_value"}:
            rule = "must be a number, a text or a truth value"
            raise InvalidInput.of_field(f"parameters.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID)
        parameters[name] = getattr(value, kind)
    return parameters


def parameters_to_proto(parameters: Mapping[str, ParameterValue]) -> Struct:
    """The same as a Struct, whose only numbers are doubles."""
    struct = Struct()
    struct.update(parameters)
    return struct


def decimal_from_money(money: Money) -> Decimal:
    """The exact amount, nine decimals at most."""
    return Decimal(money.units) + Decimal(money.nanos).scaleb(-9)


def money_from_decimal(amount: Decimal, currency: str) -> Money:
    """The exact amount. Raises InvalidInput for one of more than nine decimals."""
    nanos = amount.scaleb(9)
    if nanos != nanos.to_integral_value():
        raise InvalidInput.of_field("initial_capital", "may have nine decimals at most")
    # Truncated towards zero, as the type demands: units and nanos share their sign.
    units = int(amount)
    return Money(currency_code=currency, units=units, nanos=int(nanos) - units * _NANOS_PER_UNIT)


def backtest_to_proto(job: BacktestJob, error: Status | None = None) -> pb.Backtest:
    """A job as it stands; `error` is the status of the job's own error."""
    message = spec_to_proto(job.spec)
    message.id, message.priority = job.id, job.priority
    message.state = pb.BacktestState.ValueType(job.progress.state)
    message.progress.CopyFrom(progress_to_proto(job.progress))
    if error is not None:
        message.error.CopyFrom(error)
    message.create_time.CopyFrom(to_timestamp(job.create_time))
    if job.start_time:
        message.start_time.CopyFrom(to_timestamp(job.start_time))
    if job.end_time:
        message.end_time.CopyFrom(to_timestamp(job.end_time))
    return message


def spec_to_proto(spec: BacktestSpec) -> pb.Backtest:
    """What is asked, without a job."""
    return pb.Backtest(
        strategy_id=spec.strategy_id,
        parameters=parameters_to_proto(spec.parameters),
        symbols=spec.symbols,
        start=to_session(spec.sessions.start),
        end=to_session(spec.sessions.end),
        initial_capital=money_from_decimal(spec.initial_capital, spec.currency),
        commission_bps=spec.commission_bps,
        slippage_bps=spec.slippage_bps,
        sizing=pb.Sizing.ValueType(spec.sizing),
        adjustment=bars_pb2.Adjustment.ValueType(spec.adjustment),
        interval=bars_pb2.BarInterval.ValueType(spec.interval),
        title=spec.title,
        keep_open_at_end=spec.keep_open_at_end,
        account=pb.AccountType.ValueType(spec.account),
        fill_timing=pb.FillTiming.ValueType(spec.fill_timing),
        path=pb.PathPolicy.ValueType(spec.path),
        limit_fills=pb.LimitPolicy.ValueType(spec.limit_fills),
        commission=commission_to_proto(spec.commission) if spec.commission else None,
        slippage=slippage_to_proto(spec.slippage) if spec.slippage else None,
        max_participation=spec.max_participation,
        cash_buffer=spec.cash_buffer,
        no_financing=spec.no_financing,
        benchmark=spec.benchmark,
        strategy_version=spec.strategy_version,
        code_hash=spec.code_hash,
    )


def commission_to_proto(terms: CommissionTerms) -> pb.Commission:
    """A schedule of commissions."""
    return pb.Commission(
        plan=pb.CommissionPlan.ValueType(terms.plan),
        per_share=terms.per_share,
        value_bps=terms.value_bps,
        minimum=terms.minimum,
        maximum_bps=terms.maximum_bps,
    )


def slippage_to_proto(terms: SlippageTerms) -> pb.Slippage:
    """How fills come to be worse than their price."""
    return pb.Slippage(model=pb.SlippageModel.ValueType(terms.model), amount=terms.amount)


def progress_to_proto(progress: Progress) -> pb.BacktestProgress:
    """How far a backtest is."""
    return pb.BacktestProgress(
        state=pb.BacktestState.ValueType(progress.state),
        stage=pb.BacktestStage.ValueType(progress.stage),
        bars_done=progress.bars_done,
        bars_total=progress.bars_total,
        fraction=fraction(progress),
        bars_per_second=rounded(progress.bars_per_second),
        remaining=None if progress.remaining_s is None else to_duration(progress.remaining_s),
    )


def fraction(progress: Progress) -> float:
    """Bars done of bars to do; 1 only when the backtest has succeeded."""
    if progress.state is BacktestState.SUCCEEDED:
        return 1.0
    return min(progress.bars_done / progress.bars_total, _FRACTION_BEFORE_END) if progress.bars_total else 0.0


def moved_message(progress: Progress) -> rpc.WatchBacktestResponse:
    """A watcher's news."""
    return rpc.WatchBacktestResponse(sequence=progress.sequence, progress=progress_to_proto(progress))


def heartbeat_message(sequence: int, time: datetime) -> rpc.WatchBacktestResponse:
    """A sign of life; `sequence` is the last progress's."""
    return rpc.WatchBacktestResponse(sequence=sequence, heartbeat=stream_pb2.Heartbeat(time=to_timestamp(time)))


def end_message(sequence: int, message_count: int) -> rpc.WatchBacktestResponse:
    """The last message of a stream that sent `message_count` progresses."""
    return rpc.WatchBacktestResponse(sequence=sequence, end=stream_pb2.StreamEnd(message_count=message_count))


def state_from_proto(state: pb.BacktestState.ValueType) -> BacktestState | None:
    """The state, or None for any."""
    return BacktestState(state) if state else None


def _commission(message: pb.Commission) -> CommissionTerms:
    return CommissionTerms(
        CommissionPlan(message.plan), message.per_share, message.value_bps, message.minimum, message.maximum_bps
    )


def _slippage(message: pb.Slippage) -> SlippageTerms:
    return SlippageTerms(SlippageKind(message.model), message.amount)
