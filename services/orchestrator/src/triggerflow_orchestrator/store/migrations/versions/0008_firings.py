"""Schedules, and what comes to triggers. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_OPEN = sa.text("status IN ('held', 'ready')")
_LIVE = sa.text("live")


def upgrade() -> None:
    op.add_column("triggers", sa.Column("most_of_flow", sa.Integer(), nullable=True))
    op.create_table(
        "schedules",
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("cron", _TEXT, nullable=False),
        sa.Column("time_zone", _TEXT, nullable=False),
        sa.Column("missed", _TEXT, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("last_execution_id", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("flow_id", "node_id"),
    )
    op.create_index("schedules_due", "schedules", ["next_at"], unique=False)
    op.create_table(
        "firings",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("inputs", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("look_at", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("cancels", _TEXT, nullable=True),
        sa.Column("execution_id", _TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("firings_once", "firings", ["flow_id", "node_id", "request_id"], unique=True)
    op.create_index("firings_by_status", "firings", ["flow_id", "node_id", "status", "due_at", "id"], unique=False)
    op.create_index("firings_started", "firings", ["flow_id", "node_id", "decided_at"], unique=False)
    op.create_index("firings_of_execution", "firings", ["execution_id"], unique=False)
    op.create_index("firings_open", "firings", ["look_at"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("firings_live", "firings", ["flow_id"], unique=False, sqlite_where=_LIVE, postgresql_where=_LIVE)
