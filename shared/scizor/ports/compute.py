"""Computing elsewhere: in processes of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")


class Compute(Protocol):
    """Runs functions over data that was sent ahead.

    Functions are found by their module and name where they run, so they are this package's own; they must give the same
    answer for the same arguments, for a task whose worker dies is given to another. All methods may be called from any
    thread; none waits for work, but `share` and `submit` may for the network.
    """

    @property
    def slots(self) -> int:
        """How many tasks can be worked on at a time, as far as is known now; at least 1."""
        ...

    def share(self, key: str, data: object) -> None:
        """Make data known under a key. It is sent to each worker once, whatever number of tasks name it."""
        ...

    def forget(self, key: str) -> None:
        """Let go of data; tasks that name it must have ended."""
        ...

    def submit(self, function: Callable[..., Answer], key: str, *arguments: Any) -> Future[Answer]:
        """Have `function(data, *arguments)` run, `data` being what is shared under the key.

        The future's `cancel` ends a task that waits; one that runs is given up: nobody waits for it any more, and its
        worker is ended where that frees it sooner. The future raises what the function raises, and Unavailable when
        there is no way to have it run. Raises LimitExceeded when too many tasks wait.
        """
        ...

    def close(self) -> None:
        """End the workers; what runs or waits is cancelled."""
        ...
