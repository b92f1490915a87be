"""Which contracts the simulated gateway knows, out of `contracts.csv`.

They are the built-in universe and a few more that a client must be able to meet:

* BHP, RIO and WDS are in New York in USD as well as on the ASX in AUD; GOLD, of the ASX, means another thing elsewhere;
* DUAL has two lines in USD, so that SMART without a primary exchange is ambiguous even with the currency;
* RDDT is listed since 2024; TWTR, ATVI and SYD are delisted, found only with `includeExpired`; FB is nobody's ticker;
* trait `halts`: some sessions had no trading at all (KCN, SLX, FFM, NBIS);
* trait `unsubscribed`: the account has history but no live data (FER, NEC, RDDT, KWEB).

Contract ids are IB's own for the best known and the simulator's for the rest. Listing dates are the true ones where
well known, else 1995-01-03 stands for "long ago"; contracts with bundled real bars begin with them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType

from scizor.services.ibsim.market.api import ContractQuery, DataRange, Listing, MarketError
from scizor.services.ibsim.market.bundled import bundled_span
from scizor.services.ibsim.market.calendar import HOURS
from scizor.services.ibsim.market.ticks import ticks_of

SMART = "SMART"
SYNTHETIC = "synthetic"
_MOST_SAMPLES = 16
_STOCK_TYPES = {"STOCK": "COMMON", "ETF": "ETF"}


@dataclass(frozen=True, slots=True)
class Book:
    """The whole list: by contract id and by ticker, with the ids that halt and the tickers without live data."""

    by_id: Mapping[int, Listing]
    by_symbol: Mapping[str, Sequence[Listing]]
    halting: frozenset[int]
    unsubscribed: frozenset[str]

    def find(self, query: ContractQuery, today: date) -> Sequence[Listing]:
        """As `Market.find`; listings that begin after `today` do not exist yet."""
        if query.con_id:
            held = self.by_id.get(query.con_id)
            named = [held] if held else []
        else:
            named = list(self.by_symbol.get((query.symbol or query.local_symbol).upper(), ()))
        exchange = query.exchange or SMART
        found = [
            listing if exchange == SMART else replace(listing, exchange=exchange)
            for listing in named
            if _fits(listing, query, exchange) and _exists(listing, today, include_expired=query.include_expired)
        ]
        if not found:
            raise MarketError(200, "No security definition has been found for the request")
        return found

    def samples(self, pattern: str, today: date) -> Sequence[Listing]:
        """As `Market.samples`; tickers come before names."""
        start = pattern.strip().upper()
        if not start:
            return []
        listed = [listing for listing in self.by_id.values() if _exists(listing, today, include_expired=False)]
        tickers = [listing for listing in listed if listing.symbol.startswith(start)]
        names = [
            listing
            for listing in listed
            if not listing.symbol.startswith(start) and listing.long_name.upper().startswith(start)
        ]
        return [*sorted(tickers, key=lambda listing: (len(listing.symbol), listing.symbol)), *names][:_MOST_SAMPLES]


def _fits(listing: Listing, query: ContractQuery, exchange: str) -> bool:
    asked_and_held = (
        (query.symbol.upper(), listing.symbol),
        (query.sec_type, listing.sec_type),
        (query.primary_exchange, listing.primary_exchange),
        (query.currency, listing.currency),
        (query.local_symbol, listing.local_symbol),
        (query.trading_class, listing.trading_class),
        # Identifiers such as an ISIN are issued by others; the simulator makes none up.
        (query.sec_id, ""),
    )
    return exchange in listing.valid_exchanges and all(not asked or asked == held for asked, held in asked_and_held)


def _exists(listing: Listing, today: date, *, include_expired: bool) -> bool:
    gone = listing.last_session is not None and listing.last_session < today
    return listing.first_session <= today and (include_expired or not gone)


@cache
def book() -> Book:
    """Every contract of `contracts.csv`, in its order."""
    text = resources.files(__package__).joinpath("contracts.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    listings = [_listing(row) for row in rows]
    by_symbol: dict[str, list[Listing]] = {}
    for listing in listings:
        by_symbol.setdefault(listing.symbol, []).append(listing)
    return Book(
        by_id=MappingProxyType({listing.con_id: listing for listing in listings}),
        by_symbol=MappingProxyType(by_symbol),
        halting=frozenset(int(row["con_id"]) for row in rows if row["traits"] == "halts"),
        unsubscribed=frozenset(row["symbol"] for row in rows if row["traits"] == "unsubscribed"),
    )


def _listing(row: dict[str, str]) -> Listing:
    symbol, exchange = row["symbol"], row["primary_exchange"]
    real = bundled_span(symbol, exchange)
    return Listing(
        con_id=int(row["con_id"]),
        symbol=symbol,
        primary_exchange=exchange,
        currency=row["currency"],
        long_name=row["name"],
        stock_type=_STOCK_TYPES[row["asset_type"]],
        industry=row["industry"],
        time_zone_id=HOURS[exchange].zone_id,
        min_tick=ticks_of(exchange).smallest,
        valid_exchanges=(SMART, exchange),
        data=(*([real] if real else []), DataRange(SYNTHETIC)),
        first_session=date.fromisoformat(row["first_session"]),
        last_session=date.fromisoformat(row["last_session"]) if row["last_session"] else None,
    )
