"""`scizor strategy …` and what `scizor backtest` does with stored strategies, against the service on fake storage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from scizor.client.cli import run
from tests.fakes.storage import FakeStorage
from tests.integration.backtest_server import serving
from tests.unit.backtest.build import store_bars, waves
from tests.unit.backtest.texts import EVENT, GOOD, PEEKING

Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def scizor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Command]:
    """Carries out a command: its exit status, and what it said where."""
    storage = FakeStorage()
    await store_bars(storage, "AAPL.NASDAQ", waves(300))
    with capture_logs():  # the service would log to the standard output that the command answers on
        async with serving(storage) as served:
            monkeypatch.setenv("SCIZOR_ADDRESS", served.address)

            async def command(*words: str) -> tuple[int, str, str]:
                capsys.readouterr()
                status = await asyncio.to_thread(run, list(words))
                said = capsys.readouterr()
                return status, said.out, said.err

            yield command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "my_cross.py", GOOD)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def answer(scizor: Command, *words: str) -> Any:
    status, out, err = await scizor(*words, "--json")
    assert status == 0, err
    return json.loads(out.splitlines()[-1])


async def test_a_file_is_stored_shown_changed_run_by_version_and_deleted(scizor: Command, file: Path) -> None:
    status, out, _ = await scizor("strategy", "create", str(file), "--tag", "trend", "--title", "Cross")
    assert (status, out.split(";")[0]) == (0, "stored as my_cross@1")
    written(file, EVENT)
    assert (await scizor("strategy", "update", "my_cross", str(file), "--etag", "v1"))[1].startswith("my_cross@2 ")
    status, _, err = await scizor("strategy", "update", "my_cross", "--title", "x", "--etag", "v1")
    assert (status, "ETAG_STALE" in err) == (1, True)

    assert (await scizor("strategy", "show", "my_cross@1", "--source"))[1] == GOOD
    shown = (await scizor("strategy", "show", "my_cross@1"))[1]
    assert all(word in shown for word in ("my_cross@1", "MyCross", "Window of the fast mean", "1 to 100", "2 versions"))
    listed = await answer(scizor, "strategy", "list", "--origin", "uploaded", "--tag", "trend")
    assert [one["id"] for one in listed["strategies"]] == ["my_cross"]
    table = (await scizor("strategy", "list", "--text", "cross"))[1]
    assert "my_cross" in table
    assert "sma_cross" in table

    asked = ("--symbols", "AAPL", "--capital", "10000")
    old = await answer(scizor, "backtest", "run", "my_cross@1", *asked, "--set", "fast=3")
    new = await answer(scizor, "backtest", "run", "my_cross", *asked, "--priority", "9")
    assert [one["backtest"]["strategyVersion"] for one in (old, new)] == [1, 2]
    assert new["backtest"]["priority"] == 9
    again = await answer(scizor, "backtest", "run", "my_cross", *asked, "--priority", "9", "--cached")
    assert again["backtest"]["id"] == new["backtest"]["id"]
    assert "my_cross@2" in (await scizor("backtest", "list"))[1]
    assert (await scizor("backtest", "delete", old["backtest"]["id"]))[0] == 0
    assert (await scizor("backtest", "show", old["backtest"]["id"]))[0] == 1

    assert (await scizor("strategy", "delete", "my_cross"))[0] == 0
    assert "my_cross (deleted)" in (await scizor("strategy", "list", "--deleted"))[1]
    status, _, err = await scizor("backtest", "run", "my_cross", *asked)
    assert (status, "was deleted" in err) == (1, True)


async def test_a_check_tells_findings_as_compilers_do_and_fails(scizor: Command, file: Path) -> None:
    assert await scizor("strategy", "check", str(file)) == (0, f"{file}: nothing found\n", "")
    written(file, PEEKING)
    status, out, _ = await scizor("strategy", "check", str(file), "--symbols", "AAPL")
    assert status == 1
    assert out.startswith(f"{file}:7:20: error: decides for AAPL.NASDAQ at ")
    document = json.loads((await scizor("strategy", "check", str(file), "--json"))[1])
    assert (document["passed"], document["findings"][0]["kind"]) == (False, "FINDING_KIND_LOOKAHEAD")
    assert (await scizor("strategy", "check", "sma_cross", "--set", "fast=5"))[0] == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("strategy", "create", "nope.py"), "nope.py"),
        (("strategy", "update", "mine"), "nothing to change"),
        (("strategy", "show", "mine@x"), "mine@2"),
        (("strategy", "list", "--kind", "odd"), "--kind"),
        (("backtest", "run", "mine@0", "--symbols", "AAPL"), "mine@2"),
    ],
)
async def test_a_wrong_call_says_what_is_right(scizor: Command, words: tuple[str, ...], named: str) -> None:
    status, _, err = await scizor(*words)
    assert (status, named in err) == (2, True)


async def test_a_file_that_does_not_load_is_refused_with_its_line(scizor: Command, file: Path) -> None:
    written(file, "class Mine(\n")
    status, _, err = await scizor("strategy", "create", str(file), "--id", "mine")
    assert status == 1
    assert "mine.py:1: SyntaxError" in err
