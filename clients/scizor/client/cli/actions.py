"""`scizor actions …`: splits and dividends."""

from __future__ import annotations

from typing import Annotated

import typer

from scizor.client.cli.common import connect, print_json
from scizor.client.cli.entry import Json, SymbolName, example, group, help_of
from scizor.client.cli.marketdata_tables import actions_table
from scizor.client.cli.tables import show
from scizor.client.cli.usage import CommandFailed
from scizor.domain.bars import ActionType
from scizor.marketdata.v1.market_data_service_pb2 import ListCorporateActionsResponse, RecordCorporateActionResponse

commands = group(help_of("actions"), "scizor actions list AAPL")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="actions")


@commands.command("list", epilog=example("scizor actions list AAPL"))
def list_actions(symbol: SymbolName, as_json: Json = False) -> None:
    """List a symbol's splits and dividends."""
    with connect() as client:
        found = client.actions.list(symbol)

    if as_json:
        print_json(ListCorporateActionsResponse(actions=found))
    else:
        show(actions_table(found))


@commands.command("record", epilog=example("scizor actions record AAPL 2005-02-28 --split 2 --source issuer"))
def record_action(
    symbol: SymbolName,
    ex_date: Annotated[str, typer.Argument(help="First session that trades without it, YYYY-MM-DD.")],
    source: Annotated[str, typer.Option(help="Where it is known from.")],
    split: Annotated[str, typer.Option(help="Shares after for each before, such as 2 or 0.1.")] = "",
    dividend: Annotated[str, typer.Option(help="Cash per share, in the symbol's currency.")] = "",
    pay_date: Annotated[str, typer.Option(help="When a dividend is paid, YYYY-MM-DD.")] = "",
    as_json: Json = False,
) -> None:
    """Record a split or a dividend; the same one again changes nothing."""
    if bool(split) == bool(dividend):
        raise CommandFailed("give either --split or --dividend", 2)
    kind = ActionType.SPLIT if split else ActionType.DIVIDEND
    with connect() as client:
        stored = client.actions.record(symbol, kind, ex_date, split or dividend, source=source, pay_date=pay_date)
    if as_json:
        print_json(RecordCorporateActionResponse(action=stored))
    else:
        show(actions_table([stored]))
