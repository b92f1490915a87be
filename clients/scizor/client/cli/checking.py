"""`scizor collect check`: the way of one bar and one price from the broker to here, step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial

import grpc
import typer

from scizor.client.cli.broker import broker_line
from scizor.client.cli.common import print_json
from scizor.client.cli.failures import line_of
from scizor.client.cli.tables import counted, price, word
from scizor.client.cli.usage import EXIT_FAILED
from scizor.client.errors import CallError
from scizor.client.sync import Client
from scizor.domain.errors import Reason
from scizor.marketdata.v1 import collection_pb2, live_pb2
from scizor.marketdata.v1.market_data_service_pb2 import CONNECTION_STATE_READY
from scizor.marketdata.v1.symbol_pb2 import Symbol

_QUOTE_DEADLINE_S = 15.0
_COLLECTION_DEADLINE_S = 120.0


class Failed(Exception):
    """A step failed; says what was seen and what to do about it."""

    def __init__(self, seen: str, advice: str) -> None:
        super().__init__(seen)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to: `ok`, `failed`, or `skipped` after an earlier one that it needs."""

    check: str
    result: str
    detail: str
    advice: str = ""

    @property
    def line(self) -> str:
        """For people."""
        advice = f"\n          do: {self.advice}" if self.advice else ""
        return f"{self.result:<8}  {self.check}: {self.detail}{advice}"


@dataclass(slots=True)
class Findings:
    """What later steps need from earlier ones."""

    client: Client
    asked: str
    symbol: Symbol = field(default_factory=Symbol)
    session: str = ""
    real: collection_pb2.Collection = field(default_factory=collection_pb2.Collection)


def check_everything(client: Client, symbol: str, *, as_json: bool) -> int:
    """Carry out all steps, tell each as it ends, and return the exit status."""
    findings = Findings(client, symbol)
    steps: list[Step] = []
    for name, look in _STEPS.items():
        needed = any(step.result != "ok" for step in steps)
        step = Step(name, "skipped", "an earlier step failed") if needed else _carry_out(name, partial(look, findings))
        steps.append(step)
        if as_json:
            print_json(asdict(step))
        else:
            typer.echo(step.line)
    good = all(step.result == "ok" for step in steps)
    if as_json:
        progress = findings.real.progress
        print_json(
            {
                "ok": good,
                "symbol": findings.symbol.id or symbol,
                "state": word(collection_pb2.CollectionState, progress.state),
                "requests": progress.requests,
                "new_bars": progress.new_bars,
                "steps": [asdict(step) for step in steps],
            }
        )
    return 0 if good else EXIT_FAILED


def _carry_out(name: str, look: Callable[[], str]) -> Step:
    try:
        return Step(name, "ok", look())
    except Failed as failure:
        return Step(name, "failed", str(failure), failure.advice)
    except CallError as error:
        hint = error.hint  # is told as the advice
        return Step(name, "failed", line_of(error).removesuffix(f"; {hint}"), hint or "see the service's log")


def _service(findings: Findings) -> str:
    health = findings.client.health()
    if not health.serving or not health.storage_ok:
        raise Failed("it does not serve, or its database does not answer", "see `scizor status` and the service's log")
    return f"serving, version {health.version}, {health.symbols:,} symbols"


def _broker(findings: Findings) -> str:
    broker = findings.client.health().broker
    if not broker.state:
        raise Failed("none is configured", "run `scizor up`, or set IBKR_HOST and IBKR_PORT and start it again")
    if broker.state != CONNECTION_STATE_READY:
        advice = "start the gateway, allow API connections in it, and see that IBKR_HOST and IBKR_PORT name it"
        raise Failed(broker_line(broker), advice)
    return broker_line(broker)


def _symbol(findings: Findings) -> str:
    client = findings.client
    try:
        findings.symbol = client.symbols.get(findings.asked)
    except CallError as error:
        parts = findings.asked.rsplit(".", 2)
        if error.reason != Reason.SYMBOL_NOT_FOUND or len(parts) != 3:
            raise
        ticker, exchange, currency = parts
        findings.symbol = client.symbols.create(Symbol(symbol=ticker, primary_exchange=exchange, currency=currency))
        return f"{findings.symbol.id} stored now, contract {findings.symbol.contract_id}"
    known = findings.symbol.contract_id
    return f"{findings.symbol.id} is stored" + (f", contract {known}" if known else ", its contract not yet known")


def _hours(findings: Findings) -> str:
    exchange = findings.symbol.primary_exchange
    hours = findings.client.market_hours(exchange)
    findings.session = hours.previous.date
    if not findings.session:
        raise Failed(f"no session is known of {exchange}", "use a symbol of an exchange whose calendar is known")
    return f"{exchange} is {'open' if hours.open else 'closed'}; its last whole session was {findings.session}"


def _dry_run(findings: Findings) -> str:
    progress = _collect_one_session(findings, dry_run=True).progress
    if progress.chunks_total != 1:
        raise Failed(f"one session was planned as {progress.chunks_total} requests", "please report it")
    return f"the session of {findings.session} would take one request"


def _collection(findings: Findings) -> str:
    findings.real = _collect_one_session(findings, dry_run=False)
    progress = findings.real.progress
    if progress.state != collection_pb2.COLLECTION_STATE_SUCCEEDED or not progress.bars_received:
        seen = f"it ended {word(collection_pb2.CollectionState, progress.state)}, {progress.bars_received} bars came"
        raise Failed(seen, f"see `scizor collect status {findings.real.id}`")
    asked, received = counted(progress.requests, "request"), counted(progress.bars_received, "bar")
    return f"{asked}, {received} received, {progress.new_bars:,} new"


def _quote(findings: Findings) -> str:
    client = findings.client.within(_QUOTE_DEADLINE_S)
    try:
        for event in client.live.quotes([findings.symbol.id]):
            if isinstance(event, live_pb2.FeedStatus) and event.state == live_pb2.FEED_STATE_REFUSED:
                advice = "see to the account's market data subscriptions, or allow delayed data"
                raise Failed(f"{event.code} {event.message}", advice)
            if isinstance(event, live_pb2.Quote):
                return _told(event)
    except CallError as error:
        if error.code is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise
    raise Failed(f"none within {_QUOTE_DEADLINE_S:g} s", "try again while the exchange is open")


def _told(quote: live_pb2.Quote) -> str:
    prices = [
        f"{name.replace('_', ' ')} {price(getattr(quote, name))}"
        for name in ("bid", "ask", "last", "previous_close")
        if quote.HasField(name)
    ]
    kind = word(live_pb2.MarketDataType, quote.market_data_type).replace("_", " ")
    return f"{', '.join(prices) or 'no price yet'}; {kind or 'of unknown age'}, from {quote.source}"


def _collect_one_session(findings: Findings, *, dry_run: bool) -> collection_pb2.Collection:
    """The last whole session of the symbol, asked for even if it is stored."""
    updates = findings.client.within(_COLLECTION_DEADLINE_S).collections.history(
        [findings.symbol.id], findings.session, findings.session, refresh=True, dry_run=dry_run
    )
    last = deque(updates, maxlen=1)
    if not last:
        raise Failed("the stream told of no collection", "see the service's log")
    return last[0]


_STEPS: dict[str, Callable[[Findings], str]] = {
    "service": _service,
    "broker": _broker,
    "symbol": _symbol,
    "market hours": _hours,
    "dry run": _dry_run,
    "collection": _collection,
    "quote": _quote,
}
