"""What a hostile strategy may try, and the words in which its author is told that it failed.

Each is the text of a file. One that is contained ends in an error; one that got through would end in an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent

from scizor.ports.sandbox import Limits


@dataclass(frozen=True)
class Attack:
    """`told`: a regular expression for the error's message."""

    name: str
    source: str
    told: str
    limits: Limits = field(default_factory=lambda: Limits(wall_s=10.0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", dedent(self.source).strip())


_OUT_OF_SIGHT = r"attack\.py:\d+: (PermissionError|FileNotFoundError|OSError|NotADirectoryError): "
_REFUSED = r"attack\.py:\d+: PermissionError: \[Errno 1\] Operation not permitted"
_READ_ONLY = r"attack\.py:\d+: OSError: \[Errno 30\] Read-only file system"

FILES = [
    Attack("the passwords", "open('/etc/shadow').read()", _OUT_OF_SIGHT),
    Attack("the accounts", "open('/etc/passwd').read()", _OUT_OF_SIGHT),
    Attack("another strategy's code", "open(question.document['outside']).read()", _OUT_OF_SIGHT),
    Attack("the parent's variables", "import os; open(f'/proc/{os.getppid()}/environ').read()", _OUT_OF_SIGHT),
    Attack("its own variables", "open('/proc/self/environ').read()", _OUT_OF_SIGHT),
    Attack("its own memory", "open('/proc/self/mem', 'rb').read(1)", _OUT_OF_SIGHT),
    Attack("who else runs", "import os; os.listdir('/proc')", _OUT_OF_SIGHT),
    Attack("the root folder", "import os; os.listdir('/')", _OUT_OF_SIGHT),
    Attack("up and out", "import os; os.listdir('/usr/../../../..')", _OUT_OF_SIGHT),
    Attack("the service's folder", "import os; os.listdir(question.document['folder'])", _OUT_OF_SIGHT),
    Attack("the warden's folder", "import os; os.listdir('.')", _OUT_OF_SIGHT),
    Attack(
        "any variable",
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_char_p
        names = [*os.environ, *filter(None, [libc.getenv(b"DATABASE_URL"), libc.getenv(b"HOME"), libc.getenv(b"PATH")])]
        if not names:
            raise LookupError("no variables")
        """,
        r"attack\.py:\d+: LookupError: no variables",
    ),
    Attack("writing to /tmp", "open('/tmp/x', 'w')", _READ_ONLY),
    Attack("writing to shared memory", "open('/dev/shm/x', 'w')", _READ_ONLY),
    Attack("appending to a module", "import json; open(json.__file__, 'a')", _READ_ONLY),
    Attack("writing where it is", "open('x', 'x')", _READ_ONLY),
    Attack("a temporary file", "import tempfile; tempfile.TemporaryFile()", r"FileNotFoundError"),
    Attack("a file in memory", "import os; os.memfd_create('x')", _REFUSED),
    Attack("a folder", "import os; os.mkdir('/x')", _REFUSED),
    Attack("a link", "import os; os.symlink('/etc/shadow', '/x')", _REFUSED),
    Attack("removing a module", "import json, os; os.remove(json.__file__)", _REFUSED),
    Attack("emptying a module", "import json, os; os.truncate(json.__file__, 0)", _REFUSED),
    Attack("rights on a module", "import json, os; os.chmod(json.__file__, 0o777)", _REFUSED),
    Attack("a pipe by name", "import os; os.mkfifo('/x')", _REFUSED),
]

NETWORK = [
    Attack(name, f"import socket; socket.socket({family})", _REFUSED)
    for name, family in {
        "a socket": "socket.AF_INET",
        "a socket of version 6": "socket.AF_INET6",
        "a datagram": "socket.AF_INET, socket.SOCK_DGRAM",
        "a local socket": "socket.AF_UNIX",
        "the kernel's socket": "socket.AF_NETLINK, socket.SOCK_RAW",
        "raw packets": "socket.AF_PACKET, socket.SOCK_RAW",
        "a virtual machine's socket": "socket.AF_VSOCK",
    }.items()
] + [
    Attack("a pair of sockets", "import socket; socket.socketpair()", _REFUSED),
    Attack("a web page", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')", "URLError|Permission"),
]

PROCESSES = [
    Attack("a child", "import os; os.fork()", _REFUSED),
    Attack("a bomb of children", "import os\nwhile True: os.fork()", _REFUSED),
    Attack(
        "a bomb by the C library", "import ctypes\nif ctypes.CDLL(None).fork() < 0: raise OSError(1, 'no')", "Error"
    ),
    Attack("a program", "import subprocess; subprocess.run(['/bin/sh', '-c', 'id'])", _REFUSED),
    Attack("a shell", "import os\nif os.system('true') == 0: answer = 1\nraise OSError('no shell')", "no shell"),
    Attack("a spawned program", "import os; os.posix_spawn('/bin/true', ['true'], {})", _REFUSED),
    Attack("becoming a program", "import os; os.execv('/bin/true', ['true'])", _REFUSED),
    Attack("a pool", "import multiprocessing as m; m.get_context('fork').Process(target=print).start()", _REFUSED),
    Attack(
        "a bomb of threads",
        """
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        """,
        r"attack\.py:\d+: RuntimeError: can't start new thread",
    ),
    Attack("the warden's end", "import os; os.kill(os.getppid(), 9)", _REFUSED),
    Attack("everybody's end", "import os; os.kill(-1, 9)", _REFUSED),
    Attack("its group's end", "import os; os.killpg(0, 9)", _REFUSED),
    Attack("a handle on the warden", "import os; os.pidfd_open(os.getppid())", _REFUSED),
    Attack("the root user", "import os; os.setuid(0)", _REFUSED),
    Attack("higher limits", "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (9, 9))", "PermissionError|ValueError"),
    Attack("a higher place in the queue", "import os; os.setpriority(0, 0, -5)", r"PermissionError"),
    Attack("signals through a pipe", "import fcntl; fcntl.fcntl(3, fcntl.F_SETOWN, 1)", _REFUSED),
]

_CALL = """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    through = []
    for number in {numbers}:
        ctypes.set_errno(0)
        if libc.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() not in (1, 38):
            through.append((number, ctypes.get_errno()))
    if not through:
        raise PermissionError("none of them")
    loot = through
"""
KERNEL = [
    Attack(
        "calls of x86_64",
        # ptrace, msgget, shmget, fork, vfork, execve, chroot, mount, swapon, reboot, init_module, unshare, keyctl,
        # perf_event_open, setns, process_vm_readv, finit_module, seccomp, memfd_create, bpf, userfaultfd, mlock2,
        # io_uring_setup, pidfd_open, pidfd_getfd, open_tree, fsopen, process_madvise, memfd_secret, clone3, prctl,
        # personality, arch_prctl, sethostname, mknod, quotactl, timer_create, and one no kernel has yet.
        _CALL.format(
            numbers="[101, 68, 29, 57, 58, 59, 161, 165, 167, 169, 175, 272, 250, 298, 308, 310, 313, 317, 319, 321,"
            " 323, 325, 425, 434, 438, 428, 430, 440, 447, 435, 157, 135, 158, 170, 133, 179, 222, 999]"
        ),
        "PermissionError: none of them",
    ),
    Attack("calls by another numbering", _CALL.format(numbers="[0x40000000 + 39, 0x40000000 + 520]"), "none of them"),
    Attack(
        "calls of 32 bits",
        """
        import ctypes, mmap
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20; int 0x80; ret
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        """,
        "crashed: SIG(SYS|SEGV)",
    ),
]

ENDINGS = [
    Attack("leaving at once", "import os; os._exit(3)", "ended its process with 3 in place of an answer"),
    Attack("leaving as if all were well", "import os; os._exit(0)", "ended its process with 0 in place of an answer"),
    Attack("leaving", "import sys; sys.exit(0)", r"attack\.py:1: ended the program"),
    Attack("an interrupt", "raise KeyboardInterrupt", r"attack\.py:1: KeyboardInterrupt"),
    Attack("an exception beside the tree", "class Odd(BaseException): pass\nraise Odd('!')", r"attack\.py:2: Odd: !"),
    Attack("an exception that cannot be told", "class Odd(Exception):\n  __str__ = None\nraise Odd", "ended its proc"),
    Attack("an abort", "import os; os.abort()", "crashed: SIGABRT"),
    Attack("address zero", "import ctypes; ctypes.string_at(0)", "crashed: SIGSEGV"),
    Attack("its own end", "import os; os.kill(os.getpid(), 9)", "was killed: by itself"),
    Attack("recursion", "def down(): down()\ndown()", r"attack\.py:1: RecursionError"),
    Attack(
        "recursion past the stack",
        """
        import sys
        sys.setrecursionlimit(10**9)
        def down(_=0): list(map(down, [0]))
        down()
        """,
        r"crashed: SIGSEGV|of memory",
    ),
    Attack(
        "errors that terminals obey",
        "raise ValueError('\\x1b[2J\\0\\ud800\\x07')",
        "attack.py:1: ValueError: \N{REPLACEMENT CHARACTER}\\[2J",
    ),
]

MEMORY = [
    Attack("ten gibibytes", "bytearray(10 << 30)", r"attack\.py:1: needs more than its 1,024 MiB of memory"),
    Attack("ten gibibytes of numbers", "import numpy; numpy.ones(10 << 27)", r"attack\.py:1: needs more than its"),
    Attack("ten gibibytes mapped", "import mmap; mmap.mmap(-1, 10 << 30)", r"OSError: \[Errno 12\]|of memory"),
    Attack(
        "all descriptors", "import os; kept = [os.open('/dev/null', 0) for _ in range(10**6)]", "Too many open files"
    ),
]

TIME = [
    Attack(
        "no end",
        "while True: pass",
        r"attack\.py:1: no end within 0\.5 s",
        Limits(wall_s=0.5),
    ),
    Attack("sleep", "import time; time.sleep(1000)", r"attack\.py:1: no end within 0\.5 s", Limits(wall_s=0.5)),
]
SLOW = [
    Attack(
        "no end that hears nothing",
        """
        import signal
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True: pass
        """,
        "no end within 0.5 s",
        Limits(wall_s=0.5),
    ),
    Attack(
        "no end that goes on after each error",
        """
        import time
        while True:
            try: time.sleep(1)
            except BaseException: pass
        """,
        r"attack\.py:3: no end within 0\.5 s",
        Limits(wall_s=0.5),
    ),
    Attack(
        "no end in one call",
        "sum(range(10**12))",
        "no end within 0.5 s",
        Limits(wall_s=0.5),
    ),
    Attack(
        "asleep for good",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "no end within 0.5 s",
        Limits(wall_s=0.5),
    ),
    Attack("busy", "while True: pass", r"attack\.py:1: used up its 1 s of the processor", Limits(cpu_s=1.0)),
    Attack(
        "busy in all threads, and deaf",
        """
        import signal, threading
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        def spin():
            while True: pass
        for _ in range(4): threading.Thread(target=spin).start()
        spin()
        """,
        "used up its 1 s of the processor",
        Limits(cpu_s=1.0),
    ),
    Attack(
        "memory bit by bit", "kept = []\nwhile True: kept.append(bytes(1 << 16))", r"attack\.py:2: needs more than its"
    ),
    Attack(
        "memory of many small things",
        "kept = []\nwhile True: kept = [kept, kept[:]]",
        "needs more than its 64 MiB",
        Limits(memory_bytes=64 << 20),
    ),
    Attack(
        "its own copy of all that it was born with",
        """
        import ctypes, gc
        for one in gc.get_objects(): ctypes.c_long.from_address(id(one)).value += 1
        kept = [bytes(1 << 20) for _ in range(1 << 20)]
        """,
        "needs more than its",
    ),
]

HONEST = Attack("nothing", "loot = sum(range(10))", "")
