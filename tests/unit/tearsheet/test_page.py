from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from scizor.services.backtest.tearsheet.material import Material
from scizor.services.backtest.tearsheet.page import html_page
from scizor.services.backtest.tearsheet.palette import DARK, LIGHT, Ink
from tests.unit.backtest.build import bars_of, spec_of
from tests.unit.tearsheet.build import HOSTILE, material_of, undefined, usual, walk
from tests.unit.tearsheet.reading import Page


def page_of(material: Material) -> Page:
    return Page(html_page(material).decode())


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(usual())


def test_it_says_what_was_run_and_what_it_can_be_known_by(page: Page) -> None:
    material = usual()
    for told in (
        *("sma_cross", "fast = 3, slow = 8", "AAPL.NASDAQ", "SPY.ARCA", "5 bps", "2 bps"),
        *(material.results.fingerprint, material.job.id, material.results.first_session, *material.results.warnings),
    ):
        assert told in page.text


def test_every_figure_is_there_with_convention_interval_and_the_reason_where_it_has_none(page: Page) -> None:
    metrics = usual().results.metrics
    assert page.text.count("TRADING_DAY_252") >= len(metrics)
    sharpe = next(metric for metric in metrics if metric.name == "sharpe")
    assert f"95 %: {sharpe.ci_low:.3f} to {sharpe.ci_high:.3f}" in page.text
    for metric in metrics:
        if metric.value is None:
            assert str(metric.undefined_reason) in page.text


def test_it_needs_nothing_from_elsewhere_and_no_script(page: Page) -> None:
    assert not re.search(r"https?:|//|@import|url\((?!#)|javascript:", page.source)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & {
        one.tag for one in page.elements
    }
    references = [value for one in page.elements for name, value in one.attributes.items() if name.endswith("href")]
    assert references
    assert all(value and value.startswith("#") and value[1:] in page.ids for value in references)


def test_no_two_elements_have_the_same_id_and_what_labels_an_element_is_there(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    labels = [label for one in page.elements if (label := one.attributes.get("aria-labelledby"))]
    assert len(labels) == len(page.all("svg"))
    assert {name for label in labels for name in label.split()} <= set(page.ids)


def test_every_chart_has_a_title_and_says_in_words_what_it_shows(page: Page) -> None:
    assert len(page.all("svg")) == 9
    for tag in ("title", "desc"):
        told = [one.text for one in page.all(tag) if one.attributes.get("id")]
        assert len(told) == 9
        assert all(told)


def test_charts_take_their_colours_from_the_page(page: Page) -> None:
    charts = page.source[page.source.index("<svg") :]
    assert not re.search(r"#[0-9a-f]{6}\b", charts)
    assert set(re.findall(r"var\(--([a-z]+)\)", charts)) <= set(asdict(LIGHT))
    assert "prefers-color-scheme:dark" in page.source
    assert "@media print" in page.source


def test_the_browser_is_told_to_load_nothing_and_to_trust_this_style_alone(page: Page) -> None:
    style = page.all("style")[0].text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(one for one in page.all("meta") if one.attributes.get("http-equiv"))
    assert str(policy.attributes["content"]).startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def hostile() -> Material:
    """Every text of a backtest is a user's."""
    material = usual()
    metrics = tuple(replace(one, name=f"m{HOSTILE}", convention=f"c{HOSTILE}") for one in material.results.metrics)
    spec = replace(
        material.job.spec,
        title=f"title{HOSTILE}",
        strategy_id=f"strategy{HOSTILE}",
        symbols=tuple(f"{number}{HOSTILE}" for number in range(40)),
        benchmark=f"benchmark{HOSTILE}",
        parameters={f"name{HOSTILE}": f"value{HOSTILE}"},
        strategy_version=1,
        code_hash="<script>",
    )
    return replace(
        material,
        job=replace(material.job, id=f"id{HOSTILE}", spec=spec),
        results=replace(
            material.results,
            metrics=metrics,
            warnings=(f"warning{HOSTILE}",),
            fingerprint=f"print{HOSTILE}",
            engine_version=f"engine{HOSTILE}",
            currency=f"currency{HOSTILE}",
            first_session=f"first{HOSTILE}",
        ),
        trades=[replace(trade, symbol=f"symbol{HOSTILE}") for trade in material.trades],
        notes=(f"note{HOSTILE}",),
    )


def test_what_a_user_wrote_stays_a_text() -> None:
    found = page_of(hostile())
    assert not found.all("script")
    assert not found.all("img")
    assert not any(name.startswith("on") for one in found.elements for name in one.attributes)
    assert not {"\u202e", "\x00"} & set(found.source)
    seen = found.text + found.all("title")[0].text
    for place in (
        *("title", "strategy", "0", "39", "benchmark", "name", "value", "c", "id", "warning"),
        *("print", "engine", "currency", "first", "symbol", "note"),
    ):
        assert f"{place}<script>alert" in seen


def test_the_same_result_gives_the_same_bytes(page: Page) -> None:
    assert html_page(usual()).decode() == page.source


def test_twenty_years_with_a_thousand_trades_stay_below_a_megabyte() -> None:
    bars = walk(252 * 20)
    material = material_of(bars, spec_of(parameters={"fast": 2, "slow": 3}), benchmark=walk(252 * 20, seed=2))
    assert len(material.trades) > 800
    content = html_page(material)
    assert 200_000 < len(content) < 1_000_000


def test_without_trades_it_says_so_and_shows_the_rest() -> None:
    found = page_of(material_of(walk(5), spec_of(parameters={"fast": 3, "slow": 300})))
    assert "No trade was closed." in found.text
    assert "Too few sessions for a figure over a window of them." in found.text
    assert found.of_class("equity")


def test_one_session_has_no_return_and_a_page() -> None:
    found = page_of(material_of(walk(1), spec_of(strategy_id="buy_and_hold")))
    assert "Less than two sessions: there is no return." in found.text
    assert found.of_class("drawdown")


def test_a_wiped_out_account_is_drawn_to_its_end_and_has_no_logarithm() -> None:
    falls = [105.0 - step for step in range(12)]
    closes = [100.0, 98.0, 96.0, 94.0, 97.0, 100.0, 103.0, 105.0, *falls, 94.0, 300.0, 310.0, *[320.0] * 30]
    bars = bars_of([100.0, *closes[:-1]], closes)
    spec = spec_of(parameters={"fast": 2, "slow": 4, "direction": "long_short"}, no_financing=True)
    material = material_of(bars, spec)
    assert material.curve.equity[-1] <= 0
    found = page_of(material)
    assert not found.of_class("equity-log")
    assert "wiped out" in found.text.lower()


def test_figures_without_a_value_show_a_dash_and_why() -> None:
    material = usual()
    results = replace(material.results, metrics=tuple(map(undefined, material.results.metrics)), warnings=())
    found = page_of(replace(material, results=results))
    assert found.text.count("no return") >= len(results.metrics)
    assert not found.of_class("warnings")


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""

    def light(colour: str) -> float:
        parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    lower, upper = sorted((light(one), light(other)))
    return (upper + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("ink", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_lines_stand_out_from_their_paper(ink: Ink) -> None:
    for paper in (ink.paper, ink.panel):
        assert min(contrast(text, paper) for text in (ink.text, ink.faint, ink.gain, ink.loss)) >= 4.5
        assert min(contrast(line, paper) for line in (ink.account, ink.benchmark)) >= 3.0
