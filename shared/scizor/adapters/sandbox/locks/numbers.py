"""System calls by number, on the machines we know."""

from __future__ import annotations

import errno
import os
from typing import Final

# Of `asm/unistd_64.h` and `asm-generic/unistd.h`: the call, its number on x86_64, its number on aarch64.
_TABLE: Final = """
read 0 63; write 1 64; readv 19 65; writev 20 66; pread64 17 67; pwrite64 18 68; preadv 295 69; close 3 57;
close_range 436 436; dup 32 23; dup2 33 -; dup3 292 24; lseek 8 62; poll 7 -; ppoll 271 73; select 23 -;
pselect6 270 72; open 2 -; openat 257 56; openat2 437 437; access 21 -; faccessat 269 48; faccessat2 439 439;
stat 4 -; lstat 6 -; fstat 5 80; newfstatat 262 79; statx 332 291; readlink 89 -; readlinkat 267 78;
getdents64 217 61; getcwd 79 17; ioctl 16 29; fcntl 72 25; fadvise64 221 223; mmap 9 222; munmap 11 215;
mremap 25 216; mprotect 10 226; madvise 28 233; brk 12 214; futex 202 98; futex_waitv 449 449;
set_robust_list 273 99; set_tid_address 218 96; rseq 334 293; membarrier 324 283;
clone 56 220; clone3 435 435; exit 60 93; exit_group 231 94; restart_syscall 219 128; sched_yield 24 124;
sched_getaffinity 204 123; getcpu 309 168; rt_sigaction 13 134; rt_sigprocmask 14 135; rt_sigreturn 15 139;
rt_sigpending 127 136; rt_sigtimedwait 128 137; rt_sigsuspend 130 133; sigaltstack 131 132; pause 34 -;
kill 62 129; tgkill 234 131; alarm 37 -; getitimer 36 102; setitimer 38 103; time 201 -; gettimeofday 96 169;
clock_gettime 228 113; clock_getres 229 114; nanosleep 35 101; clock_nanosleep 230 115; times 100 153;
getrusage 98 165; getrlimit 97 163; prlimit64 302 261; getpriority 140 141; getpid 39 172; gettid 186 178;
getppid 110 173; getpgrp 111 -; getpgid 121 155; getsid 124 156; getuid 102 174; geteuid 107 175;
getresuid 118 148; getgid 104 176; getegid 108 177; getresgid 120 150; getgroups 115 158; capget 125 90;
uname 63 160; sysinfo 99 179; getrandom 318 278; pivot_root 155 41; landlock_create_ruleset 444 444;
landlock_add_rule 445 445; landlock_restrict_self 446 446
"""
_COLUMNS = {"x86_64": 1, "aarch64": 2}
ARCHITECTURES: Final = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
"""The kernel's own numbers of them (AUDIT_ARCH_...)."""


def numbers(machine: str) -> dict[str, int]:
    """The numbers of the calls that this machine has. Raises OSError for a machine that we do not know."""
    if machine not in _COLUMNS:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    rows = [entry.split() for entry in _TABLE.replace("\n", " ").split(";")]
    return {row[0]: int(row[_COLUMNS[machine]]) for row in rows if row[_COLUMNS[machine]] != "-"}


def number_of(name: str) -> int:
    """The number of one call here."""
    return numbers(os.uname().machine)[name]
