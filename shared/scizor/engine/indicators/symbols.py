"""A matrix's symbols one by one: laid out one after the other, and shared out among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import kernel_array

_TILE = 64  # 64 x 64 floats stay in the nearest cache while they are turned
_WORTH_THREADS_CELLS = 500_000


@njit
def _transpose_nb(matrix: FloatArray, out: FloatArray) -> None:
    n_rows, n_columns = matrix.shape
    for row in range(0, n_rows, _TILE):
        for column in range(0, n_columns, _TILE):
            for i in range(row, min(row + _TILE, n_rows)):
                for j in range(column, min(column + _TILE, n_columns)):
                    out[j, i] = matrix[i, j]


def transposed(matrix: FloatArray) -> FloatArray:
    """The matrix turned, in C order; it may share memory with `matrix` where that has one row or one column."""
    matrix = kernel_array(matrix)
    if 1 in matrix.shape:
        return matrix.reshape(matrix.shape[::-1])
    out = np.empty(matrix.shape[::-1])
    _transpose_nb(matrix, out)
    return out


def share_out(work: Callable[[int, int], None], n_symbols: int, n_cells: int, threads: int) -> None:
    """Call `work(first, last)` for parts that together are 0..n_symbols-1; in one thread where there is little to do.

    Kernels hold no GIL, and no symbol's values depend on another's.
    """
    if threads <= 1 or n_symbols == 1 or n_cells < _WORTH_THREADS_CELLS:
        work(0, n_symbols)
        return
    edges = [n_symbols * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
