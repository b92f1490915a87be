"""Sessions as the gateway spells them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.unit.ibsim_market.build import SUNDAY, listing_of, market_at


def test_hours_name_holidays_and_early_closes() -> None:
    market, _ = market_at(SUNDAY)
    quoted, liquid = market.hours(listing_of(market, "MSFT"))
    assert liquid.split(";")[:2] == ["20261122:CLOSED", "20261123:0930-20261123:1600"]
    assert liquid.split(";")[4:] == ["20261126:CLOSED", "20261127:0930-20261127:1300"]
    assert quoted.split(";")[1] == "20261123:0400-20261123:2000"
    assert quoted.split(";")[5] == "20261127:0400-20261127:1300"


def test_the_schedule_is_the_exchange_s_sessions() -> None:
    market, _ = market_at(SUNDAY)
    cba = listing_of(market, "CBA")
    assert list(market.schedule(cba, None, "2 D")) == [
        (datetime(2026, 11, 18, 23, tzinfo=UTC), datetime(2026, 11, 19, 5, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 5, tzinfo=UTC), date(2026, 11, 20)),
    ]
    christmas = market.schedule(cba, datetime(2025, 12, 31, tzinfo=UTC), "2 W")
    assert date(2025, 12, 25) not in {day for _, _, day in christmas}
    early = {day: closes for _, closes, day in christmas}[date(2025, 12, 24)]
    assert early == datetime(2025, 12, 24, 3, 10, tzinfo=UTC)
