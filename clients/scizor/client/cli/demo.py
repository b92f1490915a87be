"""`scizor demo`: the whole system does its job once, on real bars."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.channel import address_from_environment
from scizor.client.cli import local
from scizor.client.cli.bundle import SOURCE_NOTE, bundled_ids, import_bundled, record_bundled_actions
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import Json, example, help_of
from scizor.client.cli.following import Outcome, follow, outcome_of, show_outcome
from scizor.client.cli.marketdata_tables import actions_table
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import show
from scizor.client.cli.truth_tables import coverage_table, import_table, rejected_table
from scizor.client.cli.usage import CommandFailed
from scizor.client.sync import Client
from scizor.marketdata.v1.corporate_action_pb2 import CORPORATE_ACTION_TYPE_SPLIT
from scizor.marketdata.v1.market_data_service_pb2 import PopulateProgress

_TRADED = ("AAPL", "IBM", "MSFT")
_PARAMETERS = {"fast": 50, "slow": 200}
_CAPITAL = "100000"
_COMMISSION_BPS = 5.0
_SLIPPAGE_BPS = 2.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", help=help_of("demo"), epilog=example("scizor demo --keep"))(demo)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running that it started.")] = False,
    as_json: Json = False,
) -> None:
    """See it work: start the services, import real bars, judge them, run a backtest, look at the result."""
    story = Story(silent=as_json)
    with ExitStack() as at_the_end:
        started = _start(story)
        if started and not keep:
            at_the_end.callback(_stop, story)
        with connect() as client:
            _populate(client, story)
            _import(client, story)
            _record_actions(client, story)
            _cover(client, story)
            _backtest(client, story)
    story.tell("Try next", *next_lines(stopped=started and not keep))
    if as_json:
        print_json(story.document)


class Story:
    """What the demo has told so far: printed as it happens, or kept for one JSON document."""

    def __init__(self, *, silent: bool) -> None:
        self.document: dict[str, Any] = {}
        self.silent = silent

    def tell(self, title: str, *what: Any) -> None:
        """Print a chapter."""
        if not self.silent:
            show(Text(f"\n{title}", style="bold cyan"), *what)

    def keep(self, name: str, value: Any) -> None:
        """Put into the document."""
        self.document[name] = value


def _start(story: Story) -> bool:
    """Whether it started the services; those of SCIZOR_ADDRESS, and running ones, are taken as they are."""
    address = address_from_environment(os.environ)
    story.keep("address", address)
    if os.environ.get("SCIZOR_ADDRESS"):
        story.tell("1. Services", f"those at {address}")
        return False
    local.demand_server()
    if local.running() is not None:
        story.tell("1. Services", f"running already at {address}")
        return False
    stack = local.start_detached()
    story.tell("1. Services", f"{', '.join(child.name for child in stack.children)} started; all of it at {address}")
    return True


def _stop(story: Story) -> None:
    story.keep("stop", local.stop())


def _populate(client: Client, story: Story) -> None:
    last = PopulateProgress()
    with progress_bar("symbols") as advance:
        for last in client.symbols.populate():
            advance(last.done, last.total)
    if last.done != last.total or not last.total:
        raise CommandFailed(f"only {last.done} of {last.total} symbols were populated")
    story.keep("populate", as_document(last))
    story.tell("2. Symbols", f"{last.total:,} symbols: {last.created:,} stored now, {last.existing:,} before")


def _import(client: Client, story: Story) -> None:
    summary = import_bundled(client)
    quality = client.bars.quality(import_id=summary.import_id, limit=5)
    story.keep("import", as_document(summary))
    story.keep("quality", as_document(quality))
    rejected = [rejected_table(quality.rows)] if quality.rows else []
    story.tell("3. Real bars, judged row by row", SOURCE_NOTE, import_table([summary]), *rejected)


def _record_actions(client: Client, story: Story) -> None:
    actions = record_bundled_actions(client)
    splits = [action for action in actions if action.type == CORPORATE_ACTION_TYPE_SPLIT]
    story.keep("actions", [as_document(action) for action in actions])
    dividends = f"{len(splits):,} splits, {len(actions) - len(splits):,} dividends; the splits:"
    story.tell("4. Splits and dividends", dividends, actions_table(splits))


def _cover(client: Client, story: Story) -> None:
    answers = [client.bars.coverage(symbol) for symbol in bundled_ids()]
    story.keep("coverage", [as_document(answer) for answer in answers])
    story.tell("5. Coverage against the exchange's calendar", coverage_table(answers))


def _backtest(client: Client, story: Story) -> None:
    strategy = _run(client, "sma_cross", _PARAMETERS)
    benchmark = _run(client, "buy_and_hold", {})
    story.keep("backtest", strategy.document())
    story.keep("benchmark", benchmark.document())
    asked = f"sma_cross {_PARAMETERS['fast']}/{_PARAMETERS['slow']} on {', '.join(_TRADED)}, split-adjusted"
    costs = f"{_COMMISSION_BPS:g} bps commission, {_SLIPPAGE_BPS:g} bps slippage"
    story.tell("6. Backtest", f"{asked}; {costs}")
    if not story.silent:
        show_outcome(strategy, benchmark)


def _run(client: Client, strategy_id: str, parameters: dict[str, int]) -> Outcome:
    backtest = client.backtests.create(
        strategy_id,
        _TRADED,
        capital=_CAPITAL,
        currency="USD",
        parameters=parameters,
        commission_bps=_COMMISSION_BPS,
        slippage_bps=_SLIPPAGE_BPS,
        title=f"demo {strategy_id}",
    )
    if follow(client, backtest.id, strategy_id) != bt.BACKTEST_STATE_SUCCEEDED:
        raise CommandFailed(f"backtest {backtest.id} did not succeed; see `scizor backtest show {backtest.id}`")
    return outcome_of(client, backtest.id)


def next_lines(*, stopped: bool) -> list[str]:
    """Commands to try, ready to be pasted."""
    address = address_from_environment(os.environ)
    python = f'from scizor.client import Client; print(Client("{address}").bars.get("AAPL", "2010-01-01").close[:5])'
    request = '{"symbol": "AAPL", "start": "2010-01-01", "end": "2010-01-31"}'
    method = "scizor.marketdata.v1.MarketDataService/GetBars"
    body = (
        '{"strategyId": "sma_cross", "symbols": ["AAPL"], "parameters": {"fast": 10, "slow": 30},'
        ' "initialCapital": {"currencyCode": "USD", "units": 100000}}'
    )
    first = ["first  scizor up --detach   (the demo has stopped what it started; --keep leaves it)"] if stopped else []
    programs = Path(sys.prefix) / "bin"
    if str(programs) not in os.environ.get("PATH", "").split(os.pathsep) and (programs / "activate").exists():
        first.insert(0, f"       source {programs / 'activate'}")
    return [
        *first,
        f"REST   curl 'http://{address}/api/data/AAPL?start=2010-01-01&end=2010-12-31'",
        f"       curl -X POST 'http://{address}/api/backtests' -H 'content-type: application/json' -d '{body}'",
        f"gRPC   python -c '{python}'",
        f"       grpcurl -plaintext -d '{request}' {address} {method}",
        f"       buf curl --protocol grpc --http2-prior-knowledge -d '{request}' http://{address}/{method}",
        "shell  scizor backtest list; scizor bars get AAPL --adjustment split; scizor --help",
    ]
