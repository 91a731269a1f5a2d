"""The first tables: executions, their journal, events, notices, large values and idempotent requests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Ids and cursors compare by their bytes, as in SQLite, whatever language the database was made for.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "activation_attempts",
        sa.Column("activation_id", _TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("failed_type", _TEXT, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("activation_id", "attempt"),
        sqlite_with_rowid=False,
    )
    op.create_index("activation_attempts_of_execution", "activation_attempts", ["execution_id"], unique=False)
    op.create_table(
        "activation_starts",
        sa.Column("activation_id", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("scope", _TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("inputs", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("activation_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("activation_starts_of_execution", "activation_starts", ["execution_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", _TEXT, nullable=False, comment="the event's JSON as it is sent"),
        sa.PrimaryKeyConstraint("execution_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "execution_labels",
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("label", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "executions",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("flow_name", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("content_hash", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, comment="0 high, 1 normal, 2 low"),
        sa.Column("inputs", _TEXT, nullable=False),
        sa.Column("outputs", _TEXT, nullable=False),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("context", _TEXT, nullable=False),
        sa.Column("options", _TEXT, nullable=False, comment="{async, timeoutSeconds?, trace}"),
        sa.Column("rerun_of", _TEXT, nullable=True),
        sa.Column("trigger_node_id", _TEXT, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "executions_live",
        "executions",
        ["project_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("executions_newest", "executions", ["project_id", "created_at", "id"], unique=False)
    op.create_index(
        "executions_newest_of_flow", "executions", ["project_id", "flow_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "journal",
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("activation_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("scope", _TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("ports", _TEXT, nullable=False),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notices",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "objects",
        sa.Column("ref", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sqlite_with_rowid=False,
    )
    op.create_index("objects_of_execution", "objects", ["execution_id"], unique=False)
    op.create_table(
        "requests",
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.Column("method", _TEXT, nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "request_id", "method"),
    )
    op.create_index("requests_by_age", "requests", ["created_at"], unique=False)
