"""Registered schemas, and how far flow events were published. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "schemas",
        sa.Column("project_id", _TEXT, primary_key=True),
        sa.Column("subject", _TEXT, primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("schemas_by_fingerprint", "schemas", ["project_id", "fingerprint"])
    published = op.create_table(
        "published",
        sa.Column("log", _TEXT, primary_key=True),
        sa.Column("up_to", _TEXT, nullable=False),
    )
    op.bulk_insert(published, [{"log": "flow-events", "up_to": ""}])
