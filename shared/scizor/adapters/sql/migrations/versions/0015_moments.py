"""What strategies at work were shown and asked for, one document after the other."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_STATEMENTS = (
    """
    CREATE TABLE deployment_moments (
        deployment_id TEXT COLLATE "C" NOT NULL,
        sequence INTEGER NOT NULL,
        document TEXT NOT NULL,
        CONSTRAINT pk_deployment_moments PRIMARY KEY (deployment_id, sequence),
        CONSTRAINT fk_deployment_moments_deployment_id_deployments FOREIGN KEY (deployment_id)
            REFERENCES deployments (id),
        CONSTRAINT ck_deployment_moments_sequence CHECK (sequence > 0)
    )
    """,
    "CREATE TRIGGER stays_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON deployment_moments "
    "FOR EACH STATEMENT EXECUTE FUNCTION stays_as_written()",
)


def upgrade() -> None:
    """Add the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
