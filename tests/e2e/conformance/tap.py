"""Every callback of the official client, kept in order. Runs where nothing but `ibapi` is installed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the client is never installed where types are checked
    EWrapper = object
else:
    from ibapi.wrapper import EWrapper

Event = tuple[str, tuple[Any, ...]]


def _recorded(name: str) -> Callable[..., None]:
    def callback(self: Tap, *args: Any) -> None:
        self.record(name, args)

    return callback


class Tap(EWrapper):
    """Keeps every callback, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.changed = threading.Condition()

    def record(self, name: str, args: tuple[Any, ...]) -> None:
        if name == "error" and len(args) == 5:  # 10.x tells the time too
            args = (args[0], args[2], args[3])
        with self.changed:
            self.events.append((name, args))
            self.changed.notify_all()


for _name in dir(EWrapper):
    if not _name.startswith("_") and _name != "logAnswer" and not _name.endswith("ProtoBuf"):
        setattr(Tap, _name, _recorded(_name))
