"""What the broker's error codes mean."""

from __future__ import annotations

import pytest

from scizor.adapters.ib.errors import Notice, category, failure, is_warning, notice
from scizor.domain.broker import FailureCategory

_HMDS = "Historical Market Data Service error message:"


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        (162, f"{_HMDS}HMDS query returned no data: AAPL@SMART Trades", "NO_DATA"),
        (162, f"{_HMDS}Historical data request pacing violation", "PACING"),
        (162, f"{_HMDS}No market data permissions for ISLAND STK", "NOT_PERMITTED"),
        (162, f"{_HMDS}API historical data query cancelled: 7", "SOURCE_FAULT"),
        (162, f"{_HMDS}Time length exceed max.", "REFUSED"),
        (162, f"{_HMDS}Trading TWS session is connected from a different IP address", "SOURCE_FAULT"),
        (200, "No security definition has been found for the request", "UNKNOWN_CONTRACT"),
        (321, "Error validating request", "REFUSED"),
        (10314, "End Date/Time: The date, time, or time-zone entered is invalid", "REFUSED"),
        (322, "Error processing request: only 50 simultaneous API historical data requests allowed.", "PACING"),
        (354, "Requested market data is not subscribed.", "NOT_PERMITTED"),
        (10089, "Requested market data requires additional subscription for API.", "NOT_PERMITTED"),
        (10168, "Requested market data is not subscribed. Delayed market data is not enabled.", "NOT_PERMITTED"),
        (366, "No historical data query found for ticker id:7", "SOURCE_FAULT"),
        (420, "Invalid Real-time Query:Historical data request pacing violation", "PACING"),
        (420, "Invalid Real-time Query:No market data permissions for NYSE STK", "NOT_PERMITTED"),
        (101, "Max number of tickers has been reached.", "REFUSED"),
        (100, "Max rate of messages per second has been exceeded", "PACING"),
        (10197, "No market data during competing live session", "SOURCE_FAULT"),
        (99999, "something new", "SOURCE_FAULT"),
    ],
)
def test_a_code_and_its_text_make_a_category(code: int, text: str, meaning: str) -> None:
    assert category(code, text) is FailureCategory[meaning]


def test_a_failure_carries_the_brokers_code_and_words() -> None:
    error = failure(200, "No security definition")
    assert (error.code, error.message, error.category.name) == (200, "No security definition (200)", "UNKNOWN_CONTRACT")
    assert not error.category.passes


@pytest.mark.parametrize("code", [10090, 10091, 10167, 2104, 2107, 2119, 2174, 2176])
def test_warnings_come_beside_data(code: int) -> None:
    assert is_warning(code)


@pytest.mark.parametrize("code", [162, 200, 354, 10089, 10168, 10197, 2105])
def test_errors_do_not(code: int) -> None:
    assert not is_warning(code)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(1100, "LINK_LOST"), (2110, "LINK_LOST"), (1101, "LINK_BACK_DATA_LOST"), (1102, "LINK_BACK"), (100, "TOO_FAST")],
)
def test_some_messages_are_about_the_connection(code: int, meaning: str) -> None:
    about = notice(code, "text")
    assert about is not None
    assert about.notice is Notice[meaning]


def test_a_notice_names_its_farm_and_its_port() -> None:
    farm = notice(2105, "HMDS data farm connection is broken:ushmds")
    port = notice(
        1300, "Socket port has been reset and this connection is being dropped. Reconnect on the new port -4003"
    )
    assert farm is not None
    assert farm.farm == "ushmds"
    assert port is not None
    assert port.port == 4003


def test_other_messages_change_nothing() -> None:
    assert notice(2119, "Market data farm is connecting:usfarm") is None
