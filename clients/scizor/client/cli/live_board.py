"""The newest of every live symbol: as a table that is drawn again and again, or as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.table import Table

from scizor.client.cli.hours import market_line
from scizor.client.cli.tables import instant, price, span, table, word
from scizor.client.live import LiveBarEvent, QuoteEvent
from scizor.marketdata.v1 import live_pb2
from scizor.marketdata.v1.market_data_service_pb2 import GetMarketHoursResponse

Event = QuoteEvent | LiveBarEvent
_BETWEEN = " | "
_WHEN_TOLD = (">missed", "~feed")


@dataclass(slots=True)
class Row:
    """One symbol's newest price, where its feed stands, and how often prices may have been missed."""

    newest: live_pb2.Quote | live_pb2.LiveBar | None = None
    feed: live_pb2.FeedStatus | None = None
    gaps: int = 0


@dataclass(slots=True)
class Board:
    """What a live stream has told so far, and the hours of the exchanges it is about."""

    hours: dict[str, GetMarketHoursResponse] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Put an event where its symbol is."""
        row = self.rows.setdefault(event.symbol, Row())
        if isinstance(event, live_pb2.FeedStatus):
            row.feed = event
        elif isinstance(event, live_pb2.FeedGap):
            row.gaps += 1
        else:
            row.newest = event

    def market_lines(self, now: datetime) -> list[str]:
        """Which exchange is open until when, or opens when."""
        return list(filter(None, (market_line(exchange, hours, now) for exchange, hours in self.hours.items())))

    def quotes(self, now: datetime) -> Table:
        """The newest market of each symbol; `missed` counts updates that newer ones overtook."""
        rows = [
            (
                symbol,
                *_quote_cells(row.newest if isinstance(row.newest, live_pb2.Quote) else None, now),
                _feed_cell(row),
            )
            for symbol, row in list(self.rows.items())
        ]
        columns = ("symbol", ">bid", ">ask", ">last", ">change", ">age", "prices", "source", ">missed", "~feed")
        return self._drawn(f"Quotes at {now:%H:%M:%S}Z", columns, rows, now)

    def bars(self, now: datetime) -> Table:
        """The newest bar of each symbol."""
        rows = [
            (symbol, *_bar_cells(row.newest if isinstance(row.newest, live_pb2.LiveBar) else None), _feed_cell(row))
            for symbol, row in list(self.rows.items())
        ]
        columns = (
            "symbol",
            "begins",
            ">open",
            ">high",
            ">low",
            ">close",
            ">volume",
            "bar",
            "prices",
            "source",
            "~feed",
        )
        return self._drawn(f"Live bars at {now:%H:%M:%S}Z", columns, rows, now)

    def _drawn(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], now: datetime) -> Table:
        """A table that fits 80 columns while all is well: what all rows share or none has is no column."""
        sources = {row[columns.index("source")] for row in rows} - {""}
        told = [f"source {sources.pop()}"] if len(sources) == 1 else []
        silent = {name for i, name in enumerate(columns) if name in _WHEN_TOLD and not any(row[i] for row in rows)}
        silent |= {"source"} if told else set()
        kept = [i for i, name in enumerate(columns) if name not in silent]
        made = table(title, [columns[i] for i in kept], [[row[i] for i in kept] for row in rows])
        made.caption, made.caption_justify = "\n".join([*told, *self.market_lines(now)]), "left"
        return made


def line_of_event(event: Event) -> str:
    """An event as a line of text."""
    if isinstance(event, live_pb2.FeedStatus):
        said = " ".join(filter(None, [str(event.code or ""), event.message]))
        return _BETWEEN.join(filter(None, [event.symbol, f"feed {word(live_pb2.FeedState, event.state)}", said]))
    if isinstance(event, live_pb2.FeedGap):
        since = f"from {instant(event.start_time)} " if event.start_time.seconds else ""
        return _BETWEEN.join([event.symbol, f"gap {since}to {instant(event.end_time)}", event.reason])
    if isinstance(event, live_pb2.LiveBar):
        return _BETWEEN.join([event.symbol, *filter(None, _bar_cells(event))])
    named = ("bid", "ask", "last", "change", "missed")
    bid, ask, last, change, _age, kind, source, missed = _quote_cells(event, _time_of(event))
    told = [f"{name} {cell}" for name, cell in zip(named, (bid, ask, last, change, missed), strict=True) if cell]
    return _BETWEEN.join([instant(event.receive_time), event.symbol, *told, kind, source])


def change_of(quote: live_pb2.Quote) -> str:
    """The last trade against the close of the session before; empty while either is not known."""
    if not quote.HasField("last") or not quote.HasField("previous_close") or not quote.previous_close:
        return ""
    change = quote.last - quote.previous_close
    return f"{'+' if change > 0 else ''}{price(change)} ({change / quote.previous_close:+.2%})"


def _quote_cells(quote: live_pb2.Quote | None, now: datetime) -> tuple[str, ...]:
    if quote is None:
        return ("",) * 8
    prices = (price(getattr(quote, name)) if quote.HasField(name) else "" for name in ("bid", "ask", "last"))
    age = span((now - _time_of(quote)).total_seconds()) if quote.receive_time.seconds else ""
    missed = f"{quote.conflated:,}" if quote.conflated else ""
    return (*prices, change_of(quote), age, _kind(quote.market_data_type), quote.source, missed)


def _bar_cells(bar: live_pb2.LiveBar | None) -> tuple[str, ...]:
    if bar is None:
        return ("",) * 9
    prices = (price(value) for value in (bar.open, bar.high, bar.low, bar.close))
    state = "complete" if bar.complete else "forming"
    return (instant(bar.start_time), *prices, f"{bar.volume:,.0f}", state, _kind(bar.market_data_type), bar.source)


def _feed_cell(row: Row) -> str:
    """What is wrong with a feed; nothing where all is well."""
    told = []
    if row.feed and row.feed.state != live_pb2.FEED_STATE_ACTIVE:
        told = [word(live_pb2.FeedState, row.feed.state), f"{row.feed.code or ''} {row.feed.message}".strip()]
    gaps = f"gaps {row.gaps:,}" if row.gaps else ""
    return ", ".join(filter(None, [*told, gaps]))


def _kind(value: int) -> str:
    return word(live_pb2.MarketDataType, value).replace("_", " ")


def _time_of(quote: live_pb2.Quote) -> datetime:
    return quote.receive_time.ToDatetime(tzinfo=UTC)
