"""A question on its way into a child: written once to memory that both see, and mapped there, not copied."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
from dataclasses import dataclass

import numpy as np

from scizor.adapters.sandbox.plain import bytes_of, kind_of
from scizor.ports.sandbox import Arrays, Document, Question

_ALIGNMENT_BYTES = 64


@dataclass(frozen=True, slots=True)
class Packed:
    """A question in a sealed memory file. The first `header_bytes` of its `size_bytes` say what the rest is."""

    fd: int
    header_bytes: int
    size_bytes: int


def pack(document: Document, arrays: Arrays) -> Packed:
    """Write it down. The descriptor is the caller's to close. Raises TypeError for arrays of other than numbers."""
    places, size_bytes = {}, 0
    for name, array in arrays.items():
        places[name] = (kind_of(array), array.shape, size_bytes)
        size_bytes = _aligned(size_bytes + array.nbytes)
    header = json.dumps({"document": dict(document), "arrays": places}).encode()
    start = _aligned(len(header))
    fd = os.memfd_create("question", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(header)
            for name, array in arrays.items():
                file.seek(start + places[name][2])
                file.write(bytes_of(array))
            file.truncate(start + size_bytes)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    except BaseException:
        os.close(fd)
        raise
    return Packed(fd, len(header), start + size_bytes)


def unpack(packed: Packed) -> Question:
    """The question, its arrays over the mapped memory: what is written to them is seen by this process alone."""
    # Writable, as compiled code tells arrays that are not apart, and would be compiled anew for them.
    memory = mmap.mmap(packed.fd, packed.size_bytes, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    header = json.loads(memory[: packed.header_bytes])
    start = _aligned(packed.header_bytes)
    arrays = {
        name: np.ndarray(shape, np.dtype(kind), memory, start + place)
        for name, (kind, shape, place) in header["arrays"].items()
    }
    return Question(header["document"], arrays)


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
