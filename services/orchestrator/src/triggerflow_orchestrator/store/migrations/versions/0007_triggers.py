"""The trigger book, and what was fired. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "triggers",
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("flow_name", _TEXT, nullable=False),
        sa.Column("node_name", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("config", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("content_hash", _TEXT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "node_id"),
    )
    op.create_index("triggers_by_key", "triggers", ["project_id", "key", "kind"], unique=False)
    op.create_index("triggers_by_kind", "triggers", ["kind"], unique=False)
    op.create_table(
        "fires",
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "node_id", "request_id"),
    )
    op.create_index("fires_of_execution", "fires", ["execution_id"], unique=False)
