"""`python -m scizor.services.local up|down|status|backup|restore`: what the commands of these names run."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import structlog

from scizor.adapters.sql.embedded.home import make_home
from scizor.adapters.sql.embedded.logfile import open_log
from scizor.domain.errors import ScizorError
from scizor.services.local.control import StopOutcome, current_state, stop_running
from scizor.services.local.settings import LocalSettings, load_settings
from scizor.services.local.state import Phase

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run one command. Exit status: 0 done, 1 failed (the reason is on standard error), 3 `status`: not ready.

    130: a backup or a restore was interrupted, and nothing of it is left.
    """
    options = _parse(arguments)
    _configure_log()
    try:
        workers = getattr(options, "workers", None)
        settings = load_settings() if workers is None else load_settings(cluster_workers=workers)
        if options.command == "down":
            return _down(settings, options.timeout)
        if options.command == "status":
            return _status(settings, as_json=options.json)
        if options.command in ("backup", "restore"):
            return _keep(settings, options)
        return _up(settings, log_to_home=options.command == "up" and options.log_to_home)
    except ScizorError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scizor.services.local", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    up = commands.add_parser("up", help="run the stack until SIGTERM or Ctrl-C (the default)")
    up.add_argument(
        "--log-to-home", action="store_true", help="events to <home>/logs/supervisor.log, not to the terminal"
    )
    up.add_argument("--workers", type=int, metavar="N", help="with a Dask cluster of so many workers; 0: without")
    down = commands.add_parser("down", help="stop the stack of this home")
    down.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="before it is killed")
    status = commands.add_parser("status", help="tell how the stack of this home is")
    status.add_argument("--json", action="store_true", help="for machines")
    backup = commands.add_parser("backup", help="write the database to a file, whether the stack runs or not")
    backup.add_argument("file", type=Path)
    restore = commands.add_parser("restore", help="make the database what a file holds, while the stack does not run")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="give up what is stored")
    return parser.parse_args(arguments)


def _up(settings: LocalSettings, *, log_to_home: bool) -> int:
    from scizor.services.local.plan import plan_of  # noqa: PLC0415 - gRPC: `down` and `status` need not wait for it
    from scizor.services.local.supervisor import Supervisor  # noqa: PLC0415 - the same

    async def run() -> int:
        return await Supervisor(plan_of(settings, os.environ)).run()

    if not log_to_home:
        return asyncio.run(run())
    make_home(settings.home)
    with open_log(settings.home / "logs" / "supervisor.log") as file, TextIOWrapper(file, write_through=True) as log:
        _configure_log(log)
        return asyncio.run(run())


def _down(settings: LocalSettings, timeout_s: float) -> int:
    outcome: StopOutcome = stop_running(settings.home, timeout_s)
    sys.stdout.write(f"{outcome.value}\n")
    return 0


def _status(settings: LocalSettings, *, as_json: bool) -> int:
    state = current_state(settings.home)
    if as_json:
        sys.stdout.write(json.dumps(asdict(state) if state else None) + "\n")
    elif state is None:
        sys.stdout.write("nothing was ever started here\n")
    else:
        sys.stdout.write(f"{state.phase.value} {state.message}".rstrip() + "\n")
        for child in state.children:
            sys.stdout.write(f"  {child.name:<12} {child.state.value:<10} pid {child.pid} port {child.port}\n")
    return 0 if state and state.phase is Phase.READY else 3


def _keep(settings: LocalSettings, options: argparse.Namespace) -> int:
    from scizor.services.local.keeping import back_up, put_back  # noqa: PLC0415 - SQLAlchemy: the others do not need it

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # half a file goes, and so does the database's server
    try:
        if options.command == "backup":
            back_up(settings, options.file)
        else:
            put_back(settings, options.file, replace=options.replace)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _configure_log(file: TextIO = sys.stderr) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
