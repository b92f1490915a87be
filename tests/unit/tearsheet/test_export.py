from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from pyarrow import parquet

from scizor.domain.outcomes import EquityCurve
from scizor.services.backtest.tearsheet.export import as_csv, as_json, as_parquet
from scizor.services.backtest.tearsheet.material import Format
from scizor.services.backtest.tearsheet.rendering import render
from tests.unit.backtest.build import spec_of
from tests.unit.tearsheet.build import ID, material_of, usual, walk


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_json_holds_all_that_the_contract_tells() -> None:
    material = usual()
    found = json.loads(as_json(material))
    assert found["backtest"]["id"] == ID
    assert found["results"]["fingerprint"] == material.results.fingerprint
    assert len(found["results"]["metrics"]) == len(material.results.metrics)
    assert len(found["trades"]) == len(material.trades)
    assert found["trades"][0]["netPnl"] == pytest.approx(material.trades[0].net_pnl)
    assert found["equity"]["equity"][-1] == pytest.approx(material.curve.equity[-1])


def test_csv_holds_a_file_for_each_table() -> None:
    material = usual()
    files = files_of(as_csv(material))
    assert list(files) == ["metrics.csv", "trades.csv", "equity.csv"]
    metrics = {row["name"]: row for row in rows_of(files["metrics.csv"])}
    assert float(metrics["sharpe"]["value"]) == material.value("sharpe")
    trades = rows_of(files["trades.csv"])
    assert [float(row["net_pnl"]) for row in trades] == [trade.net_pnl for trade in material.trades]
    assert trades[0]["direction"] == material.trades[0].direction.name
    assert trades[0]["entry_session"] == material.trades[0].entry_session.isoformat()
    equity = rows_of(files["equity.csv"])
    assert [float(row["equity"]) for row in equity] == material.curve.equity.tolist()
    assert equity[0]["session"] == material.results.first_session
    assert equity[0]["time"].endswith("Z")


def test_parquet_holds_typed_columns_and_says_what_it_is_of() -> None:
    material = usual()
    tables = {name: parquet.read_table(io.BytesIO(data)) for name, data in files_of(as_parquet(material)).items()}
    assert list(tables) == ["metrics.parquet", "trades.parquet", "equity.parquet"]
    for table in tables.values():
        assert table.schema.metadata[b"backtest"].decode() == ID
    trades, equity = tables["trades.parquet"], tables["equity.parquet"]
    assert trades["net_pnl"].to_pylist() == [trade.net_pnl for trade in material.trades]
    assert isinstance(trades["entry_session"][0].as_py(), date)
    np.testing.assert_array_equal(equity["equity"].to_numpy(), material.curve.equity)


def test_a_run_without_trades_and_times_has_all_tables() -> None:
    material = material_of(walk(5), spec_of(parameters={"fast": 3, "slow": 300}))
    curve: EquityCurve = replace(material.curve, close_ns=np.empty(0, np.int64))
    material = replace(material, curve=curve)
    assert rows_of(files_of(as_csv(material))["trades.csv"]) == []
    assert "time" not in rows_of(files_of(as_csv(material))["equity.csv"])[0]
    trades = parquet.read_table(io.BytesIO(files_of(as_parquet(material))["trades.parquet"]))
    assert (trades.num_rows, str(trades.schema.field("net_pnl").type)) == (0, "double")


@pytest.mark.parametrize("kind", [Format.JSON, Format.CSV, Format.PARQUET])
def test_the_same_result_gives_the_same_file_by_its_name_and_type(kind: Format) -> None:
    first, second = render(None, usual(), kind), render(None, usual(), kind)
    assert first == second
    assert first.file_name.startswith(f"backtest-{ID}.{kind.name.lower()}")
    assert first.content_type == ("application/json" if kind is Format.JSON else "application/zip")
    assert first.inline is (kind is Format.JSON)
