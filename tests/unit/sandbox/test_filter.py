"""The filter of system calls, on every machine it is made for."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from scizor.adapters.sandbox.locks.bpf import ALLOW, KILL_PROCESS, Rule, Word, assemble, refuse
from scizor.adapters.sandbox.locks.numbers import ARCHITECTURES, numbers
from scizor.adapters.sandbox.locks.seccomp import filter_program
from tests.unit.sandbox.machine import decided

PID = 4711
MACHINES = ("x86_64", "aarch64")
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
THREAD, PROCESS = 0x3D0F00, 0x1200011
# Calls of no table of ours: socket, connect, execve, ptrace, mount, bpf, io_uring_setup, and one of the future.
FOREIGN = {"x86_64": (41, 42, 59, 101, 165, 321, 425, 4000), "aarch64": (198, 203, 221, 117, 40, 280, 425, 4000)}


def asked(machine: str, name: str, *arguments: int) -> int:
    return decided(filter_program(machine, PID), numbers(machine)[name], ARCHITECTURES[machine], arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_computing_is_allowed(machine: str) -> None:
    for name in ("read", "write", "mmap", "futex", "exit_group", "rt_sigreturn", "clock_gettime", "getrandom"):
        assert asked(machine, name) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_all_else_is_refused(machine: str) -> None:
    program = filter_program(machine, PID)
    for number in FOREIGN[machine]:
        assert decided(program, number, ARCHITECTURES[machine]) == refuse(errno.EPERM)
    allowed = sum(decided(program, number, ARCHITECTURES[machine]) == ALLOW for number in range(1000))
    assert allowed < 100


@pytest.mark.parametrize("machine", MACHINES)
def test_files_are_opened_for_reading_only(machine: str) -> None:
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CLOEXEC, os.O_DIRECTORY | os.O_CLOEXEC, os.O_PATH):
        assert asked(machine, "openat", 0, 0, flags) == ALLOW
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_TMPFILE, os.O_RDWR | os.O_CREAT | os.O_EXCL):
        assert asked(machine, "openat", 0, 0, flags) == refuse(errno.EROFS)


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_are_made_and_nothing_else(machine: str) -> None:
    assert asked(machine, "clone", THREAD) == ALLOW
    for flags in (PROCESS, 0x11, 0x4111, THREAD | 0x1000_0000, THREAD | 0x4000_0000, THREAD | 0x0002_0000):
        assert asked(machine, "clone", flags) == refuse(errno.EPERM)
    assert asked(machine, "clone3", 0) == refuse(errno.ENOSYS)


@pytest.mark.parametrize("machine", MACHINES)
def test_signals_are_sent_to_itself_only(machine: str) -> None:
    assert asked(machine, "kill", PID, 6) == ALLOW
    assert asked(machine, "tgkill", PID, PID + 1, 6) == ALLOW
    for pid in (1, 0, PID + 1, 2**64 - 1, 2**32 - PID):
        assert asked(machine, "kill", pid, 9) == refuse(errno.EPERM)
        assert asked(machine, "tgkill", pid, pid, 9) == refuse(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_limits_are_read_not_set(machine: str) -> None:
    assert asked(machine, "prlimit64", 0, 7, 0, 0x7FFF_0000_1000) == ALLOW
    for pointer in (0x1000, 0x7FFF_0000_0000, 1 << 32):
        assert asked(machine, "prlimit64", 0, 7, pointer) == refuse(errno.EPERM)
    assert asked(machine, "prlimit64", 1, 7, 0) == refuse(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_descriptors_have_no_owners(machine: str) -> None:
    assert asked(machine, "fcntl", 3, 1) == ALLOW
    for command in (4, 8, 10, 15, 1024, 1031, 1033):  # F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, leases, pipes, seals
        assert asked(machine, "fcntl", 3, command) == refuse(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_by_another_architecture_s_numbers_end_the_process(machine: str) -> None:
    program = filter_program(machine, PID)
    for architecture in (0x4000_0003, 0x4000_0028, 0, *({*ARCHITECTURES.values()} - {ARCHITECTURES[machine]})):
        assert decided(program, 0, architecture) == KILL_PROCESS
    assert decided(program, 0x4000_0000, ARCHITECTURES[machine]) == refuse(errno.EPERM)


def test_the_first_rule_that_holds_decides() -> None:
    rules = [
        Rule(1, conditions=(Word(0, 0xF, 1), Word(5, 0xFFFF_FFFF, 2, high=True))),
        Rule(1, refuse(7), (Word(0, 0xF, 1),)),
    ]
    program = assemble(rules, 99, refuse(1))
    assert decided(program, 1, 99, (0x11, 0, 0, 0, 0, 2 << 32)) == ALLOW
    assert decided(program, 1, 99, (0x11, 0, 0, 0, 0, 2)) == refuse(7)
    assert decided(program, 1, 99, (0x12, 0, 0, 0, 0, 2 << 32)) == refuse(1)
    assert decided(program, 2, 99, (0x11, 0, 0, 0, 0, 2 << 32)) == refuse(1)


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernel_s_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("no headers here")
    found = re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    # The generic header has these two under their common names.
    theirs = {name: int(number) for name, number in found} | ({"newfstatat": 79} if machine == "aarch64" else {})
    ours = numbers(machine)
    assert ours == {name: theirs[name] for name in ours}


def test_a_machine_that_is_not_known_is_no_machine_to_lock() -> None:
    with pytest.raises(OSError, match="riscv64"):
        filter_program("riscv64", PID)
