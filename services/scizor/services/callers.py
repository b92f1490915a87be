"""Who calls, and from where."""

from __future__ import annotations

from typing import Any, Final

import grpc

from scizor.domain.errors import InvalidInput

CALLER: Final = "x-scizor-caller"
"""The metadata, or the HTTP header, by which callers that share an address are told apart."""
_MOST_CHARS: Final = 100
_MOST_SOURCE_CHARS: Final = 300
_RULE: Final = f"must be at most {_MOST_CHARS} printable ASCII characters"
_SAID: Final = ("x-forwarded-for", "user-agent")

Context = grpc.aio.ServicerContext[Any, Any]


def caller_of(context: Context) -> str:
    """Who calls: what the caller says in CALLER, else its address without its port. Raises InvalidInput."""
    for name, value in context.invocation_metadata() or ():
        if name == CALLER and value:
            if not isinstance(value, str) or len(value) > _MOST_CHARS or not (value.isascii() and value.isprintable()):
                raise InvalidInput.of_field(CALLER, _RULE)
            return value
    peer = str(context.peer())
    return (peer.rpartition(":")[0] if peer.startswith(("ipv4:", "ipv6:")) else peer)[:_MOST_CHARS]


def source_of(context: Context) -> str:
    """Where a call came from, for an audit: its address, and whom a proxy and the program itself say it is of."""
    said = dict(context.invocation_metadata() or ())
    told = [str(context.peer()), *(str(said[name]) for name in _SAID if said.get(name))]
    return "".join(one if one.isprintable() else "?" for one in "; ".join(told))[:_MOST_SOURCE_CHARS]
