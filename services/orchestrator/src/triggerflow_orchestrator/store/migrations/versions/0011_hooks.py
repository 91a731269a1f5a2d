"""Secrets of webhooks, and listenings for a draft's. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hook_secrets",
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("secret", _TEXT, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "node_id"),
    )
    op.create_table(
        "hook_listens",
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("path", _TEXT, nullable=False),
        sa.Column("config", _TEXT, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.Column("inputs", _TEXT, nullable=True),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("flow_id", "node_id"),
    )
    op.create_index("hook_listens_by_path", "hook_listens", ["project_id", "path"], unique=False)
