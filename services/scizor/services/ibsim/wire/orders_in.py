"""The longest request: an order. Only a part of its fields matters here; the rest must still be passed over exactly."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from scizor.services.ibsim.broker.words import Terms
from scizor.services.ibsim.market.api import ContractQuery
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.requests import read_contract, with_security_id

_FA_PROFILE_UNTIL = 177
_PEGGED_TO_BENCHMARK = {"PEG BENCH", "PEGBENCH"}


@dataclass(frozen=True, slots=True)
class PlaceOrderRequest:
    """A new order, or new terms for an open one of the same id."""

    order_id: int
    contract: ContractQuery
    terms: Terms

    @classmethod
    def read(cls, fields: Fields, version: int) -> Self:
        """The layout of versions 157 to 178, up to the limit's offset; what follows changes nothing here."""
        order_id = fields.integer()
        contract = with_security_id(read_contract(fields), fields)
        return cls(order_id, contract, _read_terms(fields, version, is_combo=contract.sec_type == "BAG"))


def _read_terms(fields: Fields, version: int, *, is_combo: bool) -> Terms:
    action, quantity, order_type = fields.text(), fields.maybe_decimal() or Decimal(0), fields.text()
    limit_price, aux_price = fields.maybe_decimal(), fields.maybe_decimal()
    tif, oca_group, account, open_close = fields.text(), fields.text(), fields.text(), fields.text()
    origin, order_ref, transmit, parent_id = fields.integer(), fields.text(), fields.flag(), fields.integer()
    fields.skip(2)  # block order, sweep to fill
    display_size, trigger_method, outside_rth, hidden = (
        fields.integer(),
        fields.integer(),
        fields.flag(),
        fields.flag(),
    )
    if is_combo:
        fields.skip(8 * fields.integer())
        fields.skip(fields.integer())
        fields.skip(2 * fields.integer())
    fields.skip(2)  # shares allocation, discretionary amount
    good_after_time, good_till_date = fields.text(), fields.text()
    fields.skip(3 + (version < _FA_PROFILE_UNTIL))  # adviser's group, method, percentage, profile
    fields.skip(4)  # model, short-sale slot, location, exemption
    oca_type = fields.integer()
    fields.skip(2)
    all_or_none = fields.flag()
    trail_stop_price, trailing_percent = _read_trailing(fields)
    algo_strategy = _read_algo(fields)
    fields.skip(1)
    what_if = fields.flag()
    conditions, limit_offset = _read_conditions(fields, order_type)
    return Terms(
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=limit_price,
        aux_price=aux_price,
        tif=tif or "DAY",
        account=account,
        order_ref=order_ref,
        oca_group=oca_group,
        oca_type=oca_type,
        open_close=open_close,
        origin=origin,
        transmit=transmit,
        parent_id=parent_id,
        display_size=display_size,
        trigger_method=trigger_method,
        outside_rth=outside_rth,
        hidden=hidden,
        all_or_none=all_or_none,
        good_after_time=good_after_time,
        good_till_date=good_till_date,
        algo_strategy=algo_strategy,
        trail_stop_price=trail_stop_price,
        trailing_percent=trailing_percent,
        limit_offset=limit_offset,
        conditions=conditions,
        what_if=what_if,
    )


def _read_trailing(fields: Fields) -> tuple[Decimal | None, Decimal | None]:
    """From the minimum quantity to the clearing: the stop and the percentage of a trailing order."""
    fields.skip(14)  # min quantity .. volatility type, with the reference prices between
    if fields.text():  # delta-neutral order type
        fields.skip(1 + 8)
    else:
        fields.skip(1)
    fields.skip(2)  # continuous update, reference price type
    trail_stop_price, trailing_percent = fields.maybe_decimal(), fields.maybe_decimal()
    fields.skip(2)  # scale: first and further level sizes
    increment = fields.maybe_decimal()
    if increment is not None and increment > 0:
        fields.skip(7)
    fields.skip(3)  # scale table, active from and until
    if fields.text():  # hedge type
        fields.skip(1)
    fields.skip(4)  # opt out of smart routing, clearing account and intent, not held
    if fields.flag():  # delta-neutral contract
        fields.skip(3)
    return trail_stop_price, trailing_percent


def _read_algo(fields: Fields) -> str:
    strategy = fields.text()
    if strategy:
        fields.skip(2 * fields.integer())
    return strategy


def _read_conditions(fields: Fields, order_type: str) -> tuple[int, Decimal | None]:
    """How many conditions there are; without any, the offset of a trailing order's limit from its stop."""
    fields.skip(4)  # options, solicited, randomised size and price
    if order_type in _PEGGED_TO_BENCHMARK:
        fields.skip(5)
    conditions = fields.integer()
    if conditions:
        return conditions, None
    fields.skip(2)  # adjusted order type, trigger price
    return 0, fields.maybe_decimal()
