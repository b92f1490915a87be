"""A backtest's data as files for other programs: what the contract's messages hold, all of it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pyarrow import parquet

from scizor.codec import backtests as codec
from scizor.codec.results import curve_to_proto, results_to_proto, trade_to_proto
from scizor.domain.metrics import Metric
from scizor.domain.outcomes import Trade
from scizor.services.backtest.tearsheet.material import Material

# Files of an archive carry a time; one of their own would make the same result other bytes.
_TIMELESS: Final = (1980, 1, 1, 0, 0, 0)
_TRADE: Final = tuple(field.name for field in fields(Trade))
_METRIC: Final = tuple(field.name for field in fields(Metric))
_TYPES: Final[Mapping[str, pa.DataType]] = {
    **dict.fromkeys(("number", "sessions_held", "n"), pa.int64()),
    **dict.fromkeys(("symbol", "direction", "entry_reason", "exit_reason"), pa.string()),
    **dict.fromkeys(("name", "convention", "unit", "undefined_reason"), pa.string()),
    **dict.fromkeys(("entry_session", "exit_session"), pa.date32()),
    **dict.fromkeys(("entry_time", "exit_time"), pa.timestamp("ns", tz="UTC")),
    "closed_at_end": pa.bool_(),
}


def as_json(material: Material) -> bytes:
    """Backtest, results, trades and equity, spelled as over REST."""
    document = {
        "backtest": _plain(codec.backtest_to_proto(material.job)),
        "results": _plain(results_to_proto(material.job.id, material.results)),
        "trades": [_plain(trade_to_proto(trade)) for trade in material.trades],
        "equity": _plain(curve_to_proto(material.curve)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def as_csv(material: Material) -> bytes:
    """A zip archive of metrics.csv, trades.csv and equity.csv."""
    equity = {name: _listed(column) for name, column in _equity(material).items()}
    return _archive(
        {
            "metrics.csv": _csv(_METRIC, (_cells(metric, _METRIC) for metric in material.results.metrics)),
            "trades.csv": _csv(_TRADE, (_cells(trade, _TRADE) for trade in material.trades)),
            "equity.csv": _csv(tuple(equity), zip(*equity.values(), strict=True)),
        },
        zipfile.ZIP_DEFLATED,
    )


def as_parquet(material: Material) -> bytes:
    """A zip archive of metrics.parquet, trades.parquet and equity.parquet; each names the backtest it is of."""
    names = {"backtest": material.job.id, "fingerprint": material.results.fingerprint}
    tables = {
        "metrics.parquet": _table(material.results.metrics, _METRIC),
        "trades.parquet": _table(material.trades, _TRADE),
        "equity.parquet": pa.table(_equity(material)),
    }
    written = {name: _parquet(table.replace_schema_metadata(names)) for name, table in tables.items()}
    return _archive(written, zipfile.ZIP_STORED)


def _equity(material: Material) -> dict[str, Any]:
    """The whole curve as columns; when a bar closed, where that is known."""
    curve = asdict(material.curve)
    days, close_ns = curve.pop("days"), curve.pop("close_ns")
    times = {"time": close_ns.view("datetime64[ns]")} if len(close_ns) else {}
    return {"session": days.astype("datetime64[D]"), **times, **curve}


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    return plain


def _cells(row: Metric | Trade, names: Sequence[str]) -> list[Any]:
    return [_cell(getattr(row, name)) for name in names]


def _cell(value: Any) -> Any:
    """Names in place of numbers that stand for them, and nothing in place of what is not known."""
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date | datetime) else value


def _listed(column: npt.NDArray[Any]) -> list[Any]:
    if column.dtype == np.dtype("datetime64[ns]"):
        return [f"{text}Z" for text in np.datetime_as_string(column, unit="s").tolist()]
    listed: list[Any] = column.tolist()
    return listed


def _csv(heads: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue().encode()


def _table(rows: Sequence[Metric | Trade], names: Sequence[str]) -> pa.Table:
    columns = [[getattr(row, name) for row in rows] for name in names]
    named = [[one.name if isinstance(one, Enum) else one for one in column] for column in columns]
    types = [_TYPES.get(name, pa.float64()) for name in names]
    return pa.table([pa.array(column, kind) for column, kind in zip(named, types, strict=True)], names=list(names))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _archive(files: Mapping[str, bytes], compression: int) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _TIMELESS), content, compression)
    return sink.getvalue()
