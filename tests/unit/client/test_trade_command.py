"""`scizor trade` as a whole: its help, and what it says of a wrong call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.client.scripted_trading import ORDER_ID, Trading, serving, trade

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    scripted = Trading()
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted


COMMANDS = (
    [["risk", word] for word in ("check", "limits", "events", "watch")]
    + [["risk", "limit", word] for word in ("set", "delete")]
    + [["risk"], ["risk", "limit"], []]
    + [[word] for word in ("status", "account", "reconcile", "halt", "reduce", "activate")]
    + [[word] for word in ("buy", "sell", "orders", "order", "replace", "cancel", "cancel-all")]
    + [[word] for word in ("positions", "close", "close-all", "trades", "watch", "exposure", "stress")]
    + [[word] for word in ("start", "stop", "pause", "resume", "deployments", "deployment", "performance")]
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_ends_with_an_example(words: list[str], capsys: Capture) -> None:
    assert trade(*words, "--help") == 0
    last = capsys.readouterr().out.strip().split("\n\n")[-1]
    assert last.replace("\n", " ").split("Example: ")[-1].startswith(" ".join(["scizor", "trade", *words]))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["buy", "AAPL"], "QTY"),
        (["buy", "AAPL", "ten"], "quantity"),
        (["buy", "AAPL", "1", "--limit", "x"], "limit_price"),
        (["buy", "AAPL", "1", "--stop", "1", "--touch", "2"], "--touch"),
        (["buy", "AAPL", "1", "--trail-percent", "x"], "--trail-percent"),
        (["buy", "AAPL", "1", "--tif", "forever"], "--tif"),
        (["buy", "AAPL", "1", "--good-till", "2026-12-31"], "good_till_time"),
        (["replace", ORDER_ID], "nothing to change"),
        (["orders", "--state", "odd"], "pending_submit"),
        (["trades", "--since", "yesterday"], "start_time"),
        (["halt"], "--reason"),
        (["risk", "limit", "set", "luck", "1"], "daily_loss"),
        (["risk", "limit", "set", "daily_loss", "1", "--on-breach", "cry"], "--on-breach"),
        (["stress", "--shock", "much"], "--shock"),
        (["start", "s", "--symbols", "AAPL", "--capital", "10000"], "10000USD"),
        (["start", "s", "--symbols", "AAPL", "--capital", "1USD", "--set", "fast"], "name=value"),
        (["start", "s@x", "--symbols", "AAPL", "--capital", "1USD"], "version"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_one_line_and_status_2(words: list[str], named: str, trading: Trading, capsys: Capture) -> None:
    assert trade(*words) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert named in said.err
    assert trading.asked == []
