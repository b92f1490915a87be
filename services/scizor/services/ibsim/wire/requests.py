"""What clients ask, parsed from fields; `version` is the negotiated one, where a layout depends on it.

Every `read` takes the fields after the message's id. Raises BadField.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from scizor.services.ibsim.market.api import ContractQuery
from scizor.services.ibsim.wire.fields import Fields


@dataclass(frozen=True, slots=True)
class ContractDetailsRequest:
    """Everything known of the contracts that fit."""

    req_id: int
    contract: ContractQuery

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Version, id, contract, whether expired ones count, a security id."""
        fields.skip(1)
        req_id = fields.integer()
        contract = read_contract(fields)
        expired = fields.flag()
        return cls(req_id, replace(with_security_id(contract, fields), include_expired=expired))


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Bars. `end`: empty is now. `epoch_times`: bar times in epoch seconds instead of text."""

    req_id: int
    contract: ContractQuery
    end: str
    bar_size: str
    duration: str
    regular_hours: bool
    what: str
    epoch_times: bool
    keep_up_to_date: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Id, contract, whether expired ones count, end, size, duration, hours, type, time format, whether to go on."""
        req_id = fields.integer()
        contract = replace(read_contract(fields), include_expired=fields.flag())
        end, bar_size, duration = fields.text(), fields.text(), fields.text()
        regular_hours, what, epoch_times = fields.flag(), fields.text(), fields.integer() == 2
        if contract.sec_type == "BAG":
            fields.skip(4 * fields.integer())
        return cls(req_id, contract, end, bar_size, duration, regular_hours, what, epoch_times, fields.flag())


@dataclass(frozen=True, slots=True)
class HeadTimestampRequest:
    """Since when there is data."""

    req_id: int
    contract: ContractQuery
    regular_hours: bool
    what: str
    epoch_times: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Id, contract, whether expired ones count, hours, type, time format."""
        req_id = fields.integer()
        contract = replace(read_contract(fields), include_expired=fields.flag())
        return cls(req_id, contract, fields.flag(), fields.text(), fields.integer() == 2)


@dataclass(frozen=True, slots=True)
class MarketDataRequest:
    """Quotes, once or until cancelled."""

    req_id: int
    contract: ContractQuery
    snapshot: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Version, id, contract, legs, delta-neutral contract, generic ticks, whether once."""
        fields.skip(1)
        req_id = fields.integer()
        contract = read_contract(fields)
        if contract.sec_type == "BAG":
            fields.skip(4 * fields.integer())
        if fields.flag():
            fields.skip(3)
        fields.skip(1)
        return cls(req_id, contract, fields.flag())


@dataclass(frozen=True, slots=True)
class RealTimeBarsRequest:
    """A bar every five seconds until cancelled."""

    req_id: int
    contract: ContractQuery
    bar_size_s: int
    what: str
    regular_hours: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Version, id, contract, size, type, hours."""
        fields.skip(1)
        return cls(fields.integer(), read_contract(fields), fields.integer(), fields.text(), fields.flag())


@dataclass(frozen=True, slots=True)
class TickByTickRequest:
    """Each trade or each change of the quote until cancelled. `kind`: Last, AllLast, BidAsk, MidPoint."""

    req_id: int
    contract: ContractQuery
    kind: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Id, contract, kind; the number of past ticks and `ignore size` change nothing here."""
        return cls(fields.integer(), read_contract(fields), fields.text())


@dataclass(frozen=True, slots=True)
class ExecutionsRequest:
    """Which executions of today; empty texts and 0 mean any. `since`: yyyymmdd-hh:mm:ss, UTC."""

    req_id: int
    client_id: int
    account: str
    since: str
    symbol: str
    sec_type: str
    exchange: str
    side: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Version, id, then the filter."""
        fields.skip(1)
        return cls(
            fields.integer(),
            fields.integer(),
            *(fields.text() for _ in range(6)),
        )


@dataclass(frozen=True, slots=True)
class AccountSummaryRequest:
    """Some values of all accounts."""

    req_id: int
    tags: tuple[str, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Version, id, group, tags with commas between."""
        fields.skip(1)
        req_id = fields.integer()
        fields.skip(1)
        return cls(req_id, tuple(tag.strip() for tag in fields.text().split(",") if tag.strip()))


def read_contract(fields: Fields) -> ContractQuery:
    """The twelve fields of a contract, of which those of derivatives say nothing about a share."""
    con_id, symbol, sec_type = fields.integer(), fields.text(), fields.text()
    fields.skip(4)
    exchange, primary_exchange, currency = fields.text(), fields.text(), fields.text()
    return ContractQuery(
        con_id=con_id,
        symbol=symbol,
        sec_type=sec_type,
        exchange=exchange,
        primary_exchange=primary_exchange,
        currency=currency,
        local_symbol=fields.text(),
        trading_class=fields.text(),
    )


def with_security_id(contract: ContractQuery, fields: Fields) -> ContractQuery:
    """The contract with the security id that follows."""
    return replace(contract, sec_id_type=fields.text(), sec_id=fields.text())


def read_versioned_id(fields: Fields) -> int:
    """The id of a cancel that carries its own version."""
    fields.skip(1)
    return fields.integer()
