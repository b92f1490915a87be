"""Storing the built-in universe with a bar that moves, for whoever needs symbols."""

from __future__ import annotations

from scizor.client.cli.common import print_json
from scizor.client.cli.progress import progress_bar
from scizor.client.sync import Client
from scizor.marketdata.v1.market_data_service_pb2 import PopulateProgress


def populate(client: Client, *, force: bool = False, as_json: bool = False) -> PopulateProgress:
    """Store it and return how it ended; with `as_json` each step becomes a line. Raises CallError."""
    last = PopulateProgress()
    with progress_bar("symbols", quiet=as_json) as advance:
        for last in client.symbols.populate(force=force):
            advance(last.done, last.total)
            if as_json:
                print_json(last)
    return last
