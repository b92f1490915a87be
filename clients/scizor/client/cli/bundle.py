"""The real bars SCIZOR comes with, handed to its services. Everything here may be repeated."""

from __future__ import annotations

from scizor.client.bundled import ACTIONS_SOURCE, BARS_SOURCE, bundled_actions, bundled_bars, bundled_symbols
from scizor.client.cli.progress import progress_bar
from scizor.client.errors import CallError
from scizor.client.sync import Client
from scizor.domain.errors import Reason
from scizor.marketdata.v1.corporate_action_pb2 import CorporateAction
from scizor.marketdata.v1.quality_pb2 import ImportSummary
from scizor.marketdata.v1.symbol_pb2 import Symbol

SOURCE_NOTE = (
    f"Daily bars of 2000 to 2013 as traded, public domain, source {BARS_SOURCE};\n"
    f"bad rows are kept aside with the rule they broke. Splits and dividends, source {ACTIONS_SOURCE}."
)


def store_bundled_symbols(client: Client) -> None:
    """Store those that the built-in universe lacks; one that trades no longer is inactive, so nobody asks for more."""
    for symbol in bundled_symbols():
        try:
            stored = client.symbols.create(symbol, skip_validation=bool(symbol.delisted_date))
        except CallError as error:
            if error.reason != Reason.SYMBOL_EXISTS:
                raise
            stored = client.symbols.get(f"{symbol.symbol}.{symbol.primary_exchange}")
        if symbol.delisted_date and stored.active:
            client.symbols.update(Symbol(id=stored.id, active=False), ["active"])


def import_bundled(client: Client, *, only: str = "") -> ImportSummary:
    """Store the symbols that are missing, then the bars, of one symbol or of all; returns the verdict."""
    parts = [part for part in bundled_bars() if only in ("", part.symbol)]
    store_bundled_symbols(client)
    with progress_bar("bars", sum(len(part.session_date) for part in parts)) as advance:
        return client.bars.import_rows(parts, source=BARS_SOURCE, progress=advance)


def record_bundled_actions(client: Client) -> list[CorporateAction]:
    """Record the splits and dividends of those years; returns them as stored."""
    actions = list(bundled_actions())
    stored = []
    with progress_bar("actions", len(actions)) as advance:
        for symbol, action in actions:
            stored.append(
                client.actions.record(symbol, action.type, action.ex_date, action.value, source=action.source)
            )
            advance(len(stored))
    return stored


def bundled_ids() -> list[str]:
    """The full id of each symbol."""
    return [part.symbol for part in bundled_bars()]
