"""What runs tell channels of their project. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "channel_values",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
