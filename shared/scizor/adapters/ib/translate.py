"""From the broker's words to the domain's: contracts, zones, origins, times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ib_async.contract import Contract, ContractDetails

from scizor.domain.broker import BrokerContract, DataOrigin, FailureCategory, SourceFailure
from scizor.domain.instruments import AssetType

DATA_TAG = "SCIZOR_DATA"
"""The simulated gateway's tag in a contract's `secIdList`: whose data it tells."""

_REAL_ORIGIN, _SIMULATED_ORIGIN = "ib", "ibsim"
_FUNDS = frozenset({"ETF", "ETN", "ETC", "ETP"})
_EXCHANGES = {"ISLAND": "NASDAQ"}  # its name in older gateways
_ZONES = {
    "AET": "Australia/Sydney",
    "Australia/NSW": "Australia/Sydney",
    "EST": "America/New_York",
    "EST (Eastern Standard Time)": "America/New_York",
    "EST5EDT": "America/New_York",
    "US/Eastern": "America/New_York",
}
"""What gateways call zones; EST as IANA knows it has no summer time."""

_ORIGIN = re.compile(r"(?P<name>[^:]+)(?::(?P<first>\d{8})?-(?P<last>\d{8})?)?")


def exchange_name(text: str) -> str:
    """An exchange as instruments carry it."""
    return _EXCHANGES.get(text, text)


def zone_name(text: str) -> str:
    """A contract's zone, IANA. Raises SourceFailure(SOURCE_FAULT) for one nobody knows."""
    name = _ZONES.get(text, text)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError):
        message = f"the contract's time zone is not known: {text!r}"
        raise SourceFailure(FailureCategory.SOURCE_FAULT, message) from None


def broker_contract(details: ContractDetails, *, simulated: bool) -> BrokerContract:
    """A contract's details as the domain has them. Raises SourceFailure(SOURCE_FAULT)."""
    contract = details.contract
    if contract is None or not contract.conId:
        raise SourceFailure(FailureCategory.SOURCE_FAULT, "contract details without a contract")
    return BrokerContract(
        con_id=contract.conId,
        symbol=contract.symbol,
        primary_exchange=exchange_name(contract.primaryExchange or contract.exchange),
        currency=contract.currency,
        exchange=contract.exchange,
        name=_readable(details.longName),
        asset_type=AssetType.ETF if details.stockType in _FUNDS else AssetType.STOCK,
        min_tick=Decimal(str(details.minTick)),
        time_zone=zone_name(details.timeZoneId),
        origins=_origins([pair.value for pair in details.secIdList if pair.tag == DATA_TAG], simulated=simulated),
    )


def wire_contract(contract: BrokerContract) -> Contract:
    """As requests carry it: by the broker's own id."""
    return Contract(
        secType="STK",
        conId=contract.con_id,
        symbol=contract.symbol,
        exchange=contract.exchange,
        currency=contract.currency,
    )


def instant(text: str) -> datetime:
    """A time as epoch seconds, or as `YYYYMMDD-HH:MM:SS`, which is UTC. Raises SourceFailure(SOURCE_FAULT)."""
    try:
        if text.isdigit() and len(text) > len("YYYYMMDD"):
            return datetime.fromtimestamp(int(text), UTC)
        return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise SourceFailure(FailureCategory.SOURCE_FAULT, f"a time that cannot be read: {text!r}") from None


def _origins(tags: Sequence[str], *, simulated: bool) -> tuple[DataOrigin, ...]:
    """The tags in their order; the last is always open, so that every session has an origin."""
    origins = []
    for tag in tags:
        found = _ORIGIN.fullmatch(tag)
        if found:
            first, last = (date.fromisoformat(end) if end else None for end in found.group("first", "last"))
            origins.append(DataOrigin(f"{_SIMULATED_ORIGIN}:{found['name']}", first, last))
    if not origins or origins[-1].first or origins[-1].last:
        origins.append(DataOrigin(_SIMULATED_ORIGIN if simulated or tags else _REAL_ORIGIN))
    return tuple(origins)


def _readable(name: str) -> str:
    """The library reads names as Latin-1 where they are UTF-8."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name
