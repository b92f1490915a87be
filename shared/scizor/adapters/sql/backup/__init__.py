"""A whole database as one file, and a file as a database: what `scizor backup` and `scizor restore` do.

`manifest.py` says what is in a file, `archive.py` writes and reads one, `take.py` fills it from one snapshot, and
`restore.py` puts it back in one transaction.
"""

from scizor.adapters.sql.backup.manifest import Manifest, TableEntry
from scizor.adapters.sql.backup.restore import restore_backup
from scizor.adapters.sql.backup.take import take_backup

__all__ = ["Manifest", "TableEntry", "restore_backup", "take_backup"]
