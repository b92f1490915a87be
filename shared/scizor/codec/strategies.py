"""Strategies between message and value."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Value

from scizor.backtest.v1 import strategy_pb2 as pb
from scizor.codec.times import to_timestamp
from scizor.domain.strategies import (
    Declared,
    Finding,
    ParameterSpec,
    StoredStrategy,
    StrategyKind,
    StrategyOrigin,
    StrategyVersion,
)


def strategy_to_proto(strategy: StoredStrategy) -> pb.Strategy:
    """The strategy as it is now, without its text."""
    newest = strategy.newest
    return pb.Strategy(
        id=strategy.id,
        title=strategy.title,
        description=strategy.description,
        tags=strategy.tags,
        origin=pb.StrategyOrigin.ValueType(strategy.origin),
        kind=pb.StrategyKind.ValueType(newest.declared.kind),
        latest_version=newest.number,
        code_hash=newest.code_hash,
        parameters=map(parameter_to_proto, newest.declared.parameters),
        etag=strategy.etag,
        create_time=to_timestamp(strategy.create_time) if strategy.create_time else None,
        update_time=to_timestamp(strategy.update_time) if strategy.update_time else None,
        delete_time=to_timestamp(strategy.delete_time) if strategy.delete_time else None,
    )


def version_to_proto(version: StrategyVersion, source: str = "") -> pb.StrategyVersion:
    """A version, with its text where it is given."""
    message = declared_to_proto(version.declared)
    message.strategy_id, message.number, message.code_hash = version.strategy_id, version.number, version.code_hash
    message.source = source
    if version.create_time:
        message.create_time.CopyFrom(to_timestamp(version.create_time))
    return message


def declared_to_proto(declared: Declared) -> pb.StrategyVersion:
    """What a class says of itself, as a version that is not stored."""
    return pb.StrategyVersion(
        strategy_id=declared.id,
        kind=pb.StrategyKind.ValueType(declared.kind),
        class_name=declared.class_name,
        description=declared.description,
        parameters=map(parameter_to_proto, declared.parameters),
    )


def parameter_to_proto(parameter: ParameterSpec) -> pb.ParameterSpec:
    """A parameter as it is declared."""
    return pb.ParameterSpec(
        name=parameter.name,
        type=pb.ParameterType.ValueType(parameter.type),
        default_value=_value(parameter),
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        choices=parameter.choices,
        description=parameter.description,
    )


def finding_to_proto(finding: Finding) -> pb.Finding:
    """One thing that a check found."""
    return pb.Finding(
        severity=pb.FindingSeverity.ValueType(finding.severity),
        kind=pb.FindingKind.ValueType(finding.kind),
        line=finding.line,
        column=finding.column,
        message=finding.message,
    )


def kind_from_proto(kind: pb.StrategyKind.ValueType) -> StrategyKind | None:
    """The kind, or None for any."""
    return StrategyKind(kind) if kind else None


def origin_from_proto(origin: pb.StrategyOrigin.ValueType) -> StrategyOrigin | None:
    """The origin, or None for any."""
    return StrategyOrigin(origin) if origin else None


def _value(parameter: ParameterSpec) -> Value:
    default = parameter.default
    if isinstance(default, bool):
        return Value(bool_value=default)
    return Value(string_value=default) if isinstance(default, str) else Value(number_value=default)
