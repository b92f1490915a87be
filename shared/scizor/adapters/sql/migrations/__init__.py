"""The schema's history, oldest first. Forward only: a step back would drop what people stored.

To add a step: change `tables`, write the next file of `versions/`, and raise HEAD; tests hold the three together.
"""

HEAD = "0014"
"""The newest revision; here so that a start finds its database current without loading Alembic."""

VERSION_TABLE = "scizor_schema_version"
"""Not Alembic's default name, which another program in the same database may use."""

READ_VERSION = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - a constant
