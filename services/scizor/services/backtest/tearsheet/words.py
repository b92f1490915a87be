"""Figures and settings in words, the same on the page and in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from scizor.domain.backtests import BacktestSpec, CommissionPlan, SlippageKind
from scizor.domain.intervals import Interval
from scizor.domain.metrics import Metric

_TITLES: Final[Mapping[str, str]] = {
    "cagr": "Annual growth (CAGR)",
    "sharpe": "Sharpe ratio",
    "sortino": "Sortino ratio",
    "calmar": "Calmar ratio",
    "omega": "Omega ratio",
    "var_95_historical": "Value at risk 95 %, historical",
    "es_95_historical": "Expected shortfall 95 %, historical",
    "var_95_gaussian": "Value at risk 95 %, Gaussian",
    "es_95_gaussian": "Expected shortfall 95 %, Gaussian",
    "probabilistic_sharpe": "Probabilistic Sharpe ratio",
    "deflated_sharpe": "Deflated Sharpe ratio",
    "min_track_record_length": "Minimum track record length",
    "n_trades": "Trades",
    "sqn": "System quality number",
    "kelly": "Kelly fraction",
    "fx_costs": "Conversion costs",
    "fx_costs_per_year": "Conversion costs a year",
}
_FORMATS: Final[Mapping[str, str]] = {
    "fraction": "{:.2%}",
    "currency": "{:,.2f}",
    "samples": "{:,.0f} sessions",
    "days": "{:,.0f} days",
    "count": "{:,.0f}",
    "per_year": "{:,.4f} a year",
}
UNDEFINED: Final = "-"


def title_of(name: str) -> str:
    """A metric's name for people."""
    return _TITLES.get(name) or name.replace("_per_year", "_a_year").replace("_", " ").capitalize()


def value_of(metric: Metric | None) -> str:
    """The value as its unit is read; a dash where it is undefined."""
    return UNDEFINED if metric is None or metric.value is None else amount(metric.value, metric.unit)


def interval_of(metric: Metric | None) -> str:
    """The bootstrap interval; empty where there is none."""
    if metric is None or metric.ci_low is None or metric.ci_high is None:
        return ""
    return f"{amount(metric.ci_low, metric.unit)} to {amount(metric.ci_high, metric.unit)}"


def amount(value: float, unit: str) -> str:
    """A number as its unit is read."""
    return _FORMATS.get(unit, "{:,.3f}").format(value + 0.0)


def signed(fraction: float) -> str:
    """A return, always with its sign."""
    return f"{fraction:+.2%}"


def period(first: str, last: str) -> str:
    """From a session to a session."""
    return first if first == last else f"{first} to {last}"


def day(session: date | None) -> str:
    """A date; a dash for none."""
    return session.isoformat() if session else UNDEFINED


def plain(value: object) -> str:
    """A parameter's value; storage may have made a whole number a float."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(spec: BacktestSpec) -> list[tuple[str, str]]:
    """What was asked for beside strategy and symbols, each by its name."""
    return [
        ("Bars", f"{_length(spec.interval)}, prices {_word(spec.adjustment.name)}"),
        ("Account", _word(spec.account.name) + (", no financing" if spec.no_financing else "")),
        (
            "Fills",
            f"{_word(spec.fill_timing.name)}, {_word(spec.path.name)} path, limits {_word(spec.limit_fills.name)}",
        ),
        ("Sizing", _word(spec.sizing.name) + (f", {spec.cash_buffer:.1%} left alone" if spec.cash_buffer else "")),
        ("Commission", _commission(spec)),
        ("Slippage", _slippage(spec)),
        ("Participation", f"at most {spec.max_participation:.1%} of a bar's volume" if spec.max_participation else ""),
        ("At the end", "positions stay open" if spec.keep_open_at_end else "positions are closed"),
    ]


def _length(interval: Interval) -> str:
    unit, _, number = interval.name.lower().partition("_")
    return f"{number} {unit}{'s' if number != '1' else ''}"


def _commission(spec: BacktestSpec) -> str:
    terms = spec.commission
    if terms is None:
        return f"{spec.commission_bps:g} bps"
    if terms.plan is not CommissionPlan.CUSTOM:
        return terms.plan.name.replace("_", " ")
    bound = f", at most {terms.maximum_bps:g} bps" if terms.maximum_bps else ""
    return f"{terms.per_share:g} a share, {terms.value_bps:g} bps, at least {terms.minimum:g}{bound}"


def _slippage(spec: BacktestSpec) -> str:
    terms = spec.slippage
    if terms is None:
        return f"{spec.slippage_bps:g} bps"
    return "none" if terms.model is SlippageKind.NONE else f"{_word(terms.model.name)} {terms.amount:g}"


def _word(name: str) -> str:
    return name.lower().replace("_", " ")
