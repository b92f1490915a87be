"""Ports that somebody else has: all of them at once, each with the setting that changes it and whose it is."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping

import psutil

from scizor.domain.errors import FailedPrecondition
from scizor.services.local.settings import BIND_HOST


def demand_free(ports: Mapping[str, int]) -> None:
    """Raise FailedPrecondition that lists every port of `ports` (by environment variable) that cannot be had."""
    refusals = {variable: _refusal(port) for variable, port in ports.items()}
    taken = {variable: why for variable, why in refusals.items() if why}
    if taken:
        lines = [f"  port {ports[variable]} {why}; set {variable} to another" for variable, why in taken.items()]
        raise FailedPrecondition(
            "\n".join(["ports that are needed are not free:", *lines]),
            metadata={variable: str(ports[variable]) for variable in taken},
        )


def _refusal(port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's echo is no owner
        try:
            probe.bind((BIND_HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"is taken{_owner(port)}"
            return f"is refused ({os.strerror(error.errno or 0)})"
    return ""


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return ""
    return ""
