"""Strategies, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.struct_pb2 import Value
from rich.table import Table

from scizor.backtest.v1 import strategy_pb2 as st
from scizor.client.cli.tables import counted, facts, instant, minute, table, word

_HASH_CHARS = 12


def strategies_table(strategies: Sequence[st.Strategy]) -> Table:
    """Strategies, one a line."""
    return table(
        "1 strategy" if len(strategies) == 1 else f"{len(strategies):,} strategies",
        ("id", "kind", "origin", ">version", "~parameters", "~tags", "~description"),
        (
            (
                one.id + (" (deleted)" if one.HasField("delete_time") else ""),
                word(st.StrategyKind, one.kind),
                word(st.StrategyOrigin, one.origin),
                str(one.latest_version),
                ", ".join(parameter.name for parameter in one.parameters),
                ", ".join(one.tags),
                one.title or one.description.partition("\n")[0],
            )
            for one in strategies
        ),
    )


def strategy_facts(strategy: st.Strategy, version: st.StrategyVersion) -> Table:
    """A strategy, and the version that is looked at."""
    return facts(
        f"Strategy {strategy.id}@{version.number}",
        [
            ("title", strategy.title),
            ("description", strategy.description),
            ("tags", ", ".join(strategy.tags)),
            ("class", f"{version.class_name}, {word(st.StrategyKind, version.kind)}"),
            ("origin", word(st.StrategyOrigin, strategy.origin)),
            ("code", f"sha256 {version.code_hash}"),
            ("etag", strategy.etag),
            ("created", instant(strategy.create_time)),
            ("changed", instant(strategy.update_time)),
            ("deleted", instant(strategy.delete_time)),
        ],
    )


def parameters_table(version: st.StrategyVersion) -> Table:
    """What may be set, one a line."""
    return table(
        counted(len(version.parameters), "parameter"),
        ("name", "type", ">default", "values", "~description"),
        (
            (
                one.name,
                word(st.ParameterType, one.type),
                value_text(one.default_value),
                ", ".join(one.choices) or (f"{one.minimum:g} to {one.maximum:g}" if one.HasField("minimum") else ""),
                one.description,
            )
            for one in version.parameters
        ),
    )


def versions_table(versions: Sequence[st.StrategyVersion]) -> Table:
    """Versions, one a line."""
    return table(
        counted(len(versions), "version"),
        (">version", "class", "code", "stored"),
        ((str(one.number), one.class_name, one.code_hash[:_HASH_CHARS], minute(one.create_time)) for one in versions),
    )


def finding_line(name: str, finding: st.Finding) -> str:
    """A finding as compilers tell theirs: where, how grave, what."""
    places = (str(place) for place in (finding.line, finding.column) if place)
    return f"{':'.join((name, *places))}: {word(st.FindingSeverity, finding.severity)}: {finding.message}"


def value_text(value: Value) -> str:
    """A parameter's value; JSON knows no whole numbers, people do."""
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return f"{value.number_value:g}"
    return str(value.bool_value).lower() if kind == "bool_value" else value.string_value
