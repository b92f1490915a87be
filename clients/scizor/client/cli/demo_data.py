"""The demo's chapters about market data: from the broker's contracts to bars that are proven complete."""

from __future__ import annotations

from scizor.client.cli.broker import broker_line
from scizor.client.cli.bundle import import_bundled, record_bundled_actions, store_bundled_symbols
from scizor.client.cli.collecting import follow
from scizor.client.cli.collection_tables import collection_document, collection_facts
from scizor.client.cli.common import as_document
from scizor.client.cli.live_board import line_of_event
from scizor.client.cli.marketdata_tables import actions_table, populated_line, validated_line
from scizor.client.cli.populating import populate
from scizor.client.cli.story import Story
from scizor.client.cli.truth_tables import coverage_table, import_table, rejected_table, states_table
from scizor.client.cli.usage import CommandFailed
from scizor.client.sync import Client
from scizor.marketdata.v1 import collection_pb2, live_pb2
from scizor.marketdata.v1.corporate_action_pb2 import CORPORATE_ACTION_TYPE_SPLIT

_REAL = ("AAPL", "GOOG", "IBM", "MSFT")
FIRST, LAST = "2000-03-01", "2013-03-01"
_QUOTED = ("AAPL", "BHP.ASX")
_QUOTE_DEADLINE_S = 15.0


def _populate(client: Client, story: Story) -> None:
    populated = populate(client)
    if populated.done != populated.total or not populated.total:
        raise CommandFailed(f"only {populated.done} of {populated.total} symbols were populated")
    store_bundled_symbols(client)
    *_, validated = client.symbols.validate()
    story.keep("populate", as_document(populated))
    story.keep("validate", as_document(validated))
    told = (populated_line(populated), validated_line(validated))
    story.tell("Symbols, each known to the broker", broker_line(client.health().broker), *told)


def _record_actions(client: Client, story: Story) -> None:
    actions = record_bundled_actions(client)
    splits = [action for action in actions if action.type == CORPORATE_ACTION_TYPE_SPLIT]
    story.keep("actions", [as_document(action) for action in actions])
    dividends = f"{len(splits):,} splits, {len(actions) - len(splits):,} dividends; the splits:"
    story.tell("Splits and dividends", dividends, actions_table(splits))


def _collect(client: Client, story: Story) -> None:
    daily = _succeeded(follow(client.collections.daily(), as_json=False))
    real = _succeeded(follow(client.collections.history(_REAL, FIRST, LAST), as_json=False))
    again = _succeeded(follow(client.collections.daily(), as_json=False))
    story.keep("collections", [collection_document(one) for one in (daily, real, again)])
    source = client.bars.get("AAPL", "2010-01-04", "2010-01-04")
    as_traded = f"AAPL closed 2010-01-04 at {source.close[0]:.2f} as traded, source {source.sources[0]}"
    repeated = f"The same day's collection again: {again.progress.requests} requests"
    story.tell("Bars collected from the broker", collection_facts(daily), collection_facts(real), as_traded, repeated)


def _import(client: Client, story: Story) -> None:
    summary = import_bundled(client, only="FB.NASDAQ")
    quality = client.bars.quality(import_id=summary.import_id, limit=5)
    story.keep("import", as_document(summary))
    story.keep("quality", as_document(quality))
    rejected = [rejected_table(quality.rows)] if quality.rows else []
    story.tell("A file of bars the broker no longer has, judged row by row", import_table([summary]), *rejected)


def _cover(client: Client, story: Story) -> None:
    answers = [client.bars.coverage(symbol, FIRST, LAST) for symbol in _REAL]
    story.keep("coverage", [as_document(answer) for answer in answers])
    story.tell("Coverage against the exchange's calendar", coverage_table(answers), states_table(answers))


def _quote(client: Client, story: Story) -> None:
    quotes: dict[str, live_pb2.Quote] = {}
    for event in client.within(_QUOTE_DEADLINE_S).live.quotes(_QUOTED):
        if isinstance(event, live_pb2.Quote) and event.HasField("last"):
            quotes[event.symbol] = event
        if len(quotes) == len(_QUOTED):
            break
    story.keep("quotes", [as_document(quote) for quote in quotes.values()])
    story.tell("Live prices", *map(line_of_event, quotes.values()))


chapters = (_populate, _record_actions, _collect, _import, _cover, _quote)


def _succeeded(collection: collection_pb2.Collection) -> collection_pb2.Collection:
    if collection.progress.state != collection_pb2.COLLECTION_STATE_SUCCEEDED:
        raise CommandFailed(f"collection {collection.id} did not succeed; see `scizor collect status {collection.id}`")
    return collection
