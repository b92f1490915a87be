"""Where trials are computed: processes of this machine, or a cluster's."""

from __future__ import annotations

from scizor.adapters.compute.processes import ProcessCompute
from scizor.ports.compute import Compute

__all__ = ["ProcessCompute", "compute_at"]


def compute_at(address: str, processes: int) -> Compute:
    """The Dask scheduler at `address`, such as tcp://host:8786; with an empty one, processes of this machine.

    Raises Unavailable when the scheduler does not answer, InvalidInput where Dask is not installed.
    """
    if not address:
        return ProcessCompute(processes)
    from scizor.adapters.compute.dask import DaskCompute  # noqa: PLC0415 - an extra that few install

    return DaskCompute(address)
