"""`scizor backup` while orders come in, `scizor restore` on what was stopped, and trading that goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.stack import until
from tests.e2e.trading import OpenMarket, gate, limit, market, own, placed, reached, trading_stack

pytestmark = pytest.mark.full
FAR = "100.00"  # below what anybody sells at


@pytest.fixture
def trading() -> Iterator[OpenMarket]:
    with trading_stack() as running:
        yield running


def test_trading_goes_on_from_what_was_restored(trading: OpenMarket, tmp_path: Path) -> None:
    file = str(tmp_path / "kept.tar.zst")
    with httpx.Client(base_url=trading.rest(), timeout=30.0) as rest:
        kept = placed(rest, "kept", market(7), symbol="IBM")
        before = reached(rest, kept["id"], "FILLED")
        assert "kept.tar.zst: " in trading.run("backup", file).stdout
        lost = placed(rest, "lost", limit(3, FAR))
        reached(rest, lost["id"], "ACCEPTED", "WORKING")
        refused = trading.run("restore", file, "--replace", "--yes", check=False)
        assert (refused.returncode, refused.stderr) == (
            1,
            "scizor: the services run: stop them with `scizor down`\n",
        )
    trading.run("down")
    refused = trading.run("restore", file, check=False)
    assert refused.returncode == 1
    assert "the database is not empty" in refused.stderr
    assert refused.stderr.endswith("restore to an empty one, or say --replace\n")
    told = [
        json.loads(line) for line in trading.run("restore", file, "--replace", "--yes", "--json").stdout.splitlines()
    ]
    assert {"orders", "executions", "order_events"} <= {one["table"] for one in told[:-1]}
    assert (told[-1]["done"], told[-1]["schema"]) == ("restore", told[-1]["migrated_to"])
    until(lambda: not trading.processes(), "the database's own server has ended")
    trading.run("up", "--detach")
    with httpx.Client(base_url=trading.rest(), timeout=30.0) as rest:
        until(lambda: gate(rest) == "GATE_STATE_OPEN", lambda: f"the gate is open, it is {gate(rest)}")
        after = reached(rest, kept["id"], "FILLED")
        assert after["events"][: len(before["events"])] == before["events"]
        fresh = placed(rest, "fresh", market(2), symbol="IBM")
        reached(rest, fresh["id"], "FILLED")
        names = [one["clientOrderId"] for one in rest.get("/api/orders?page_size=50").json()["orders"]]
        assert {own("kept"), own("fresh")} <= set(names)
        assert own("lost") not in names
