"""Computing elsewhere: in processes of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from scizor.domain.errors import Unavailable

Answer = TypeVar("Answer")


class ComputeAway(Unavailable):
    """There are no workers to be had just now, which is no fault of what they are to do."""


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
        worker is ended where that frees it sooner. The future raises what the function raises, ComputeAway when there
        is nobody to run it, and Unavailable when worker after worker died of it. Raises LimitExceeded when too many
        tasks wait, ComputeAway.
        """
        ...

    def close(self) -> None:
        """End the workers; what runs or waits is cancelled."""
        ...


class TellingCompute(Compute, Protocol):
    """One near enough to hear of a task while it runs."""

    def submit_telling(
        self, function: Callable[..., Answer], key: str, *arguments: Any, on_news: Callable[[Any], None]
    ) -> Future[Answer]:
        """Have `function(data, *arguments, say)` run: what it says goes to `on_news`, in another thread.

        A task whose worker died may say things again. Otherwise as `submit`.
        """
        ...
