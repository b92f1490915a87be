"""The real bars that come with SCIZOR, with the splits and dividends of those years.

Bars: AAPL, IBM and MSFT from 2000-03-01, GOOG from 2004-08-19 and FB from 2012-05-18, all to 2013-03-01, daily and
as traded. They are Quandl's WIKI Prices, which Quandl declared public domain, as packed by `bokeh_sampledata`; values
are passed on as the source supplied them, misprints included.

Splits and dividends: the companies' own declarations. Each is confirmed by the jump it makes in the source's ratio of
adjusted to raw close; MSFT's 3.08 of 2004-11-15 is the special dividend of 3.00 with the quarterly 0.08.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib import import_module, resources

import numpy as np

from scizor.client.values import Rows
from scizor.domain.bars import VALUE_COLUMNS, ActionType, CorporateAction
from scizor.domain.errors import FailedPrecondition
from scizor.marketdata.v1 import symbol_pb2

BARS_SOURCE = "bokeh_sampledata:quandl-wiki"
ACTIONS_SOURCE = "issuer:declared"
_IDS = {
    "AAPL": "AAPL.NASDAQ",
    "GOOG": "GOOG.NASDAQ",
    "IBM": "IBM.NYSE",
    "MSFT": "MSFT.NASDAQ",
    "FB": "FB.NASDAQ",
}


def bundled_symbols() -> list[symbol_pb2.Symbol]:
    """Those of the five that the built-in universe lacks: IBM is listed in New York, and FB is META today."""
    return [
        symbol_pb2.Symbol(
            symbol="IBM", primary_exchange="NYSE", currency="USD", name="International Business Machines Corporation"
        ),
        symbol_pb2.Symbol(
            symbol="FB",
            primary_exchange="NASDAQ",
            currency="USD",
            name="Facebook, Inc.",
            listed_date="2012-05-18",
            delisted_date="2022-06-08",
        ),
    ]


def bundled_bars() -> Iterator[Rows]:
    """All bars of each symbol, oldest first. Raises FailedPrecondition where they are not installed."""
    try:
        stocks = import_module("bokeh_sampledata.stocks")
    except ImportError as error:
        raise FailedPrecondition(
            "the bundled bars are not installed; pip install '.[server]' in the source folder"
        ) from error
    for ticker, symbol in _IDS.items():
        columns = getattr(stocks, ticker)
        yield Rows(
            symbol=symbol,
            session_date=np.array([day.replace("-", "") for day in columns["date"]]).astype(np.int32),
            **{name: np.array(columns[name], dtype=np.float64) for name in VALUE_COLUMNS},
        )


def bundled_actions() -> Iterator[tuple[str, CorporateAction]]:
    """Full id and action, by symbol and ex-date."""
    text = resources.files("scizor.client").joinpath("bundled_actions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield (
            _IDS[row["symbol"]],
            CorporateAction(
                type=ActionType[row["type"].upper()],
                ex_date=date.fromisoformat(row["ex_date"]),
                value=Decimal(row["value"]),
                source=ACTIONS_SOURCE,
            ),
        )
