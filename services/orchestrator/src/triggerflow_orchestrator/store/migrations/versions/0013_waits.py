"""Waits, and when a run that left its process is to go on. A run of status `waiting` is nobody's to claim."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.add_column("executions", sa.Column("wake_at", sa.BigInteger(), nullable=True))
    op.drop_index("executions_waiting", table_name="executions")
    _index(
        "executions_queued",
        "executions",
        ["priority", "created_at", "id"],
        "owner IS NULL AND ended_at IS NULL AND status <> 'waiting'",
    )
    _index("executions_parked", "executions", ["wake_at"], "status = 'waiting'")
    op.create_table(
        "waits",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("flow_name", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("node_name", _TEXT, nullable=False),
        sa.Column("scope", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("form", _TEXT, nullable=True),
        sa.Column("assignees", _TEXT, nullable=False),
        sa.Column("input", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=True),
        sa.Column("key", _TEXT, nullable=True),
        sa.Column("fails", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", _TEXT, nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("waits_newest", "waits", ["project_id", "created_at", "id"], unique=False)
    op.create_index("waits_of_execution", "waits", ["execution_id"], unique=False)
    _index("waits_open", "waits", ["project_id", "created_at", "id"], "status = 'open'")
    _index("waits_for_events", "waits", ["project_id", "name", "key"], "status = 'open' AND kind = 'event'")
    _index("waits_due", "waits", ["due_at"], "status = 'open' AND due_at IS NOT NULL")
    _index("waits_to_apply", "waits", ["execution_id"], "status <> 'open' AND NOT applied")
