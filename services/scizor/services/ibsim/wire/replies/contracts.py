"""Messages about contracts."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.services.ibsim.market.api import DATA_TAG, Listing
from scizor.services.ibsim.wire.fields import Value, encode
from scizor.services.ibsim.wire.ids import Out

_ORDER_TYPES = "LMT,MKT"
_SIZE_RULES_FROM = 164
_FRACTIONAL_SIZE_FROM = 163
_DESCRIPTION_FROM = 176


def contract_details(version: int, req_id: int, listing: Listing, hours: tuple[str, str], rules: str) -> bytes:
    """One contract that fits. `hours`: trading and liquid; `rules`: a market rule for each valid exchange."""
    sizes_known = version >= _SIZE_RULES_FROM
    fields: list[Value] = [Out.CONTRACT_DATA]
    fields += [] if sizes_known else [8]
    fields += [req_id, listing.symbol, listing.sec_type, "", 0, "", listing.exchange, listing.currency]
    fields += [listing.local_symbol, listing.trading_class, listing.trading_class, listing.con_id, listing.min_tick]
    fields += [] if sizes_known else [100]
    fields += ["", _ORDER_TYPES, ",".join(listing.valid_exchanges), 1, 0, listing.long_name, listing.primary_exchange]
    fields += ["", listing.industry, "", "", listing.time_zone_id, *hours, "", 0]
    fields += [len(listing.data), *(text for data in listing.data for text in (DATA_TAG, data.tag_value()))]
    fields += [1, "", "", rules, "", listing.stock_type]
    if sizes_known:
        fields += [1, 1, 100]
    elif version >= _FRACTIONAL_SIZE_FROM:
        fields += [1]
    return encode(fields)


def contract_details_end(req_id: int) -> bytes:
    """No more contracts fit."""
    return encode((Out.CONTRACT_DATA_END, 1, req_id))


def symbol_samples(version: int, req_id: int, listings: Sequence[Listing]) -> bytes:
    """The contracts that match a pattern."""
    fields: list[Value] = [Out.SYMBOL_SAMPLES, req_id, len(listings)]
    for listing in listings:
        fields += [listing.con_id, listing.symbol, listing.sec_type, listing.primary_exchange, listing.currency, 0]
        fields += [listing.long_name, ""] if version >= _DESCRIPTION_FROM else []
    return encode(fields)


def market_rule(rule_id: int, steps: Sequence[tuple[float, float]]) -> bytes:
    """A price's least step, from each lower edge on."""
    return encode((Out.MARKET_RULE, rule_id, len(steps), *(value for step in steps for value in step)))
