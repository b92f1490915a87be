"""Every reply as ib_async decodes it, at every version with a layout of its own."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from ib_async.decoder import Decoder

from scizor.services.ibsim.wire.replies.account import plain
from scizor.services.ibsim.wire.replies.session import welcome
from tests.unit.ibsim.wire_samples import NOON, TERMS, VERSIONS, messages


class Heard:
    """Keeps every callback."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[Any, ...]] = {}
        self.ib = self
        self.TimezoneTWS = ""
        self.defaultTimezone = UTC

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.__setitem__(name, args)


def decoded(version: int) -> Heard:
    heard = Heard()
    decoder: Any = Decoder(heard, version)  # type: ignore[arg-type]  # it only calls back
    for payload in messages(version).values():
        decoder.interpret(payload.decode().split("\0")[:-1])
    return heard


@pytest.mark.parametrize("version", VERSIONS)
def test_ib_async_decodes_every_message(version: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        heard = decoded(version)
    assert caplog.messages == []
    _, details = heard.calls["contractDetails"]
    assert (details.contract.conId, details.minTick, details.longName) == (265598, 0.01, "Apple Café Inc.")
    assert [(tag.tag, tag.value) for tag in details.secIdList][-1] == ("SCIZOR_DATA", "synthetic")
    order_id, contract, order, state = heard.calls["openOrder"]
    assert (order_id, contract.symbol, order.lmtPrice, order.orderRef) == (3, "AAPL", 171.25, "a ref")
    assert (order.clearingIntent, state.status) == ("IB", "Submitted")
    _, done, ended = heard.calls["completedOrder"]
    assert (done.permId, done.filledQuantity, ended.completedStatus) == (1_780_000_001, 100, "Filled Size: 100")
    _, _, execution = heard.calls["execDetails"]
    assert (execution.side, execution.shares, execution.time) == ("BOT", 100, NOON)


def test_ib_async_reads_the_terms_of_every_order_type() -> None:
    told = {}
    for name in TERMS:
        heard = Heard()
        decoder: Any = Decoder(heard, 178)  # type: ignore[arg-type]  # it only calls back
        for kind in ("open_order", "order_status", "completed_order"):
            decoder.interpret(messages(178)[f"{kind}_{name}"].decode().split("\0")[:-1])
        _, _, order, _ = heard.calls["openOrder"]
        _, done, _ = heard.calls["completedOrder"]
        assert (done.orderType, done.trailStopPrice, done.ocaGroup) == (
            order.orderType,
            order.trailStopPrice,
            order.ocaGroup,
        )
        told[name] = order, heard.calls["orderStatus"][9]
    trailing, held = told["trailing"]
    assert (trailing.trailingPercent, trailing.trailStopPrice, held) == (2.5, 167.7, "trigger")
    limited, _ = told["trailing_limit"]
    assert (limited.auxPrice, limited.trailStopPrice, limited.lmtPriceOffset) == (2.0, 170.0, 0.5)
    exit_, held = told["exit"]
    assert (exit_.parentId, exit_.ocaGroup, exit_.ocaType, held) == (2, "1780000000", 3, "child,trigger")
    assert told["dated"][0].goodTillDate == "20240401-20:00:00"


def test_the_preview_of_an_order_carries_margin_and_commission() -> None:
    _, _, order, state = decoded(178).calls["openOrder"]
    assert (order.permId, state.initMarginChange, state.commission) == (1_780_000_001, "1000", 1.5)


def test_a_position_keeps_its_exact_numbers() -> None:
    account, contract, shares, cost = decoded(178).calls["position"]
    assert (account, contract.conId, shares, cost) == ("DUSIM0001", 265598, 100, 171.26)


@pytest.mark.parametrize(("value", "text"), [("100", "100"), ("1.5000", "1.5"), ("1E+3", "1000"), ("0.000", "0")])
def test_exact_numbers_have_neither_exponent_nor_zeros_at_the_end(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_the_first_frame_has_two_fields_and_tells_utc() -> None:
    assert welcome(178, datetime(2024, 3, 14, 1, 2, 3, tzinfo=UTC)) == b"178\x0020240314 01:02:03 UTC\0"
