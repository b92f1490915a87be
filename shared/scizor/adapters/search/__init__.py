"""How trials are found: all of a grid, by chance, by TPE, or by CMA-ES."""

from __future__ import annotations

from scizor.adapters.search.grid import GridSearch
from scizor.adapters.search.random import RandomSearch
from scizor.domain.optimizations import Method, OptimizationSpec
from scizor.ports.search import Allowed, Search

__all__ = ["search_for"]


def search_for(spec: OptimizationSpec, allowed: Allowed) -> Search:
    """The search that a spec asks for. Raises InvalidInput for one that its method cannot make."""
    if spec.method is Method.GRID:
        return GridSearch(spec, allowed)
    if spec.method is Method.RANDOM:
        return RandomSearch(spec, allowed)
    # These load optimisers, which few services need.
    if spec.method is Method.TPE:
        from scizor.adapters.search.tpe import TpeSearch  # noqa: PLC0415

        return TpeSearch(spec, allowed)
    from scizor.adapters.search.cma import CmaSearch  # noqa: PLC0415

    return CmaSearch(spec, allowed)
