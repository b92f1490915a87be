"""Log lines are events with fields: JSON on stderr for machines, aligned and coloured where a person watches.

Libraries that log by the standard library's `logging` come out in the same form.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(level: str = "INFO", *, console: bool | None = None) -> None:
    """Set up logging for the process. `console` decides the form; None asks whether stderr is a terminal."""
    as_console = sys.stderr.isatty() if console is None else console
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(as_console))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def leave_out_headers() -> None:
    """Of gRPC's own log, what it says of a header that is no UTF-8: a traceback, several a call.

    It then takes the header for Latin-1; whoever needs it judges it, and the call has its own line.
    """
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_header)


def _is_no_header(record: logging.LogRecord) -> bool:
    return record.msg != "Invalid encoding on %s"


def _rendering(as_console: bool) -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_console:
        # The renderer's own tracebacks show local variables, and with them any secret among these.
        return [drop_meta, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
