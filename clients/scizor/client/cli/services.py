"""`scizor up`, `down` and `status`: the services on this machine."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Annotated, Any

import grpc
import typer

from scizor.client.cli import local
from scizor.client.cli.broker import broker_line
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.entry import Json, example, help_of
from scizor.client.cli.local import Stack
from scizor.client.cli.tables import facts, show, table
from scizor.client.cli.usage import EXIT_NOT_REACHABLE, CommandFailed
from scizor.client.errors import CallError
from scizor.client.sync import Client
from scizor.marketdata.v1.market_data_service_pb2 import CONNECTION_STATE_READY, BrokerHealth, GetHealthResponse

_HEALTH_DEADLINE_S = 2.0
_SIMULATOR = "ibsim"
_SIMULATOR_DEADLINE_S = 10.0
_POLL_S = 0.1
_SPEAK_NO_HEALTH = ("edge", _SIMULATOR, "scheduler")
_SERVING = b"\x08\x01"
"""A grpc.health.v1.HealthCheckResponse that says SERVING."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up", help=help_of("up"), epilog=example("scizor up --detach"))(up)
    app.command("down", help=help_of("down"), epilog=example("scizor down"))(down)
    app.command("status", help=help_of("status"), epilog=example("scizor status --json"))(status)


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything serves.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="With a Dask cluster of so many workers, which run the trials of searches."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start all services on this machine, on 127.0.0.1 only; without --detach until Ctrl-C."""
    local.demand_server()
    if not detach:
        show(f"starting at {local.own_address(os.environ)}; `scizor status` tells how far it is, Ctrl-C stops it")
        local.become_supervisor(workers)
    stack = local.running()
    if stack is None:
        stack = local.start_detached(workers)
        _await_simulator(stack)
    elif workers not in (None, stack.workers):
        raise CommandFailed(f"it runs with {stack.workers} workers of a cluster; `scizor down` stops it")
    _show(stack, as_json=as_json, next_steps=True)


def down(as_json: Json = False) -> None:
    """Stop what `scizor up` started on this machine; no process stays, all data does."""
    local.demand_server()
    outcome = local.stop()
    if as_json:
        print_json({"outcome": outcome})
    else:
        show(outcome)


def status(as_json: Json = False) -> int:
    """Show how the services are; exit status 3 when they do not answer."""
    if os.environ.get("SCIZOR_ADDRESS"):
        return _status_of_address(as_json=as_json)
    local.demand_server()
    stack = local.current()
    _show(stack, as_json=as_json)
    return 0 if stack.ready else EXIT_NOT_REACHABLE


def _status_of_address(*, as_json: bool) -> int:
    with connect() as client:
        health = client.health()
    if as_json:
        print_json({"address": os.environ["SCIZOR_ADDRESS"], "health": as_document(health)})
    else:
        rows = [
            ("serving", "yes" if health.serving else "no"),
            ("database", "answers" if health.storage_ok else "does not answer"),
            ("broker", broker_line(health.broker)),
            ("symbols", f"{health.symbols:,}"),
            ("version", health.version),
        ]
        show(facts(os.environ["SCIZOR_ADDRESS"], rows))
    return 0 if health.serving else EXIT_NOT_REACHABLE


def _show(stack: Stack, *, as_json: bool, next_steps: bool = False) -> None:
    address = local.own_address(os.environ)
    health = {child.name: _health(child.name, child.port) for child in stack.children} if stack.ready else {}
    whole = _whole(address) if stack.ready else None
    if "edge" in health:
        health["edge"] = whole if isinstance(whole, str) else "serving" if whole and whole.serving else "not serving"
    broker = whole.broker if isinstance(whole, GetHealthResponse) else None
    if as_json:
        print_json(_document(stack, health, address, broker))
        return
    rows = (
        (
            child.name,
            child.state,
            health.get(child.name, ""),
            str(child.port or ""),
            str(child.pid or ""),
            str(child.restarts or ""),
        )
        for child in stack.children
    )
    title = f"{stack.phase}{': ' + stack.message if stack.message else ''}"
    show(table(title, ("service", "state", "health", ">port", ">pid", ">restarts"), rows))
    if broker is not None and broker.state:
        show(f"broker: {broker_line(broker)}")
    if not stack.running:
        show("start it with `scizor up --detach`")
    if next_steps:
        show(
            f"gRPC, gRPC-Web and JSON of all services: {address}",
            f"  curl 'http://{address}/api/health'",
            "  scizor symbols populate && scizor bars import --bundled",
            "  scizor backtest run sma_cross --symbols AAPL,IBM,MSFT --end 2013-03-01",
            "  scizor down",
        )


def _await_simulator(stack: Stack) -> None:
    """Wait for the connection to a gateway that starts too; one of the user's own may well stay away."""
    give_up = time.monotonic() + _SIMULATOR_DEADLINE_S
    while any(child.name == _SIMULATOR for child in stack.children) and time.monotonic() < give_up:
        whole = _whole(local.own_address(os.environ))
        if isinstance(whole, GetHealthResponse) and whole.broker.state == CONNECTION_STATE_READY:
            return
        time.sleep(_POLL_S)


def _document(stack: Stack, health: dict[str, str], address: str, broker: BrokerHealth | None) -> dict[str, Any]:
    return {
        "phase": stack.phase,
        "message": stack.message,
        "pid": stack.pid,
        "address": address,
        "services": [{**asdict(child), "health": health.get(child.name, "")} for child in stack.children],
        "broker": as_document(broker) if broker else None,
    }


def _whole(address: str) -> GetHealthResponse | str:
    """What comes through the edge, or in a word why nothing does."""
    with Client(address, deadline_s=_HEALTH_DEADLINE_S) as client:
        try:
            return client.health()
        except CallError as error:
            return error.reason.lower()


def _health(name: str, port: int | None) -> str:
    """What a service says of itself; nothing of those that do not speak of it over gRPC."""
    if port is None or name in _SPEAK_NO_HEALTH:
        return ""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            return "serving" if check(b"", timeout=_HEALTH_DEADLINE_S) == _SERVING else "not serving"
        except grpc.RpcError as error:
            return CallError.of(error).reason.lower()
