"""Trials as COPY's binary records: a batch in one vectorised step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scizor.adapters.sql.binary_copy import RecordArray, decode, new_records, record_dtype
from scizor.domain.optimizations import METRICS
from scizor.ports.optimizations import TrialColumns

_FLOAT8_OID = 701
_HEADER = [("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("size", ">i4"), ("lower", ">i4")]


def trial_dtype(n_axes: int) -> np.dtype[Any]:
    """The record of a trial with so many codes; the array's header and elements lie within its column."""
    plain = record_dtype(
        {"optimization_key": ">i8", "number": ">i4", "feasible": "?", "failed": "?", "signature": ">i8"}
    )
    figures = record_dtype(dict.fromkeys(METRICS, ">f8"))
    array = np.dtype([*_HEADER, ("elements", [("length", ">i4"), ("value", ">f8")], (n_axes,))])
    parts = [(name, part.fields[name][0]) for part in (plain, figures) if part.fields for name in part.names or ()]
    at = 1 + 2 * 5
    names = [*parts[:at], ("codes length", np.dtype(">i4")), ("codes", array), *parts[at + 1 :]]
    return np.dtype(names)


def to_records(key: int, trials: TrialColumns) -> RecordArray:
    """The rows of trials, in the order of the table's columns."""
    n_axes = trials.codes.shape[1]
    records = new_records(len(trials), trial_dtype(n_axes))
    records["optimization_key"], records["number"] = key, trials.numbers
    records["feasible"], records["failed"], records["signature"] = trials.feasible, trials.failed, trials.signatures
    codes = records["codes"]
    codes["dimensions"], codes["type"], codes["size"], codes["lower"] = 1, _FLOAT8_OID, n_axes, 1
    codes["elements"]["length"], codes["elements"]["value"] = 8, trials.codes
    for metric in METRICS:
        records[metric] = trials.figures[metric]
    return records


def from_copy(data: bytearray, n_axes: int, errors: Mapping[int, str]) -> TrialColumns:
    """Trials of a whole COPY output. `errors`: those known, by number."""
    records = decode(data, trial_dtype(n_axes))
    numbers = records["number"].astype(np.int64)
    failed = records["failed"].astype(np.bool_)
    return TrialColumns(
        numbers=numbers,
        codes=records["codes"]["elements"]["value"].astype(np.float64),
        figures={metric: records[metric].astype(np.float64) for metric in METRICS},
        feasible=records["feasible"].astype(np.bool_),
        failed=failed,
        signatures=records["signature"].astype(np.int64),
        errors={number: errors[number] for number in numbers[failed].tolist() if number in errors},
    )
