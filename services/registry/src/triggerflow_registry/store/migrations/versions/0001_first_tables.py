"""The first tables: flows, their versions, their events, and answers given to named requests."""

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
        "flows",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_folded", _TEXT, nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("settings", _TEXT, nullable=False),
        sa.Column("drawing", _TEXT, nullable=False),
        sa.Column("etag", _TEXT, nullable=False),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("flows_newest_first", "flows", ["project_id", "created_at", "id"])
    op.create_table(
        "versions",
        sa.Column("flow_id", _TEXT, primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("content_hash", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("blueprint", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "flow_events",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
    )
    op.create_index("flow_events_of_project", "flow_events", ["project_id", "id"])
    op.create_table(
        "answers",
        sa.Column("project_id", _TEXT, primary_key=True),
        sa.Column("request_id", _TEXT, primary_key=True),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("method", _TEXT, nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("answers_by_age", "answers", ["created_at"])
