"""What was run: the top of the page."""

from __future__ import annotations

from typing import Final

from scizor.services.backtest.tearsheet.markup import Markup, el, foreign, joined
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.words import period, plain, settings

_SYMBOLS_SHOWN: Final = 24
_HASH_SHOWN: Final = 12


def header(material: Material) -> Markup:
    """The name, what was run over what, and what it can be known by."""
    spec, results = material.job.spec, material.results
    name = spec.title or spec.strategy_id
    span = period(results.first_session, results.last_session)
    under = joined(foreign(spec.strategy_id), f" · {span} · {results.final_equity:,.2f} {results.currency}")
    return el("header", el("h1", foreign(name)), el("p", under, class_="under"), _facts(material))


def warnings(material: Material) -> Markup:
    """What a reader should know before believing the figures."""
    told = (*material.results.warnings, *material.notes)
    if not told:
        return Markup()
    items = [el("li", foreign(one)) for one in told]
    return el("section", el("h2", "Before you believe it"), el("ul", *items), class_="warnings", role="note")


def _facts(material: Material) -> Markup:
    spec, results = material.job.spec, material.results
    parameters = ", ".join(f"{name} = {plain(value)}" for name, value in sorted(spec.parameters.items()))
    facts = [
        ("Strategy", joined(foreign(spec.strategy_id), _version(material))),
        ("Parameters", foreign(parameters or "none")),
        ("Symbols", _symbols(spec.symbols)),
        ("Benchmark", foreign(spec.benchmark or "none")),
        ("Sessions", f"{results.sessions:,}, {results.bars:,} bars"),
        ("Capital", f"{results.initial_capital:,.2f} {results.currency}"),
        *settings(spec),
        ("Backtest", el("code", material.job.id)),
        ("Fingerprint", el("code", results.fingerprint)),
        ("Engine", results.engine_version),
    ]
    rows = [el("div", el("dt", title), el("dd", value)) for title, value in facts if value]
    return el("dl", *rows, class_="facts")


def _version(material: Material) -> Markup:
    spec = material.job.spec
    if not spec.strategy_version:
        return Markup()
    return joined(f", version {spec.strategy_version} ", el("code", spec.code_hash[:_HASH_SHOWN]))


def _symbols(symbols: tuple[str, ...]) -> Markup:
    shown, more = symbols[:_SYMBOLS_SHOWN], symbols[_SYMBOLS_SHOWN:]
    first = foreign(", ".join(shown))
    if not more:
        return first
    return joined(first, el("details", el("summary", f"and {len(more):,} more"), foreign(", ".join(more))))
