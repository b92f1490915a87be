"""What is answered about optimisations, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.client.cli.heat_map import heat_map
from scizor.client.cli.tables import console, facts, table, word

_FRACTIONS = {"total_return", "cagr", "volatility", "max_drawdown", "win_rate", "time_in_market"}
_ALWAYS = ("sharpe", "cagr", "max_drawdown", "n_trades")


def optimizations_table(optimizations: Sequence[pb.Optimization]) -> Table:
    """Optimisations, one a line."""
    return table(
        f"{len(optimizations):,} optimizations",
        ("id", "state", "strategy", "~symbols", "method", ">trials", "created"),
        (
            (
                one.id,
                word(pb.OptimizationState, one.state),
                one.backtest.strategy_id,
                ", ".join(one.backtest.symbols[:4]) + (" …" if len(one.backtest.symbols) > 4 else ""),
                word(pb.OptimizationMethod, one.method),
                f"{one.progress.trials_done:,} of {one.progress.trials_total:,}",
                f"{one.create_time.ToDatetime():%Y-%m-%d %H:%M:%S}",
            )
            for one in optimizations
        ),
    )


def optimization_facts(optimization: pb.Optimization) -> Table:
    """What was asked, where it stands, and what it proves."""
    verdict, progress = optimization.verdict, optimization.progress
    failed = f", {progress.trials_failed:,} failed" if progress.trials_failed else ""
    left_out = f", {progress.left_out:,} sets break the strategy's rules" if progress.left_out else ""
    out = verdict.out_of_sample
    return facts(
        f"Optimization {optimization.id}",
        [
            ("state", word(pb.OptimizationState, optimization.state)),
            ("error", optimization.error.message),
            ("strategy", optimization.backtest.strategy_id),
            ("symbols", ", ".join(optimization.backtest.symbols)),
            ("method", f"{word(pb.OptimizationMethod, optimization.method)}, seed {optimization.seed}"),
            ("trials", f"{progress.trials_done:,} of {progress.trials_total:,}{failed}{left_out}"),
            (
                "tried so far",
                f"{verdict.trials_overall:,} of this strategy on these bars" if verdict.ByteSize() else "",
            ),
            ("deflated sharpe", _probability(verdict, "deflated_sharpe", "that the best is better than luck")),
            (
                "luck's best",
                _plain(verdict, "expected_best_sharpe", "the sharpe that so many tries bring without skill"),
            ),
            ("overfitting", _probability(verdict, "overfitting", "that the best falls below the median elsewhere")),
            ("plateau", _plain(verdict, "plateau", "of its score the best keeps one step aside: 1 flat, 0 a peak")),
            ("out of sample", ", ".join(f"{name} {figure(name, out[name])}" for name in _ALWAYS if name in out)),
            ("efficiency", _plain(verdict, "efficiency", "of the training score is left in the tests")),
            *(("warning", warning) for warning in verdict.warnings),
        ],
    )


def trials_table(title: str, trials: Sequence[pb.Trial], metrics: Sequence[str]) -> Table:
    """Trials, one a line: their parameters, the metrics asked for and some that always count."""
    names = sorted({name for trial in trials for name in trial.parameters})
    shown = tuple(dict.fromkeys([*metrics, *_ALWAYS]))
    broken = any(trial.error or not trial.feasible for trial in trials)
    return table(
        title,
        (">#", *(f">{name}" for name in names), *(f">{name}" for name in shown), *(("~remark",) if broken else ())),
        (
            (
                f"{trial.number:,}",
                *(_value(trial.parameters[name]) for name in names),
                *(figure(name, trial.figures[name]) if name in trial.figures else "-" for name in shown),
                *((trial.error or ("" if trial.feasible else "breaks a constraint"),) if broken else ()),
            )
            for trial in trials
        ),
    )


def folds_table(verdict: pb.OptimizationVerdict, metric: str) -> Table:
    """What was chosen in each division of the sessions."""
    return table(
        f"{len(verdict.folds):,} divisions, by {metric}",
        ("trained on", "tested on", "chosen", ">in training", ">in the test"),
        (
            (
                f"{fold.train_start} to {fold.train_end}",
                f"{fold.test_start} to {fold.test_end}",
                described(fold.trial.parameters),
                figure(metric, fold.train_score) if fold.HasField("train_score") else "-",
                figure(metric, fold.test_score) if fold.HasField("test_score") else "-",
            )
            for fold in verdict.folds
        ),
    )


def surface_map(surface: pb.Surface) -> Text:
    """The figure over two parameters."""
    x, y = ([_value(value) for value in axis.values] for axis in (surface.x, surface.y))
    values = np.array(surface.value).reshape(len(y), len(x))
    named = ((surface.x.name, x), (surface.y.name, y))
    return heat_map(values, *named, surface.metric, coloured=console().color_system is not None)


def described(parameters: Any) -> str:
    """Parameters in a few words."""
    return " ".join(f"{name}={_value(parameters[name])}" for name in sorted(parameters))


def figure(metric: str, value: float) -> str:
    """A figure as its unit is read."""
    if metric in _FRACTIONS:
        return f"{value:.2%}"
    return f"{value:,.0f}" if metric in {"n_trades", "final_equity", "commissions"} else f"{value:,.3f}"


def _probability(verdict: pb.OptimizationVerdict, name: str, meaning: str) -> str:
    value = getattr(verdict, name)
    return f"{value:.1%}, the probability {meaning}" if verdict.HasField(name) else ""  # type: ignore[arg-type] # by name


def _plain(verdict: pb.OptimizationVerdict, name: str, meaning: str) -> str:
    return f"{getattr(verdict, name):,.2f}, {meaning}" if verdict.HasField(name) else ""  # type: ignore[arg-type] # by name


def _value(value: object) -> str:
    """A parameter's value; JSON knows no whole numbers, people do."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
