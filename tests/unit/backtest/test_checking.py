"""A check finds mistakes with their lines, in a locked process, and what it finds is an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scizor.domain.errors import FailedPrecondition, InvalidInput, NotFound, Unavailable
from scizor.domain.strategies import Finding, FindingKind, Severity
from scizor.ports.sandbox import Answer
from scizor.services.backtest.strategies.checking import CheckOrder, Report
from scizor.strategy.errors import StrategyError
from scizor.strategy.registry import all_strategies
from tests.unit.backtest.build import App, store_bars, waves
from tests.unit.backtest.texts import BROKEN, EMPTY, EVENT, GOOD, IDLE, MISSPELT, PEEKING, RAISING

AAPL = "AAPL.NASDAQ"


async def check(app: App, source: str, **order: object) -> Report:
    return await app.checking.check(CheckOrder(source=source, **order))  # type: ignore[arg-type] # by name


def told(report: Report) -> list[tuple[FindingKind, int, int]]:
    return [(one.kind, one.line, one.column) for one in report.findings]


@pytest.mark.parametrize("source", [GOOD, EVENT])
async def test_nothing_is_found_in_a_good_text(app: App, source: str) -> None:
    report = await check(app, source)
    assert (list(report.findings), report.passed) == ([], True)
    assert report.version is not None
    assert report.version.number == 0
    assert app.sandbox.asked == ["check"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (BROKEN, [(FindingKind.SYNTAX, 1, 11)]),
        (EMPTY, [(FindingKind.LOAD, 0, 0)]),
        ("1 / 0\n", [(FindingKind.LOAD, 1, 1)]),
        (RAISING, [(FindingKind.RUN, 7, 13)]),
        (PEEKING, [(FindingKind.LOOKAHEAD, 7, 20)]),
        (MISSPELT, [(FindingKind.RUN, 7, 9), (FindingKind.IMPORT, 1, 1), (FindingKind.API, 7, 9)]),
        (IDLE, [(FindingKind.IDLE, 0, 0)]),
    ],
)
async def test_each_mistake_is_told_with_its_line_and_character(
    app: App, source: str, found: list[tuple[FindingKind, int, int]]
) -> None:
    report = await check(app, source)
    assert sorted(told(report)) == sorted(found)
    assert report.passed == (source is IDLE)


async def test_a_view_of_the_future_is_shown_where_it_is_taken(app: App) -> None:
    (finding,) = (await check(app, PEEKING)).findings
    assert finding.message.endswith("see `np.roll(bars.close, -1, axis=0)`")


async def test_a_stored_and_a_built_in_strategy_are_checked_by_their_ids(app: App) -> None:
    await app.store(PEEKING, "mine")
    await app.update("mine", source=GOOD)
    newest = await app.checking.check(CheckOrder("mine"))
    first = await app.checking.check(CheckOrder("mine", version=1))
    came = await app.checking.check(CheckOrder("sma_cross_event"))
    assert (newest.passed, first.passed, came.passed) == (True, False, True)
    assert [one.version.number for one in (newest, first, came) if one.version] == [2, 1, 1]
    with pytest.raises(NotFound):
        await app.checking.check(CheckOrder("nope"))
    with pytest.raises(InvalidInput, match=r"parameters\.nope"):
        await app.checking.check(CheckOrder("mine", parameters={"nope": 1}))


async def test_every_strategy_that_came_with_the_system_passes(app: App) -> None:
    reports = {one.id: await app.checking.check(CheckOrder(one.id)) for one in all_strategies()}
    assert {name: report.findings for name, report in reports.items() if not report.passed} == {}


async def test_a_check_runs_on_stored_bars_where_symbols_are_named(app: App) -> None:
    await store_bars(app.storage, "BHP.ASX", waves(50), "AUD")
    report = await check(app, GOOD, symbols=[AAPL], parameters={"fast": 3, "slow": 8})
    assert report.passed
    (finding,) = (await check(app, GOOD, symbols=[AAPL], parameters={"fast": 30, "slow": 8})).findings
    assert (finding.kind, finding.message) == (FindingKind.LOAD, "parameters.fast: must be less than slow")
    with pytest.raises(InvalidInput, match="AUD and USD"):
        await check(app, GOOD, symbols=[AAPL, "BHP.ASX"])


async def test_what_the_code_did_to_its_process_is_a_finding_and_what_we_did_is_not(app: App) -> None:
    app.sandbox.failure = StrategyError.at("no end within 20 s", place=("strategy.py", 7))
    report = await check(app, GOOD)
    assert report.findings == [Finding(Severity.ERROR, FindingKind.RUN, "strategy.py:7: no end within 20 s", 7)]
    for failure in (Unavailable("gone"), FailedPrecondition("no locks")):
        app.sandbox.failure = failure
        with pytest.raises(type(failure)):
            await check(app, GOOD)


@pytest.mark.parametrize(
    "change",
    [
        {"findings": "x"},
        {"findings": [{"severity": 9}]},
        {"findings": [{"severity": 1, "kind": 1, "message": "x", "line": 1, "column": 1}] * 201},
        {"declared": {"id": "x"}},
        {"more": 1},
        {"findings": [{"severity": 1, "kind": 1, "message": "x" * 10_000, "line": 1, "column": 1}]},
        {"findings": [{"severity": 1, "kind": 1, "message": "x", "line": 2**40, "column": 1}]},
        {"findings": [{"severity": 1, "kind": 1, "message": "\0", "line": 1, "column": 1}]},
    ],
)
async def test_a_forged_answer_is_the_codes_own_fault(app: App, change: dict[str, object]) -> None:
    app.sandbox.forge = lambda answer: Answer(answer.document | change)
    report = await check(app, GOOD)
    assert [one.kind for one in report.findings] == [FindingKind.RUN]
    assert "no answer" in report.findings[0].message


@pytest.mark.parametrize(
    "change",
    [
        {"name": "__init__"},
        {"name": "check"},
        {"name": "x" * 65},
        {"default": "5"},
        {"default": 101},
        {"minimum": None},
        {"maximum": 1e300},
        {"type": 3},
        {"description": "x" * 10_000},
    ],
)
async def test_a_forged_declaration_is_not_stored(app: App, change: dict[str, object]) -> None:
    def forged(answer: Answer) -> Answer:
        declared = answer.document["declared"]
        first, *others = declared["parameters"]
        return Answer({"declared": declared | {"parameters": [first | change, *others]}})

    app.sandbox.forge = forged
    with pytest.raises(StrategyError, match="is no answer"):
        await app.store(GOOD)


def test_a_report_passes_with_warnings() -> None:
    warning = Finding(Severity.WARNING, FindingKind.IDLE, "x")
    assert Report([warning], None).passed
    assert not Report([warning, replace(warning, severity=Severity.ERROR)], None).passed
