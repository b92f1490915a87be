"""The embedded server under the conditions it promises to survive; everything here is a real process."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from scizor.adapters.sql.embedded import EmbeddedPostgres, home_directory
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.home import Layout
from scizor.adapters.sql.embedded.processes import ServerProcesses, is_alive
from scizor.domain.errors import FailedPrecondition, InvalidInput, Unavailable

IS_ROOT = os.geteuid() == 0
START = """
import sys
from pathlib import Path
from scizor.adapters.sql.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start(die_with_parent="child" in sys.argv)
print(server.pid, flush=True)
if "stay" in sys.argv:
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scizor-") as path:
        Path(path).chmod(0o755)
        yield Path(path) / "home"


@pytest.fixture
def home(module_home: Path) -> Iterator[Path]:
    """A home whose database the tests of this file share, each starting the server anew."""
    yield module_home
    EmbeddedPostgres(module_home).stop()


@pytest.fixture
def new_home(open_folder: Path) -> Iterator[Path]:
    """A home that does not exist yet."""
    yield open_folder / "home"
    EmbeddedPostgres(open_folder / "home").stop()


def another_process(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, str(home), *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def printed_pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def run_in_another_process(home: Path) -> int:
    with another_process(home) as process:
        return printed_pid(process)


def processes_of(home: Path) -> ServerProcesses:
    return ServerProcesses(Layout(home))


async def connect(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn.replace("+asyncpg", ""), timeout=10)


async def ask(dsn: str, query: str) -> object:
    connection = await connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_the_first_start_makes_a_checksummed_utf8_utc_database_behind_a_socket_only(new_home: Path) -> None:
    dsn = EmbeddedPostgres(new_home).start()
    for setting, value in {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "listen_addresses": "",
        "fsync": "on",
        "jit": "off",
    }.items():
        assert await ask(dsn, f"select current_setting('{setting}')") == value
    assert stat.S_IMODE(Layout(new_home).sockets.stat().st_mode) == 0o700


async def test_the_dsn_serves_sqlalchemy_as_it_is(home: Path) -> None:
    engine = create_async_engine(EmbeddedPostgres(home).start())
    async with engine.connect() as connection:
        row = (await connection.execute(text("select current_database(), current_user"))).one()
    await engine.dispose()
    assert tuple(row) == ("scizor", "scizor")


def test_a_second_process_attaches_and_the_server_outlives_it(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    assert run_in_another_process(home) == server.pid
    assert server.is_running()


def test_two_processes_that_start_at_once_share_one_server(new_home: Path) -> None:
    with another_process(new_home) as one, another_process(new_home) as other:
        assert printed_pid(one) == printed_pid(other)
    assert EmbeddedPostgres(new_home).is_running()


async def test_committed_rows_survive_kill_9_of_the_postmaster_again_and_again(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await ask(server.start(), "create table kept (n int generated always as identity)")
    for round_number in range(1, 4):
        await ask(server.dsn, "insert into kept default values")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        server.start()
        assert await ask(server.dsn, "select count(*) from kept") == round_number


async def test_a_busy_orphan_of_a_killed_postmaster_does_not_block_the_next_start(home: Path) -> None:
    server = EmbeddedPostgres(home)
    busy = await connect(server.start())
    endless = asyncio.ensure_future(busy.execute("do $$ begin loop end loop; end $$"))
    while not await ask(server.dsn, "select true from pg_stat_activity where state = 'active' and query ~ '^do'"):
        assert not endless.done()
    orphans = processes_of(home).alive()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await ask(server.start(), "select 1") == 1
    assert not any(is_alive(pid) for pid in orphans)
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await endless


async def test_kill_9_of_a_client_rolls_back_its_work_and_hurts_nobody_else(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await ask(server.start(), "create table untouched (n int)")
    script = """
import asyncio, asyncpg, os, signal, sys
async def main():
    connection = await asyncpg.connect(sys.argv[1].replace("+asyncpg", ""))
    await connection.execute("begin; insert into untouched values (1)")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", script, server.dsn)
    assert await killed.wait() == -signal.SIGKILL
    assert await ask(server.dsn, "select count(*) from untouched") == 0


def test_kill_9_of_the_process_that_started_it_leaves_the_server_to_the_next(home: Path) -> None:
    with another_process(home, "stay") as starter:
        pid = printed_pid(starter)
        starter.kill()
    server = EmbeddedPostgres(home)
    server.start()
    assert server.pid == pid


def test_a_server_that_dies_with_its_parent_does_so_when_the_parent_is_killed(home: Path) -> None:
    with another_process(home, "child", "stay") as parent:
        pid = printed_pid(parent)
        assert psutil.Process(pid).ppid() == parent.pid
        parent.kill()
    assert Deadline(20).until(processes_of(home).gone)


def test_stop_leaves_no_process_and_may_be_repeated(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    run_in_another_process(home)
    EmbeddedPostgres(home).stop()
    assert processes_of(home).gone()
    assert not server.is_running()
    server.stop()


def test_a_start_killed_while_the_data_directory_is_made_is_begun_again(new_home: Path) -> None:
    with another_process(new_home) as starter:
        assert Deadline(30).until(lambda: any(new_home.glob(".pgdata-*/base")))
        starter.kill()
    assert not Layout(new_home).data.exists()
    EmbeddedPostgres(new_home).start()
    assert not any(new_home.glob(".pgdata-*"))


def test_a_long_home_gets_a_private_socket_folder_elsewhere(open_folder: Path) -> None:
    home = open_folder / ("long" * 25) / "home"
    server = EmbeddedPostgres(home)
    try:
        server.start()
        assert Layout(home).sockets.parent == Path("/tmp")
        assert stat.S_IMODE(Layout(home).sockets.stat().st_mode) == 0o700
    finally:
        server.stop()
        shutil.rmtree(Layout(home).sockets)


def test_data_of_another_major_version_is_refused_by_name(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    version = Layout(home).data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(FailedPrecondition, match=r"made by PostgreSQL 17 and the installed one is 18\."):
        server.start()
    version.write_text("18\n")


def test_files_that_are_no_database_are_left_alone(new_home: Path) -> None:
    Layout(new_home).data.mkdir(parents=True)
    new_home.chmod(0o755)
    (Layout(new_home).data / "mine.txt").write_text("mine")
    with pytest.raises(FailedPrecondition, match="no PostgreSQL data"):
        EmbeddedPostgres(new_home).start()
    assert (Layout(new_home).data / "mine.txt").read_text() == "mine"


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    settings = Layout(home).data / "postgresql.auto.conf"
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match="no_such_setting"):
        server.start()
    settings.write_text("")


@pytest.mark.skipif(not IS_ROOT, reason="only root starts the server as another account")
def test_as_root_an_account_of_its_own_runs_it_and_no_folder_is_opened_up(open_folder: Path) -> None:
    middle = open_folder / "middle"
    middle.mkdir(mode=0o751)
    home = middle / "home"
    before = {folder: folder.stat() for folder in (middle, *middle.parents)}
    server = EmbeddedPostgres(home)
    try:
        server.start()
        assert server.pid is not None
        assert psutil.Process(server.pid).username() == "scizor"
        assert Layout(home).data.owner() == "scizor"
        assert Layout(home).programs.owner() == "root"
        for folder, was in before.items():
            now = folder.stat()
            assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    finally:
        server.stop()
    assert pwd.getpwnam("scizor").pw_shell.endswith("nologin")


@pytest.mark.skipif(not IS_ROOT, reason="only root starts the server as another account")
def test_as_root_a_home_behind_a_closed_folder_is_refused_and_stays_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FailedPrecondition, match=f"cannot enter {closed} .* set SCIZOR_HOME"):
        EmbeddedPostgres(closed / "home").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(not IS_ROOT, reason="only root copies the programs")
def test_as_root_a_damaged_copy_of_the_programs_is_mended(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    program = next(Layout(home).programs.rglob("bin/postgres"))
    os.truncate(program, 0)
    server.start()
    assert server.is_running()


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else; the other tests ran as a user already")
def test_a_normal_user_runs_it_as_himself_straight_from_the_wheel(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = START + "assert server.is_running(); server.stop(); assert not server.is_running()"
    done = subprocess.run(
        [python_for(nobody), "-c", script, str(home)],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Layout(home).data.owner() == "nobody"
    assert not Layout(home).programs.exists()


def python_for(user: pwd.struct_passwd) -> str:
    """A Python of this version that the user may execute: ours may be closed to him, below /root."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wheels = str(Path(psutil.__file__).parents[1])
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            subprocess.run(
                [candidate, "-c", "import psutil"],
                user=user.pw_uid,
                group=user.pw_gid,
                cwd="/",
                env={"PYTHONPATH": wheels},
                capture_output=True,
                timeout=20,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip(f"no Python {version} with our packages that the user {user.pw_name} may execute")


def test_the_home_is_scizor_home_or_the_place_the_system_has_for_it() -> None:
    assert home_directory({"SCIZOR_HOME": "/data/scizor", "XDG_DATA_HOME": "/x"}) == Path("/data/scizor")
    with pytest.raises(InvalidInput, match="SCIZOR_HOME: must be an absolute path"):
        home_directory({"SCIZOR_HOME": "data"})
    if IS_ROOT:
        assert home_directory({"HOME": "/root", "XDG_DATA_HOME": "/x"}) == Path("/var/lib/scizor")
    else:
        assert home_directory({"HOME": "/home/me", "XDG_DATA_HOME": "/x"}) == Path("/x/scizor")
        assert home_directory({"HOME": "/home/me"}) == Path("/home/me/.local/share/scizor")
