"""The system calls that computing needs, and no other: no sockets, programs, processes, signals to others, writing.

What is refused fails with an error, which tells the strategy's author the line; new calls of new kernels are refused.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import Final

from scizor.adapters.sandbox.gaps import SYSTEM_CALLS
from scizor.adapters.sandbox.locks.bpf import Rule, Word, assemble, refuse
from scizor.adapters.sandbox.locks.kernel import PR_SET_SECCOMP, prctl
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand, refused
from scizor.adapters.sandbox.locks.numbers import ARCHITECTURES, numbers

_FILTER_MODE = 2
_ALL = 0xFFFF_FFFF
_CLONE_THREAD = 0x0001_0000
_CLONE_NEW_ANYTHING = 0x7E02_0080
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)

_FREE: Final = """
read write readv writev pread64 pwrite64 preadv close close_range dup dup2 dup3 lseek poll ppoll select pselect6
access faccessat faccessat2 stat lstat fstat newfstatat statx readlink readlinkat getdents64 getcwd fadvise64
mmap munmap mremap mprotect madvise brk futex futex_waitv set_robust_list set_tid_address rseq
membarrier exit exit_group restart_syscall sched_yield sched_getaffinity getcpu
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause
alarm getitimer setitimer time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep times getrusage
getrlimit getpriority getpid gettid getppid getpgrp getpgid getsid getuid geteuid getresuid getgid getegid getresgid
getgroups capget uname sysinfo getrandom
"""
# A file is asked for by its descriptor flags only: owners of descriptors can be sent signals.
_FCNTL_COMMANDS = (0, 1, 2, 3, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
# Errors by which the C library and Python know to do without.
_ERRORS = {
    "open": errno.EROFS,
    "openat": errno.EROFS,
    "openat2": errno.ENOSYS,
    "clone3": errno.ENOSYS,
    "ioctl": errno.ENOTTY,
}


def filter_program(machine: str, pid: int) -> bytes:
    """The filter for the process `pid`."""
    number = numbers(machine)
    rules = [Rule(number[name]) for name in _FREE.split() if name in number]
    for name, conditions in _conditions(pid):
        if name in number:
            rules.append(Rule(number[name], conditions=conditions))
    rules += [Rule(number[name], refuse(error)) for name, error in _ERRORS.items() if name in number]
    return assemble(rules, ARCHITECTURES[machine], refuse(errno.EPERM))


def _conditions(pid: int) -> list[tuple[str, tuple[Word, ...]]]:
    itself = (Word(0, _ALL, pid),)
    no_pointer = (Word(2, _ALL, 0), Word(2, _ALL, 0, high=True))
    return [
        ("open", (Word(1, _WRITING, 0),)),
        ("openat", (Word(2, _WRITING, 0),)),
        ("clone", (Word(0, _CLONE_THREAD | _CLONE_NEW_ANYTHING, _CLONE_THREAD),)),
        ("kill", itself),
        ("tgkill", itself),
        ("prlimit64", (Word(0, _ALL, 0), *no_pointer)),
        *(("fcntl", (Word(1, _ALL, command),)) for command in _FCNTL_COMMANDS),
    ]


def _close(_: Cell) -> None:
    program = filter_program(os.uname().machine, os.getpid())
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))  # struct sock_fprog
    prctl(PR_SET_SECCOMP, _FILTER_MODE, ctypes.create_string_buffer(head, len(head)))


def _check(_: Cell) -> None:
    refused(lambda: socket.socket(socket.AF_UNIX).close(), "sockets can be made")
    refused(lambda: socket.socket(socket.AF_INET).close(), "sockets can be made")
    refused(_fork, "processes can be made")
    refused(lambda: os.kill(os.getppid(), 0), "other processes can be signalled")
    demand(os.getrandom(1) is not None, "what is allowed does not work")


def _fork() -> None:
    if not os.fork():
        os._exit(0)


LOCK = Lock(SYSTEM_CALLS, _close, _check)
